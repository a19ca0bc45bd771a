"""The simulation notices when the guard of an invariant is taken out: one for each, with a seed that finds it.

`make simulate-guards` looks for the seeds of all guards. Where a change of the server has changed the history of a seed
here, others are tried.
"""

from collections.abc import Iterator

import pytest

from tests.simulation.guards.catalog import GUARDS
from tests.simulation.hunting import UNSEEN, hunt
from tests.simulation.world.engine import SqliteEngine

KNOWN_SEEDS: dict[str, int] = {
    "a grant raises the token": 1,
    "token of a report": 12,
    "a new token": 1,
    "wishes are remembered": 14,
    "sequences are looked at": 1,
    "not started is queued": 1,
    "nothing leads on": 1,
    "cancel before failure": 9,
    "holders return": 8,
    "a margin": 668,
    "amnesty": 1,
    "amnesty only after a gap": 1,
    "the verdict": 7,
    "leases are counted": 1,
    "draining is looked at": 4,
    "times are known by key": 15,
    "offsets are compared": 18,
}
_MORE_SEEDS = 100
_FAULTS_OF_THE_PATCH = ("TypeError", "AttributeError", "NameError", "KeyError")


@pytest.fixture(scope="module")
def engine() -> Iterator[SqliteEngine]:
    """The database of one simulation after another."""
    engine = SqliteEngine()
    yield engine
    engine.close()


@pytest.mark.timeout(180)
@pytest.mark.parametrize("name", KNOWN_SEEDS)
def test_a_seed_finds_the_guard_that_was_taken_out(name: str, engine: SqliteEngine) -> None:
    [guard] = [each for each in GUARDS if each.name == name]
    known = KNOWN_SEEDS[name]

    found = hunt(guard, range(known, known + 1), engine)
    if found.seed is None:
        found = hunt(guard, range(1, _MORE_SEEDS), engine)

    assert found.seed is not None
    assert not any(fault in found.violation for fault in _FAULTS_OF_THE_PATCH)


def test_each_invariant_has_a_guard_that_is_found() -> None:
    assert {guard.invariant for guard in GUARDS if guard.name in KNOWN_SEEDS} == set(range(1, 16))


def test_what_cannot_be_seen_is_a_guard() -> None:
    assert {guard.name for guard in GUARDS} >= UNSEEN.keys()
