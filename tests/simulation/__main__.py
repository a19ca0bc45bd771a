"""`make simulate` and `make simulate-guards`: seeds of the simulation in tests/simulation/world.

python -m tests.simulation                    2000 seeds, on SQLite
python -m tests.simulation --seeds 5000       so many
python -m tests.simulation --seed 123         one, with its whole history
python -m tests.simulation --guards           takes each guard out, and says which seed finds it
"""

import argparse
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from tests.simulation import hunting
from tests.simulation.running import cores, run_seeds, show
from tests.simulation.world.engine import Engine, PostgresEngine, SqliteEngine
from tests.simulation.world.simulation import Outcome, simulate
from tests.support.postgres import running_postgres

_LAST_LINES = 25


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for; 1 where an invariant was violated, or a guard was not missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=2000, help="how many (2000)")
    parser.add_argument("--first", type=int, default=1, help="the first seed (1)")
    parser.add_argument("--seed", type=int, help="only this one, with its history")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--guards", action="store_true", help="take the guards out, one by one")
    parser.add_argument("--only", default="", help="with --guards: those whose name has this in it")
    wanted = parser.parse_args(arguments)
    try:
        return _run(wanted)
    except KeyboardInterrupt:
        show("Interrupted.")
        return 130


def _run(wanted: argparse.Namespace) -> int:
    if wanted.guards:
        return hunting.hunt_all(wanted.seeds if wanted.seeds != 2000 else 1000, only=wanted.only)
    if wanted.seed is not None:
        with _engine(wanted.database) as engine:
            return _replay(wanted.seed, engine)
    with ExitStack() as stack:
        urls = [""] * cores()
        if wanted.database == "postgresql":
            server = stack.enter_context(running_postgres())
            urls = [stack.enter_context(server.database()) for _ in urls]
        tally = run_seeds(range(wanted.first, wanted.first + wanted.seeds), urls)
    if tally.failed is None:
        return 0
    _report(tally.failed, wanted.database)
    return 1


@contextmanager
def _engine(database: str) -> Iterator[Engine]:
    with ExitStack() as stack:
        if database == "sqlite":
            engine: Engine = SqliteEngine()
        else:
            server = stack.enter_context(running_postgres())
            engine = PostgresEngine(stack.enter_context(server.database()))
        stack.callback(engine.close)
        yield engine


def _replay(seed: int, engine: Engine) -> int:
    outcome = simulate(seed, engine, whole_history=True)
    for line in outcome.lines:
        show(line)
    show(f"\nseed {seed}: {outcome.steps} events, {outcome.commits} transactions, digest {outcome.digest}")
    if outcome.violation is None:
        show("Every invariant held.")
        return 0
    show(f"VIOLATED: {outcome.violation}")
    return 1


def _report(outcome: Outcome, database: str) -> None:
    show(f"\nSeed {outcome.seed} fails after {outcome.seconds:.1f} simulated seconds.")
    show(f"VIOLATED: {outcome.violation}\n\nThe last of {outcome.steps} events:")
    for line in outcome.lines[-_LAST_LINES:]:
        show(f"  {line}")
    variant = f" DATABASE={database}" if database != "sqlite" else ""
    show(f"\nReplay it with all of its history:  make simulate SEED={outcome.seed}{variant}")


if __name__ == "__main__":
    sys.exit(main())
