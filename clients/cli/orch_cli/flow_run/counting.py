"""`orch flow-run count`: how many runs there are, by state, and over time."""

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from orch_cli.connection import client
from orch_cli.filters import DURATION
from orch_cli.flow_run.conditions import Conditions, check_conditions, conditions_options, run_filter
from orch_cli.output import Column, Format, exactly, output_option, show_list
from orch_cli.output.plain_values import enum_name

if TYPE_CHECKING:
    from typing import Unpack

    from orch_proto.v1.flow_run_service_pb2 import FlowRunBucket, FlowRunCount


def _state(count: "FlowRunCount") -> str:
    from orch_proto.v1.state_pb2 import StateType

    return enum_name(count.state_type, StateType.DESCRIPTOR).lower()


def _states(bucket: "FlowRunBucket") -> str:
    return ", ".join(f"{each.count} {_state(each)}" for each in bucket.counts)


COUNTS: "tuple[Column[FlowRunCount], ...]" = (
    Column("STATE", _state),
    Column("RUNS", lambda count: str(count.count), right=True),
)
"""How many by state."""
BUCKETS: "tuple[Column[FlowRunBucket], ...]" = (
    Column("FROM", lambda bucket: exactly(bucket.start_time)),
    Column("RUNS", lambda bucket: str(sum(each.count for each in bucket.counts)), right=True),
    Column("STATES", _states, may_wrap=True),
)
"""How many over time."""


@click.command()
@conditions_options
@click.option(
    "--every", type=DURATION, metavar="TIME", help="Count over time of creation, so long each: 1h, 1d. Needs --since."
)
@output_option
def count(*, every: timedelta | None, output: Format, **conditions: "Unpack[Conditions]") -> None:
    """Count runs by state, or over time. All conditions must hold."""
    if every is not None and conditions["since"] is None:
        raise click.UsageError("--every counts from a time on: say which with --since.")
    with client() as orch:
        from google.protobuf.duration_pb2 import Duration

        from orch_proto.v1.flow_run_service_pb2 import CountFlowRunsRequest

        width = Duration()
        if every is not None:
            width.FromTimedelta(every)
        request = CountFlowRunsRequest(
            filter=run_filter(orch, conditions), bucket_width=width if every is not None else None
        )
        found = orch.flow_runs.CountFlowRuns(request)
        if not found.total_count:
            check_conditions(orch, conditions)
    more = f"There are more: only the newest {found.total_count} were counted." if found.truncated else ""
    if every is None:
        show_list(found.counts, COUNTS, output=output, empty="No flow runs.", more=more)
    else:
        show_list(found.buckets, BUCKETS, output=output, empty="No time to count in.", more=more)
