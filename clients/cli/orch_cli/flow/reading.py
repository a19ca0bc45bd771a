"""`orch flow ls` and `orch flow inspect`."""

from itertools import islice
from typing import TYPE_CHECKING

import click

from orch_cli.completing import complete_flow
from orch_cli.connection import client
from orch_cli.filters import limit_option
from orch_cli.finding import find_flow
from orch_cli.flow_run.columns import COLUMNS as RUN_COLUMNS
from orch_cli.flow_run.reading import newest
from orch_cli.output import Column, Format, output_option, plain, say, show_list, show_one, when

if TYPE_CHECKING:
    from orch_proto.v1.deployment_pb2 import Deployment
    from orch_proto.v1.flow_pb2 import Flow

COLUMNS: "tuple[Column[Flow], ...]" = (
    Column("NAME", lambda flow: flow.name),
    Column("ID", lambda flow: flow.flow_id),
    Column("FIRST SEEN", lambda flow: when(flow.create_time)),
)
"""A list of flows, and what there is to know about one."""

_DEPLOYMENTS: "tuple[Column[Deployment], ...]" = (
    Column("DEPLOYMENT", lambda each: each.name),
    Column("POOL", lambda each: f"{each.work_pool_name}/{each.work_queue_name}"),
    Column("VERSION", lambda each: str(each.version), right=True),
    Column("PAUSED", lambda each: "paused" if each.paused else ""),
)
_RUNS = 10


@click.command()
@click.option("--name", metavar="PREFIX", default="", help="Flows whose name starts so.")
@limit_option(200)
@output_option
def ls(name: str, limit: int, output: Format) -> None:
    """List flows by name."""
    with client() as orch:
        from orch_proto.v1.flow_pb2 import Flow
        from orch_proto.v1.flow_service_pb2 import ListFlowsRequest

        every = orch.items(orch.flows.ListFlows, ListFlowsRequest(name_prefix=name), of=Flow)
        found = list(islice(every, limit + 1 if limit else None))
    more = "There are more: see --limit." if limit and len(found) > limit else ""
    shown = found[:limit] if limit else found
    show_list(shown, COLUMNS, output=output, empty="No flows: run or deploy one.", more=more)


@click.command()
@click.argument("flow", shell_complete=complete_flow)
@output_option
def inspect(flow: str, output: Format) -> None:
    """Show the flow FLOW, its deployments and its newest runs."""
    with client() as orch:
        from orch_proto.v1.deployment_pb2 import Deployment
        from orch_proto.v1.deployment_service_pb2 import ListDeploymentsRequest
        from orch_proto.v1.flow_run_service_pb2 import FlowRunFilter

        found = find_flow(orch, flow)
        request = ListDeploymentsRequest(flow_name=found.name)
        deployments = list(orch.items(orch.deployments.ListDeployments, request, of=Deployment))
        runs = newest(orch, FlowRunFilter(flow_names=[found.name]), limit=_RUNS)
    whole = plain(found)
    assert isinstance(whole, dict)
    whole = {**whole, "deployments": plain(deployments), "newest_runs": plain(runs)}
    show_one(found, COLUMNS, output=output, whole=whole)
    if output is Format.TABLE:
        say("")
        show_list(deployments, _DEPLOYMENTS, output=output, empty="No deployments: `orch deploy` makes one.")
        say("")
        show_list(runs, RUN_COLUMNS, output=output, empty="No runs.")
