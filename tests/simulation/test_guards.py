"""Each check of an invariant fails when its guard is taken out, so that none of them passes for nothing.

That the same checks pass with their guards in place is `test_invariants.py`.
"""

import pytest

from orch_server.storage.scope import Kind
from tests.simulation.guards.catalog import GUARDS
from tests.simulation.guards.guard import Guard
from tests.simulation.scene import Scene

CASES = [
    pytest.param(
        kind,
        guard,
        id=f"{guard.invariant:02d}-{guard.name.replace(' ', '_')}-{kind}",
        marks=[pytest.mark.postgres] if kind == "postgresql" else [],
    )
    for guard in GUARDS
    for kind in guard.kinds
]


@pytest.mark.parametrize(("kind", "guard"), CASES, indirect=["kind"])
async def test_without_its_guard_an_invariant_is_seen_to_break(
    scene: Scene, kind: Kind, guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard.take_out(monkeypatch)

    with pytest.raises(AssertionError) as seen:
        await guard.check(scene)
    # Not because the patch itself is wrong.
    assert not isinstance(seen.value.__cause__, TypeError | AttributeError | NameError)


def test_every_invariant_has_a_guard() -> None:
    assert {guard.invariant for guard in GUARDS} == set(range(1, 16))
