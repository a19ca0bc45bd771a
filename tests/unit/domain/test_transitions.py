"""The state machine against a table written out by hand: every state with every event."""

import pytest

from orch_server.domain.states import LEASED, TERMINAL, StateType
from orch_server.domain.transitions import Event, LeaseEffect, all_transitions, transition

EXPECTED = """
                SCHEDULED  PENDING     RUNNING     PAUSED      CANCELLING  COMPLETED  FAILED     CANCELLED  CRASHED
grant           PENDING    -           -           -           -           -          -          -          -
progress        -          PENDING     -           -           CANCELLING  -          -          -          -
start           -          RUNNING     RUNNING     RUNNING     CANCELLING  -          -          -          -
pause           -          PAUSED      PAUSED      PAUSED      CANCELLING  -          -          -          -
complete        -          COMPLETED   COMPLETED   COMPLETED   COMPLETED   -          -          -          -
fail            -          FAILED      FAILED      FAILED      -           -          -          -          -
retry           -          SCHEDULED   SCHEDULED   SCHEDULED   -           -          -          -          -
crash           -          CRASHED     CRASHED     CRASHED     -           -          -          -          -
restart         -          SCHEDULED   SCHEDULED   SCHEDULED   -           -          -          -          -
requeue         -          SCHEDULED   -           -           -           -          -          -          -
stop            -          CANCELLED   CANCELLED   CANCELLED   CANCELLED   -          -          -          -
request_cancel  CANCELLED  CANCELLING  CANCELLING  CANCELLING  -           -          -          -          -
reclaim         RUNNING    -           -           -           -           -          -          -          RUNNING
regain          PENDING    -           -           -           -           -          -          -          -
rerun           -          -           -           -           -           SCHEDULED  SCHEDULED  SCHEDULED  SCHEDULED
resume          RUNNING    -           -           -           -           -          RUNNING    RUNNING    RUNNING
"""


def _expected() -> dict[tuple[StateType, Event], StateType | None]:
    head, *rows = EXPECTED.strip().splitlines()
    sources = [StateType[name] for name in head.split()]
    return {
        (source, Event(event.replace("_", " "))): None if cell == "-" else StateType[cell]
        for event, *cells in (row.split() for row in rows)
        for source, cell in zip(sources, cells, strict=True)
    }


CELLS = _expected()


def test_the_table_written_out_names_every_state_and_event() -> None:
    assert set(CELLS) == {(state, event) for state in StateType for event in Event}


@pytest.mark.parametrize(("source", "event"), CELLS, ids=lambda cell: cell.name)
def test_each_state_with_each_event(source: StateType, event: Event) -> None:
    found = transition(source, event)

    assert (found.destination if found else None) == CELLS[source, event]


def _expected_effect(source: StateType, destination: StateType) -> LeaseEffect:
    before, after = source in LEASED, destination in LEASED
    return {
        (False, False): LeaseEffect.NONE,
        (False, True): LeaseEffect.GRANTED,
        (True, True): LeaseEffect.KEPT,
        (True, False): LeaseEffect.DROPPED,
    }[before, after]


def test_the_lease_follows_from_the_states() -> None:
    for step in all_transitions():
        assert step.lease == _expected_effect(step.source, step.destination), step


def test_every_arrow_is_found_by_its_source_and_event() -> None:
    arrows = list(all_transitions())

    assert len(arrows) == sum(1 for destination in CELLS.values() if destination is not None)
    assert all(transition(arrow.source, arrow.event) == arrow for arrow in arrows)


def test_only_a_person_or_a_holder_that_returns_leads_out_of_the_end() -> None:
    out = {step.event for step in all_transitions() if step.source in TERMINAL}

    assert out == {Event.RERUN, Event.RECLAIM, Event.RESUME}
    reclaimed = {step.source for step in all_transitions() if step.event == Event.RECLAIM}
    assert reclaimed & TERMINAL == {StateType.CRASHED}


def test_nothing_leads_out_of_completed_but_a_persons_wish_for_another_attempt() -> None:
    assert {step.event for step in all_transitions() if step.source == StateType.COMPLETED} == {Event.RERUN}
