"""What lists of flow runs and a look at one of them show."""

from typing import TYPE_CHECKING

from orch_cli.output import Column, exactly, seconds_between, span, state_name, state_style, when
from orch_cli.results import shown_result

if TYPE_CHECKING:
    from orch_proto.v1.flow_run_pb2 import FlowRun
    from orch_proto.v1.state_pb2 import State


def took(run: "FlowRun") -> str:
    """How long it has been running, or ran."""
    return span(seconds_between(run.start_time, run.end_time))


def deployment(run: "FlowRun") -> str:
    """The deployment's name and the version that the run is pinned to."""
    name = run.deployment_name or run.deployment_id
    return f"{name} v{run.deployment_version}" if name else ""


def state_text(state: "State") -> str:
    """Name, message and the user's exception."""
    failure = f"{state.failure.type}: {state.failure.message}" if state.failure.type else ""
    # A stop's message is that of the exception that stopped the code.
    has_all = failure in state.message or state.failure.message == state.message != ""
    words = state.message if has_all else f"{state.message} {failure}".strip()
    return f"{state_name(state)}: {words}" if words else state_name(state)


def _place(run: "FlowRun") -> str:
    if not run.work_pool_name:
        return run.holder_name
    return f"{run.work_pool_name}/{run.work_queue_name}"


def _attempts(run: "FlowRun") -> str:
    text = str(run.attempt) if run.attempt else ""
    spent = [
        f"{count} {what}"
        for count, what in ((run.retries_used, "retries"), (run.crash_restarts_used, "restarts after crashes"))
        if count
    ]
    return f"{text} ({', '.join(spent)})" if spent else text


COLUMNS: "tuple[Column[FlowRun], ...]" = (
    Column("ID", lambda run: run.flow_run_id),
    Column("NAME", lambda run: run.name),
    Column("FLOW", lambda run: run.flow_name),
    Column("DEPLOYMENT", lambda run: run.deployment_name),
    Column("STATE", lambda run: state_name(run.state), style=lambda run: state_style(run.state)),
    Column("CREATED", lambda run: when(run.create_time)),
    Column("TOOK", took, right=True),
)
"""A list of runs."""

UPCOMING_COLUMNS: "tuple[Column[FlowRun], ...]" = (
    Column("ID", lambda run: run.flow_run_id),
    Column("NAME", lambda run: run.name),
    Column("FLOW", lambda run: run.flow_name),
    Column("DEPLOYMENT", lambda run: run.deployment_name),
    Column("STATE", lambda run: state_name(run.state), style=lambda run: state_style(run.state)),
    Column("SCHEDULED", lambda run: exactly(run.scheduled_time)),
)
"""A list of runs that have not started."""

LINES: "tuple[Column[FlowRun], ...]" = (
    Column("ID", lambda run: run.flow_run_id),
    Column("NAME", lambda run: run.name),
    Column("FLOW", lambda run: f"{run.flow_name} {run.flow_version}".strip()),
    Column("DEPLOYMENT", deployment),
    Column("STATE", lambda run: state_text(run.state), style=lambda run: state_style(run.state)),
    Column("WHERE", _place),
    Column("ATTEMPT", _attempts),
    Column("TAGS", lambda run: ", ".join(run.tags)),
    Column("PARAMETERS", lambda run: run.parameters_json if run.parameters_json != "{}" else ""),
    Column("RESULT", lambda run: shown_result(run.result) if run.HasField("result") else ""),
    Column("PARENT", lambda run: run.parent_flow_run_id),
    Column("SCHEDULE", lambda run: f"{run.schedule_id}, for {exactly(run.nominal_time)}" if run.schedule_id else ""),
    Column("IDEMPOTENCY KEY", lambda run: run.idempotency_key),
    Column("CREATED", lambda run: exactly(run.create_time)),
    Column("SCHEDULED", lambda run: exactly(run.scheduled_time) if run.scheduled_time != run.create_time else ""),
    Column("STARTED", lambda run: exactly(run.start_time)),
    Column("ENDED", lambda run: exactly(run.end_time)),
    Column("TOOK", took),
)
"""All of one run."""
