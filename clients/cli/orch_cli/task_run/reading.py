"""`orch task-run ls` and `orch task-run inspect`."""

from itertools import islice
from typing import TYPE_CHECKING

import click

from orch_cli.completing import complete_flow_run
from orch_cli.connection import client
from orch_cli.failures import NotFound, Wrong
from orch_cli.filters import limit_option
from orch_cli.finding import find_flow_run, is_id
from orch_cli.flow_run.columns import state_text
from orch_cli.flow_run.reading import show_past
from orch_cli.output import (
    Column,
    Format,
    exactly,
    output_option,
    plain,
    seconds_between,
    show_list,
    show_one,
    span,
    state_name,
    state_style,
    when,
)
from orch_cli.results import shown_result
from orch_cli.states import TYPES, state_conditions

if TYPE_CHECKING:
    from orch_client.client import Client
    from orch_proto.v1.state_pb2 import StateChange, StateType
    from orch_proto.v1.task_run_pb2 import TaskRun

_PAGE = 1000


def _took(task: "TaskRun") -> str:
    return span(seconds_between(task.start_time, task.end_time))


def _superseded(task: "TaskRun") -> str:
    return "yes: a rerun began here or before" if task.superseded else ""


COLUMNS: "tuple[Column[TaskRun], ...]" = (
    Column("ID", lambda task: task.task_run_id),
    Column("NAME", lambda task: task.name),
    Column(
        "STATE",
        lambda task: state_name(task.state) + (" (superseded)" if task.superseded else ""),
        style=lambda task: state_style(task.state),
    ),
    Column("ATTEMPT", lambda task: str(task.attempt or ""), right=True),
    Column("STARTED", lambda task: when(task.start_time)),
    Column("TOOK", _took, right=True),
)
"""A list of task runs."""

LINES: "tuple[Column[TaskRun], ...]" = (
    Column("ID", lambda task: task.task_run_id),
    Column("NAME", lambda task: task.name),
    Column("TASK", lambda task: task.task_key),
    Column("CALL", lambda task: task.dynamic_key),
    Column("FLOW RUN", lambda task: task.flow_run_id),
    Column("STATE", lambda task: state_text(task.state), style=lambda task: state_style(task.state)),
    Column("SUPERSEDED", _superseded),
    Column("ATTEMPT", lambda task: str(task.attempt or "")),
    Column("TAGS", lambda task: ", ".join(task.tags)),
    Column("INPUTS FROM", lambda task: "\n".join(task.upstream_task_run_ids)),
    Column("CHILD FLOW RUN", lambda task: task.child_flow_run_id),
    Column("CACHE KEY", lambda task: task.cache_key),
    Column("RESULT", lambda task: shown_result(task.result) if task.HasField("result") else ""),
    Column("CREATED", lambda task: exactly(task.create_time)),
    Column("STARTED", lambda task: exactly(task.start_time)),
    Column("ENDED", lambda task: exactly(task.end_time)),
    Column("TOOK", _took),
)
"""All of one task run."""


@click.command()
@click.argument("run", shell_complete=complete_flow_run)
@click.option("--state", "states", multiple=True, metavar="STATE", help="Only in this state, a type. Repeatable.")
@limit_option(200)
@output_option
def ls(run: str, states: tuple[str, ...], limit: int, output: Format) -> None:
    """List the task runs of the flow run RUN, oldest first."""
    types, names = state_conditions(states)
    if names:
        raise Wrong(f"Task runs are listed by types of states; {names[0]!r} is none. They are {TYPES}.")
    with client() as orch:
        found = task_runs(orch, find_flow_run(orch, run).flow_run_id, types=types, limit=limit + 1 if limit else 0)
    more = "There are more: see --limit." if limit and len(found) > limit else ""
    shown = found[:limit] if limit else found
    show_list(shown, COLUMNS, output=output, empty="No task runs.", more=more)


def task_runs(
    orch: "Client", flow_run_id: str, *, types: "list[StateType.ValueType] | None" = None, limit: int = 0
) -> "list[TaskRun]":
    """The task runs of a flow run, oldest first; 0: all."""
    from orch_proto.v1.task_run_pb2 import TaskRun
    from orch_proto.v1.task_run_service_pb2 import ListTaskRunsRequest

    request = ListTaskRunsRequest(
        flow_run_id=flow_run_id, state_types=types or [], page_size=min(limit or _PAGE, _PAGE)
    )
    return list(islice(orch.items(orch.task_runs.ListTaskRuns, request, of=TaskRun), limit or None))


@click.command()
@click.argument("task_run")
@output_option
def inspect(task_run: str, output: Format) -> None:
    """Show all of the task run with the id TASK_RUN, and every state that it has had."""
    if not is_id(task_run):
        raise Wrong(f"{task_run!r} is no id of a task run. `orch task-run ls RUN` lists those of a flow run.")
    with client() as orch:
        found, history = _task_run(orch, task_run.strip().lower())
    whole = plain(found)
    assert isinstance(whole, dict)
    show_one(found, LINES, output=output, whole={**whole, "history": plain(history)})
    if output is Format.TABLE:
        show_past(found.state, history)


def _task_run(orch: "Client", task_run_id: str) -> "tuple[TaskRun, list[StateChange]]":
    from orch_client.errors import NotFoundError
    from orch_proto.v1.state_pb2 import StateChange
    from orch_proto.v1.task_run_service_pb2 import GetTaskRunRequest, ListTaskRunStatesRequest

    try:
        found = orch.task_runs.GetTaskRun(GetTaskRunRequest(task_run_id=task_run_id)).task_run
    except NotFoundError:
        raise NotFound(f"There is no task run {task_run_id} at {orch.settings.url}.") from None
    request = ListTaskRunStatesRequest(task_run_id=task_run_id)
    return found, list(orch.items(orch.task_runs.ListTaskRunStates, request, of=StateChange))
