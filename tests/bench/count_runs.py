"""CountFlowRuns among a million runs: what a screen shows of the last day, and totals under the filters of lists."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from time import perf_counter

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from orch_proto.v1.flow_run_service_pb2 import CountFlowRunsRequest, FlowRunFilter
from orch_proto.v1.state_pb2 import StateType
from tests.bench.api import Api
from tests.bench.figures import Figure, Report, at_most, milliseconds
from tests.bench.million_runs import MillionRuns

CALLS = 10
WARM_UP_CALLS = 2
BUDGET_MS = 150.0
"""For the median of the slowest: what somebody who looks at a picture does not notice."""


def requests(made: MillionRuns) -> Mapping[str, CountFlowRunsRequest]:
    """By what they ask for."""
    deployment = str(made.deployments[1])
    last = {
        "day": (timedelta(days=1), timedelta(hours=1)),
        "week": (timedelta(days=7), timedelta(hours=1)),
        "month": (timedelta(days=30), timedelta(days=1)),
    }
    filters = {
        "all": FlowRunFilter(),
        "flow": FlowRunFilter(flow_names=["flow-3"]),
        "deployment": FlowRunFilter(deployment_ids=[deployment]),
        "pool": FlowRunFilter(work_pool_names=["other"]),
        "failed": FlowRunFilter(state_types=[StateType.STATE_TYPE_FAILED]),
        "tag": FlowRunFilter(tags=["team-2"]),
    }
    found = {f"{name}_total": CountFlowRunsRequest(filter=chosen) for name, chosen in filters.items()}
    for name, chosen in filters.items():
        for span_name, (span, width) in last.items():
            request = CountFlowRunsRequest(filter=chosen, bucket_width=_duration(width))
            request.filter.create_time_from.CopyFrom(_ago(span))
            found[f"{name}_{span_name}"] = request
    return found


async def count_runs(api: Api, made: MillionRuns) -> Report:
    """Ask for each many times; the slowest medians of the last day and of totals must keep the budget."""
    medians: dict[str, float] = {}
    for name, request in requests(made).items():
        taken: list[float] = []
        for _ in range(CALLS + WARM_UP_CALLS):
            begin = perf_counter()
            await api.flow_runs.CountFlowRuns(request)
            taken.append(perf_counter() - begin)
        medians[name] = milliseconds(taken[WARM_UP_CALLS:], 0.5)
    figures: dict[str, Figure] = {
        f"worst_{kind}_p50_ms": max(value for name, value in medians.items() if name.endswith(kind))
        for kind in ("day", "total", "week", "month")
    }
    figures |= {f"{name}_p50_ms": value for name, value in medians.items()}
    return Report("count", figures, {f"worst_{kind}_p50_ms": at_most(BUDGET_MS) for kind in ("day", "total")})


def _ago(span: timedelta) -> Timestamp:
    found = Timestamp()
    found.FromDatetime(datetime.now(UTC) - span)
    return found


def _duration(span: timedelta) -> Duration:
    found = Duration()
    found.FromTimedelta(span)
    return found
