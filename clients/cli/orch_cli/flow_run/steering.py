"""`orch flow-run cancel`, `retry` and `delete`."""

from typing import TYPE_CHECKING

import click

from orch_cli.completing import complete_flow_run
from orch_cli.connection import client
from orch_cli.failures import Failed, NotFound, Wrong
from orch_cli.finding import find_flow_run, is_id, suggestion
from orch_cli.output import Format, confirm, note, one_line, output_option, say, state_name
from orch_cli.task_run.reading import task_runs

if TYPE_CHECKING:
    from collections.abc import Callable

    from orch_client.client import Client
    from orch_proto.v1.flow_run_pb2 import FlowRun

RUNS = click.argument("runs", metavar="RUN...", nargs=-1, required=True, shell_complete=complete_flow_run)
_YES = click.option("-y", "--yes", is_flag=True, help="Do not ask.")


def each_run(orch: "Client", runs: tuple[str, ...], act: "Callable[[FlowRun], str]") -> None:
    """Does it to each run and says so. One that refuses keeps nobody else from it; in the end the command fails."""
    from orch_client.errors import ConflictError, FailedPreconditionError, NotFoundError

    refused = 0
    for text in runs:
        try:
            say(act(find_flow_run(orch, text)))
        except (NotFound, Wrong, ConflictError, FailedPreconditionError, NotFoundError) as error:
            if len(runs) == 1:
                raise
            refused += 1
            note(f"orch: {error}")
    if refused:
        raise Failed(f"{refused} of {len(runs)} were refused.")


@click.command()
@RUNS
@click.option("--reason", metavar="TEXT", default="", help="Why, for people: becomes the state's message.")
def cancel(runs: tuple[str, ...], reason: str) -> None:
    """Ask each RUN to stop. One that nobody has begun is cancelled at once, any other within its grace."""
    with client() as orch:
        from orch_proto.v1.flow_run_service_pb2 import CancelFlowRunRequest

        def act(run: "FlowRun") -> str:
            request = CancelFlowRunRequest(flow_run_id=run.flow_run_id, reason=reason)
            changed = orch.flow_runs.CancelFlowRun(request).flow_run
            return f"{one_line(run.name)} ({run.flow_run_id}): {state_name(changed.state)}"

        each_run(orch, runs, act)


@click.command()
@RUNS
@click.option(
    "--from-task",
    metavar="TASK",
    help="Begin anew from this task run (its id, or its name): it and those after it are done again, what earlier ones"
    " returned is taken again, where the flow is durable.",
)
@click.option("--watch", is_flag=True, help="Follow the run to its end, which becomes the exit code.")
@output_option
def retry(runs: tuple[str, ...], *, from_task: str | None, watch: bool, output: Format) -> None:
    """Queue each RUN that has ended for one more attempt."""
    if len(runs) > 1 and (from_task or watch):
        raise Wrong("--from-task and --watch go with one run.")
    with client() as orch:
        from orch_proto.v1.flow_run_service_pb2 import RetryFlowRunRequest

        def act(run: "FlowRun") -> str:
            request = RetryFlowRunRequest(flow_run_id=run.flow_run_id)
            if from_task:
                request.from_task_run_id = find_task_run(orch, run, from_task)
            changed = orch.flow_runs.RetryFlowRun(request).flow_run
            return f"{one_line(run.name)} ({run.flow_run_id}): {state_name(changed.state)}"

        if not watch:
            each_run(orch, runs, act)
            return
        from orch_cli.watch.position import LogPosition
        from orch_cli.watch.session import watch_to_end

        run = find_flow_run(orch, runs[0])
        position = LogPosition()
        position.skip_stored(orch, run.flow_run_id)
        note(act(run))
        watch_to_end(orch, run.flow_run_id, output=output, position=position)


def find_task_run(orch: "Client", run: "FlowRun", text: str) -> str:
    """The id of a task run of a flow run, by its id or its name; superseded ones are history.

    Raises NotFound, which says what there is, or Wrong where several have that name.
    """
    wanted = text.strip()
    if is_id(wanted):
        return wanted.lower()
    present = [each for each in task_runs(orch, run.flow_run_id) if not each.superseded]
    found = [each for each in present if each.name == wanted]
    if not found:
        near = suggestion(wanted, {each.name for each in present})
        raise NotFound(
            f"The flow run {run.name!r} has no task run {text!r}.{near}"
            f" `orch task-run ls {run.flow_run_id}` lists them."
        )
    if len(found) > 1:
        listed = "\n".join(f"  {each.task_run_id}" for each in found[:10])
        raise Wrong(f"{len(found)} task runs of {run.name!r} are named {text!r}; name one by its id:\n{listed}")
    return found[0].task_run_id


@click.command()
@RUNS
@_YES
def delete(runs: tuple[str, ...], *, yes: bool) -> None:
    """Delete each RUN, which must have ended, with its task runs and its log."""
    what = f"the flow run {runs[0]!r}" if len(runs) == 1 else f"{len(runs)} flow runs"
    confirm(f"Delete {what} for good?", yes=yes)
    with client() as orch:
        from orch_proto.v1.flow_run_service_pb2 import DeleteFlowRunRequest

        def act(run: "FlowRun") -> str:
            orch.flow_runs.DeleteFlowRun(DeleteFlowRunRequest(flow_run_id=run.flow_run_id))
            return f"{one_line(run.name)} ({run.flow_run_id}): deleted"

        each_run(orch, runs, act)
