"""Which flow runs: the options that lists and counts share."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, ParamSpec, TypedDict, TypeVar

import click

from orch_cli.filters import since_until_options, tags_option, timestamp
from orch_cli.finding import check_filters, find_deployment, find_flow_run
from orch_cli.states import check_names, state_conditions

if TYPE_CHECKING:
    from orch_client.client import Client
    from orch_proto.v1.flow_run_service_pb2 import FlowRunFilter

P = ParamSpec("P")
R = TypeVar("R")


class Conditions(TypedDict):
    """What the options say. All conditions must hold."""

    states: tuple[str, ...]
    flows: tuple[str, ...]
    deployments: tuple[str, ...]
    name: str
    pools: tuple[str, ...]
    parent: str | None
    schedule: str
    tags: tuple[str, ...]
    since: datetime | None
    until: datetime | None


def conditions_options(function: Callable[P, R]) -> Callable[P, R]:
    """Adds the options, which come as keywords: `**conditions: Unpack[Conditions]`."""
    for option in (since_until_options, tags_option, *reversed(_OPTIONS)):
        function = option(function)
    return function


_OPTIONS: tuple[Callable[[Callable[P, R]], Callable[P, R]], ...] = (
    click.option(
        "--state", "states", multiple=True, metavar="STATE", help="A type (failed) or a name (Late). Repeatable."
    ),
    click.option("--flow", "flows", multiple=True, metavar="FLOW", help="Runs of this flow. Repeatable."),
    click.option("--deployment", "deployments", multiple=True, metavar="DEPLOYMENT", help="Runs of it. Repeatable."),
    click.option("--name", metavar="PREFIX", default="", help="Runs whose name starts so."),
    click.option("--pool", "pools", multiple=True, metavar="POOL", help="Runs of this work pool. Repeatable."),
    click.option("--parent", metavar="RUN", help="Child runs of this run."),
    click.option("--schedule", metavar="ID", default="", help="Runs that this schedule fired."),
)


def run_filter(orch: "Client", conditions: Conditions) -> "FlowRunFilter":
    """The filter that the options ask for. Raises NotFound for a deployment or parent that is not there, and Wrong."""
    from orch_proto.v1.flow_run_service_pb2 import FlowRunFilter

    types, names = state_conditions(conditions["states"])
    parent, since, until = conditions["parent"], conditions["since"], conditions["until"]
    return FlowRunFilter(
        flow_names=conditions["flows"],
        deployment_ids=[find_deployment(orch, each).deployment_id for each in conditions["deployments"]],
        state_types=types,
        state_names=names,
        tags=conditions["tags"],
        name_prefix=conditions["name"],
        work_pool_names=conditions["pools"],
        parent_flow_run_id=find_flow_run(orch, parent).flow_run_id if parent else "",
        schedule_id=conditions["schedule"],
        create_time_from=timestamp(since) if since else None,
        create_time_to=timestamp(until) if until else None,
    )


def check_conditions(orch: "Client", conditions: Conditions) -> None:
    """What was asked for, looked at where nothing was found. Raises NotFound for what is not there."""
    check_names(state_conditions(conditions["states"])[1])
    check_filters(orch, flows=conditions["flows"], pools=conditions["pools"])
