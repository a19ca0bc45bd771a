"""Seeds of the simulation: a few of those that `make simulate` runs by the thousand, and that they replay."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orch_server.storage.scope import Kind
from tests.simulation.world.engine import Engine, PostgresEngine, SqliteEngine
from tests.simulation.world.simulation import simulate

_SEEDS = {"sqlite": range(1, 26), "postgresql": range(1, 4)}


@pytest.fixture
def engine(kind: Kind, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """The database of one simulation after another."""
    engine: Engine = SqliteEngine() if kind == "sqlite" else PostgresEngine(request.getfixturevalue("postgres_copy"))
    yield engine
    engine.close()


@pytest.mark.timeout(180)
def test_every_invariant_holds(kind: Kind, engine: Engine) -> None:
    for seed in _SEEDS[kind]:
        outcome = simulate(seed, engine)
        last = "\n".join(outcome.lines[-15:])
        assert outcome.violation is None, f"make simulate SEED={seed} DATABASE={kind}\n{outcome.violation}\n{last}"


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_seed_replays_exactly(engine: Engine) -> None:
    one, other = [simulate(7, engine, whole_history=True) for _ in range(2)]

    assert one.lines == other.lines
    assert one.digest == other.digest
    assert one.steps > 50


@pytest.mark.parametrize("kind", ["sqlite"], indirect=True)
def test_a_seed_replays_in_another_process(engine: Engine) -> None:
    """Whatever the order of that process's sets is."""
    root = Path(__file__).parents[2]
    program = (
        "from tests.simulation.world.engine import SqliteEngine\n"
        "from tests.simulation.world.simulation import simulate\n"
        "print(simulate(7, SqliteEngine()).digest)"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()[-1]
        for hash_seed in ("1", "2")
    }

    assert digests == {simulate(7, engine).digest}
