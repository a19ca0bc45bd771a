"""`orch flow-run ls` and `orch flow-run inspect`."""

from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

import click

from orch_cli.completing import complete_flow_run
from orch_cli.connection import client
from orch_cli.filters import limit_option, since_until_options, tags_option, timestamp
from orch_cli.finding import find_deployment, find_flow_run
from orch_cli.flow_run.columns import COLUMNS, LINES, state_text
from orch_cli.output import Column, Format, clean, exactly, output_option, plain, say, show_list, show_one, state_style
from orch_cli.states import hint_for, state_conditions

if TYPE_CHECKING:
    from orch_client.client import Client
    from orch_proto.v1.flow_run_pb2 import FlowRun
    from orch_proto.v1.flow_run_service_pb2 import FlowRunFilter
    from orch_proto.v1.state_pb2 import State, StateChange

_PAGE = 1000

HISTORY: "tuple[Column[StateChange], ...]" = (
    Column("TIME", lambda change: exactly(change.state.state_time)),
    Column(
        "STATE", lambda change: state_text(change.state), style=lambda change: state_style(change.state), may_wrap=True
    ),
)
"""The states that a run has had."""


@click.command()
@click.option("--state", "states", multiple=True, metavar="STATE", help="A type (failed) or a name (Late). Repeatable.")
@click.option("--flow", "flows", multiple=True, metavar="FLOW", help="Runs of this flow. Repeatable.")
@click.option("--deployment", "deployments", multiple=True, metavar="DEPLOYMENT", help="Runs of it. Repeatable.")
@click.option("--name", metavar="PREFIX", default="", help="Runs whose name starts so.")
@click.option("--pool", "pools", multiple=True, metavar="POOL", help="Runs of this work pool. Repeatable.")
@click.option("--parent", metavar="RUN", help="Child runs of this run.")
@click.option("--schedule", metavar="ID", default="", help="Runs that this schedule fired.")
@tags_option
@since_until_options
@limit_option()
@output_option
def ls(
    *,
    states: tuple[str, ...],
    flows: tuple[str, ...],
    deployments: tuple[str, ...],
    name: str,
    pools: tuple[str, ...],
    parent: str | None,
    schedule: str,
    tags: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    limit: int,
    output: Format,
) -> None:
    """List runs, newest first. All conditions must hold."""
    types, names = state_conditions(states)
    with client() as orch:
        from orch_proto.v1.flow_run_service_pb2 import FlowRunFilter

        chosen = FlowRunFilter(
            flow_names=flows,
            deployment_ids=[find_deployment(orch, each).deployment_id for each in deployments],
            state_types=types,
            state_names=names,
            tags=tags,
            name_prefix=name,
            work_pool_names=pools,
            parent_flow_run_id=find_flow_run(orch, parent).flow_run_id if parent else "",
            schedule_id=schedule,
            create_time_from=timestamp(since) if since else None,
            create_time_to=timestamp(until) if until else None,
        )
        found = newest(orch, chosen, limit=limit + 1 if limit else 0)
    more = "There are more: see --limit." if limit and len(found) > limit else ""
    empty = f"No flow runs.{hint_for(names)}"
    show_list(found[:limit] if limit else found, COLUMNS, output=output, empty=empty, more=more)


def newest(orch: "Client", chosen: "FlowRunFilter", *, limit: int) -> "list[FlowRun]":
    """The newest runs that a filter lets through; 0: all of them."""
    from orch_proto.v1.flow_run_pb2 import FlowRun
    from orch_proto.v1.flow_run_service_pb2 import ListFlowRunsRequest

    request = ListFlowRunsRequest(filter=chosen, page_size=min(limit or _PAGE, _PAGE))
    return list(islice(orch.items(orch.flow_runs.ListFlowRuns, request, of=FlowRun), limit or None))


@click.command()
@click.argument("run", shell_complete=complete_flow_run)
@output_option
def inspect(run: str, output: Format) -> None:
    """Show all of a run, and every state that it has had."""
    with client() as orch:
        found = find_flow_run(orch, run)
        history = _history(orch, found.flow_run_id)
    whole = plain(found)
    assert isinstance(whole, dict)
    show_one(found, LINES, output=output, whole={**whole, "history": plain(history)})
    if output is Format.TABLE:
        show_past(found.state, history)


def show_past(state: "State", history: "list[StateChange]") -> None:
    """The traceback that the last state has, and every state before it."""
    if state.failure.stack_trace:
        say(f"\n{clean(state.failure.stack_trace.rstrip())}")
    say("")
    show_list(history, HISTORY, output=Format.TABLE, empty="")


def _history(orch: "Client", flow_run_id: str) -> "list[StateChange]":
    from orch_proto.v1.flow_run_service_pb2 import ListFlowRunStatesRequest
    from orch_proto.v1.state_pb2 import StateChange

    request = ListFlowRunStatesRequest(flow_run_id=flow_run_id)
    return list(orch.items(orch.flow_runs.ListFlowRunStates, request, of=StateChange))
