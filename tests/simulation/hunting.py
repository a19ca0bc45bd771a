"""Takes each guard out, and looks for the seed that notices."""

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

import pytest

from tests.simulation.guards.catalog import GUARDS
from tests.simulation.guards.guard import Guard
from tests.simulation.running import begin_process, cores, engine_of_process, show
from tests.simulation.world import servers
from tests.simulation.world.engine import Engine
from tests.simulation.world.simulation import simulate

_AT_ONCE = "it matters only while two transactions run at once, and here one runs after another"

UNSEEN: dict[str, str] = {
    "runs are locked": _AT_ONCE,
    "writers begin as writers": _AT_ONCE,
    "expiry in the statement": _AT_ONCE,
    "expiry in the statement of a resumption": _AT_ONCE,
    "a second look": _AT_ONCE,
    "a second try": _AT_ONCE,
    "deployments are locked": _AT_ONCE,
    "the pool is locked": _AT_ONCE,
    "sessions are locked": _AT_ONCE,
    "schedules are locked": _AT_ONCE,
}
"""Guards that a simulation cannot miss, and why. `test_guards.py` shows for each of them that it is missed."""


def _use_the_servers_clock(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(servers, "database_clock", lambda world, server_clock: server_clock)


_OTHER_WAYS: dict[str, Callable[[pytest.MonkeyPatch], None]] = {"the databases clock": _use_the_servers_clock}
"""How guards are taken out here that the hand-written checks take out where they open their own servers."""


@dataclass(frozen=True)
class Found:
    """What became of the search for one guard. `seed` is None where no seed missed it."""

    guard: str
    seed: int | None
    violation: str
    invariant: int
    seconds: float


def hunt(guard: Guard, seeds: range, engine: Engine) -> Found:
    """Take a guard out and run seeds until one of them notices."""
    began = time.process_time()
    with pytest.MonkeyPatch.context() as patch:
        _OTHER_WAYS.get(guard.name, guard.take_out)(patch)
        for seed in seeds:
            violation = simulate(seed, engine).violation
            if violation is not None:
                seconds = time.process_time() - began
                return Found(guard.name, seed, str(violation), violation.invariant, seconds)
    return Found(guard.name, None, "", 0, time.process_time() - began)


def _hunt_by_place(place: int, seeds: int) -> Found:
    return hunt(GUARDS[place], range(1, seeds + 1), engine_of_process())


def hunt_all(seeds: int, *, only: str = "") -> int:
    """Do so for all guards, and print a table; 1 where one that can be seen was not missed."""
    wanted = [place for place, guard in enumerate(GUARDS) if only in guard.name and guard.name not in UNSEEN]
    show(f"{'inv':>3}  {'guard taken out':42} {'seed':>5}  what the checker says")
    missing = 0
    with ProcessPoolExecutor(cores(), get_context("spawn"), begin_process, ("",)) as pool:
        under_way = {pool.submit(_hunt_by_place, place, seeds): place for place in wanted}
        for future in as_completed(under_way):
            guard, found = GUARDS[under_way[future]], future.result()
            missing += found.seed is None
            seed, text = (str(found.seed), found.violation) if found.seed is not None else ("-", "NOT FOUND")
            show(f"{guard.invariant:>3}  {guard.name:42} {seed:>5}  {text[:150]}")
    for guard in GUARDS:
        if guard.name in UNSEEN and only in guard.name:
            show(f"{guard.invariant:>3}  {guard.name:42} {'':>5}  cannot be seen: {UNSEEN[guard.name]}")
    show(f"{len(wanted) - missing} of {len(wanted)} found within {seeds} seeds.")
    return 1 if missing else 0
