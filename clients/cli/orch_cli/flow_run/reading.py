"""`orch flow-run ls` and `orch flow-run inspect`."""

from itertools import islice
from typing import TYPE_CHECKING

import click

from orch_cli.completing import complete_flow_run
from orch_cli.connection import client
from orch_cli.filters import limit_option
from orch_cli.finding import find_flow_run
from orch_cli.flow_run.columns import COLUMNS, LINES, UPCOMING_COLUMNS, state_text
from orch_cli.flow_run.conditions import Conditions, check_conditions, conditions_options, run_filter
from orch_cli.output import Column, Format, clean, exactly, output_option, plain, say, show_list, show_one, state_style

if TYPE_CHECKING:
    from typing import Unpack

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
@conditions_options
@click.option("--upcoming", is_flag=True, help="Runs that have not started, soonest first, with when they may start.")
@limit_option()
@output_option
def ls(*, upcoming: bool, limit: int, output: Format, **conditions: "Unpack[Conditions]") -> None:
    """List runs, newest first. All conditions must hold."""
    if upcoming and conditions["states"]:
        raise click.UsageError("--upcoming lists scheduled runs: it cannot be asked for together with --state.")
    with client() as orch:
        from orch_proto.v1.state_pb2 import STATE_TYPE_SCHEDULED

        chosen = run_filter(orch, conditions)
        if upcoming:
            chosen.state_types.append(STATE_TYPE_SCHEDULED)
        found = newest(orch, chosen, limit=limit + 1 if limit else 0, upcoming=upcoming)
        if not found:
            check_conditions(orch, conditions)
    more = "There are more: see --limit." if limit and len(found) > limit else ""
    columns = UPCOMING_COLUMNS if upcoming else COLUMNS
    show_list(found[:limit] if limit else found, columns, output=output, empty="No flow runs.", more=more)


def newest(orch: "Client", chosen: "FlowRunFilter", *, limit: int, upcoming: bool = False) -> "list[FlowRun]":
    """The newest runs that a filter lets through, or those that may start first; 0: all of them."""
    from orch_proto.v1.flow_run_pb2 import FlowRun
    from orch_proto.v1.flow_run_service_pb2 import (
        FLOW_RUN_ORDER_SCHEDULED_TIME,
        FLOW_RUN_ORDER_UNSPECIFIED,
        ListFlowRunsRequest,
    )

    request = ListFlowRunsRequest(
        filter=chosen,
        page_size=min(limit or _PAGE, _PAGE),
        order=FLOW_RUN_ORDER_SCHEDULED_TIME if upcoming else FLOW_RUN_ORDER_UNSPECIFIED,
    )
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
