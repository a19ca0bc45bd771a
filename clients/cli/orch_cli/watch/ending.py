"""How a run's end becomes an exit code."""

from typing import TYPE_CHECKING

from orch_cli.failures import CANCELLED, CRASHED, FAILED, OK

if TYPE_CHECKING:
    from orch_proto.v1.flow_run_pb2 import FlowRun
    from orch_proto.v1.state_pb2 import State

_CODES = {"COMPLETED": OK, "FAILED": FAILED, "CANCELLED": CANCELLED, "CRASHED": CRASHED}


def has_ended(state: "State") -> bool:
    """Whether this is a state that nothing follows by itself."""
    from orch_cli.output.states import state_type

    return state_type(state) in _CODES


def exit_code(run: "FlowRun") -> int:
    """0 for COMPLETED, 1 FAILED, 5 CANCELLED, 6 CRASHED; 1 for a run that has not ended."""
    from orch_cli.output.states import state_type

    return _CODES.get(state_type(run.state), FAILED)
