from orch_server.domain.states import LEASED, TERMINAL, StateType, default_name


def test_states_are_numbered_as_on_the_wire() -> None:
    assert {state.name: int(state) for state in StateType} == {
        "SCHEDULED": 1,
        "PENDING": 2,
        "RUNNING": 3,
        "PAUSED": 4,
        "CANCELLING": 5,
        "COMPLETED": 6,
        "FAILED": 7,
        "CANCELLED": 8,
        "CRASHED": 9,
    }


def test_each_state_is_queued_leased_or_terminal() -> None:
    assert {StateType.SCHEDULED} | LEASED | TERMINAL == set(StateType)
    assert not LEASED & TERMINAL
    assert StateType.SCHEDULED not in LEASED | TERMINAL


def test_names_are_the_types_as_people_write_them() -> None:
    assert [default_name(state) for state in (StateType.SCHEDULED, StateType.CANCELLING)] == ["Scheduled", "Cancelling"]
