"""`orch flow-run tag`: the tags of runs that exist."""

from typing import TYPE_CHECKING

import click

from orch_cli.connection import client
from orch_cli.failures import Wrong
from orch_cli.flow_run.steering import RUNS, each_run
from orch_cli.output import one_line

if TYPE_CHECKING:
    from orch_client.client import Client
    from orch_proto.v1.flow_run_pb2 import FlowRun

_MOST_TRIES = 5


@click.command()
@RUNS
@click.option("--add", metavar="TAG", multiple=True, help="A tag to have from now on. May be repeated.")
@click.option("--remove", metavar="TAG", multiple=True, help="A tag to have no longer. May be repeated.")
def tag(runs: tuple[str, ...], *, add: tuple[str, ...], remove: tuple[str, ...]) -> None:
    """Add tags to each RUN, and take others away. Those that are not named stay."""
    if not add and not remove:
        raise Wrong("Say which: --add TAG, --remove TAG.")
    if both := set(add) & set(remove):
        raise Wrong(f"--add and --remove name the same: {', '.join(sorted(both))}.")
    with client() as orch:

        def act(run: "FlowRun") -> str:
            changed = _tagged(orch, run, add, remove)
            words = f"the tags {', '.join(map(one_line, changed.tags))}" if changed.tags else "no tags"
            return f"{one_line(changed.name)} ({changed.flow_run_id}): {words}"

        each_run(orch, runs, act)


def _tagged(orch: "Client", run: "FlowRun", add: tuple[str, ...], remove: tuple[str, ...]) -> "FlowRun":
    """The run with its new tags. What somebody else changed meanwhile stays changed. Raises ConflictError."""
    from orch_client.errors import ConflictError
    from orch_proto.v1.flow_run_service_pb2 import GetFlowRunRequest, UpdateFlowRunRequest

    for tries_left in reversed(range(_MOST_TRIES)):
        request = UpdateFlowRunRequest()
        request.flow_run.flow_run_id, request.flow_run.etag = run.flow_run_id, run.etag
        request.flow_run.tags.extend(each for each in dict.fromkeys((*run.tags, *add)) if each not in remove)
        request.update_mask.paths.append("tags")
        try:
            return orch.flow_runs.UpdateFlowRun(request).flow_run
        except ConflictError:
            if not tries_left:
                raise
            run = orch.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=run.flow_run_id)).flow_run
    raise AssertionError("unreachable")
