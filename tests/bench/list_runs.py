"""ListFlowRuns among a million runs, under filters that a screen or a script asks for, common and rare."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from google.protobuf.timestamp_pb2 import Timestamp

from orch_proto.v1.flow_run_service_pb2 import FlowRunFilter, ListFlowRunsRequest
from orch_proto.v1.state_pb2 import StateType
from tests.bench.api import Api
from tests.bench.count_runs import count_runs
from tests.bench.figures import Figure, Report, at_most, milliseconds
from tests.bench.laboratory import Laboratory
from tests.bench.million_runs import DEPLOYMENTS, RARE, RUNS, MillionRuns
from tests.bench.statement_plans import StatementPlans

PAGE_SIZES = {50: 40, 200: 10}
"""Runs a page, and how often to ask."""
WARM_UP_CALLS = 8
"""More than five: from the sixth call on Postgres may use a plan that does not look at the parameters."""
DEEP_PAGES = 20
MOST_SECONDS_A_FILTER = 0.6
BUDGET_MS = 30.0
BUDGET_PAGE_SIZE = 50

_FAILED = StateType.STATE_TYPE_FAILED
_CRASHED = StateType.STATE_TYPE_CRASHED
_COMPLETED = StateType.STATE_TYPE_COMPLETED
_RUNNING = StateType.STATE_TYPE_RUNNING


@dataclass(frozen=True)
class _Timing:
    """Of one filter and page size; durations in seconds."""

    filter_name: str
    page_size: int
    seconds: Sequence[float]
    request: ListFlowRunsRequest

    def p(self, share: float) -> float:
        return milliseconds(self.seconds, share)


def filters(made: MillionRuns) -> Mapping[str, FlowRunFilter]:
    """By what they ask for. The names of the odd ones say what makes them odd."""
    common, rare = str(made.deployments[1]), str(made.deployments[DEPLOYMENTS])
    month_ago = _timestamp(datetime.now(UTC) - timedelta(days=30))
    day_after = _timestamp(datetime.now(UTC) - timedelta(days=29))
    return {
        "none": FlowRunFilter(),
        "flow": FlowRunFilter(flow_names=["flow-3"]),
        "flows": FlowRunFilter(flow_names=["flow-3", "flow-11", "flow-17"]),
        "flow_rare": FlowRunFilter(flow_names=[RARE]),
        "flow_unknown": FlowRunFilter(flow_names=["no such flow"]),
        "state_failed": FlowRunFilter(state_types=[_FAILED]),
        "state_running": FlowRunFilter(state_types=[_RUNNING]),
        "states_ended_badly": FlowRunFilter(state_types=[_FAILED, _CRASHED]),
        "state_name": FlowRunFilter(state_names=["Crashed"]),
        "state_name_absent": FlowRunFilter(state_names=["Late"]),
        "flow_state": FlowRunFilter(flow_names=["flow-3"], state_types=[_FAILED]),
        "flow_rare_state": FlowRunFilter(flow_names=[RARE], state_types=[_FAILED]),
        "flow_state_never": FlowRunFilter(flow_names=["flow-0"], state_types=[_CRASHED]),
        "deployment": FlowRunFilter(deployment_ids=[common]),
        "deployment_rare": FlowRunFilter(deployment_ids=[rare]),
        "deployment_state": FlowRunFilter(deployment_ids=[common], state_types=[_FAILED]),
        "tag": FlowRunFilter(tags=["team-2"]),
        "tag_rare": FlowRunFilter(tags=[RARE]),
        "tag_unknown": FlowRunFilter(tags=["no such tag"]),
        "tags": FlowRunFilter(tags=["nightly", "team-4"]),
        "tags_never_together": FlowRunFilter(tags=["team-2", "team-4"]),
        "tag_state": FlowRunFilter(tags=["team-2"], state_types=[_FAILED]),
        "tag_rare_state": FlowRunFilter(tags=[RARE], state_types=[_COMPLETED]),
        "name_prefix": FlowRunFilter(name_prefix="flow-7-0"),
        "name_prefix_common": FlowRunFilter(name_prefix="flow-"),
        "name_exact": FlowRunFilter(name_prefix="flow-0-0f4240"),
        "name_absent": FlowRunFilter(name_prefix="zzz"),
        "time_range": FlowRunFilter(create_time_from=month_ago, create_time_to=day_after),
        "time_range_state": FlowRunFilter(create_time_from=month_ago, create_time_to=day_after, state_types=[_FAILED]),
        "flow_rare_time_range": FlowRunFilter(flow_names=[RARE], create_time_from=month_ago),
        "pool": FlowRunFilter(work_pool_names=["other"]),
        "pool_state": FlowRunFilter(work_pool_names=["other"], state_types=[_FAILED]),
        "pool_flow_state": FlowRunFilter(work_pool_names=["other"], flow_names=["flow-19"], state_types=[_CRASHED]),
    }


async def bench(laboratory: Laboratory) -> AsyncIterator[Report]:
    """Fill, then ask by each filter many times; the worst p99 of any filter must keep the budget."""
    made = MillionRuns()
    with laboratory.databases.fresh() as url:
        async with laboratory.server_on(url) as server, server.channel() as channel:
            begin = perf_counter()
            await made.fill(url)
            fill_seconds = round(perf_counter() - begin, 1)
            yield await count_runs(Api(channel), made)
            for size in PAGE_SIZES:
                timings = await _all_filters(Api(channel), made, size)
                yield _report(timings, fill_seconds)
                over = [each for each in timings if each.p(0.99) > BUDGET_MS]
                if laboratory.explain is not None and over:
                    await _explain(url, over, laboratory.explain.with_suffix(f".{size}.txt"))


async def _all_filters(api: Api, made: MillionRuns, size: int) -> list[_Timing]:
    timings = []
    for name, wanted in filters(made).items():
        timings.append(await _timed(api, name, ListFlowRunsRequest(page_size=size, filter=wanted)))
    return timings + await _deep(api, size)


def _report(timings: Sequence[_Timing], fill_seconds: float) -> Report:
    worst = max(timings, key=lambda each: each.p(0.99))
    everything = [seconds for each in timings for seconds in each.seconds]
    figures: dict[str, Figure] = {
        "runs": RUNS,
        "fill_s": fill_seconds,
        "page_size": worst.page_size,
        "p50_ms": milliseconds(everything, 0.5),
        "p99_ms": milliseconds(everything, 0.99),
        "worst": worst.filter_name,
        "worst_p99_ms": worst.p(0.99),
        "worst_p50_ms": max(each.p(0.5) for each in timings),
    }
    for each in timings:
        figures |= {f"{each.filter_name}_p50_ms": each.p(0.5), f"{each.filter_name}_p99_ms": each.p(0.99)}
    budgets = {"worst_p99_ms": at_most(BUDGET_MS)} if worst.page_size == BUDGET_PAGE_SIZE else {}
    return Report(f"list_{worst.page_size}", figures, budgets)


async def _timed(api: Api, name: str, request: ListFlowRunsRequest) -> _Timing:
    """The first calls warm up, unless the filter is so slow that there are only few."""
    taken: list[float] = []
    most = PAGE_SIZES[request.page_size] + WARM_UP_CALLS
    give_up = perf_counter() + MOST_SECONDS_A_FILTER
    while len(taken) < 2 or (len(taken) < most and perf_counter() < give_up):
        begin = perf_counter()
        await api.flow_runs.ListFlowRuns(request)
        taken.append(perf_counter() - begin)
    return _Timing(name, request.page_size, taken[min(WARM_UP_CALLS, len(taken) // 2) :], request)


async def _deep(api: Api, size: int) -> list[_Timing]:
    """Pages far from the newest run, each by the token of the one before; and one from the middle of all runs."""
    timings = []
    for name, wanted in (("deep", FlowRunFilter()), ("deep_state", FlowRunFilter(state_types=[_FAILED]))):
        request = ListFlowRunsRequest(page_size=size, filter=wanted)
        taken: list[float] = []
        for _ in range(DEEP_PAGES):
            begin = perf_counter()
            page = await api.flow_runs.ListFlowRuns(request)
            taken.append(perf_counter() - begin)
            request.page_token = page.next_page_token
        timings.append(_Timing(name, size, taken[1:], request))
    return timings


async def _explain(url: str, over: Sequence[_Timing], file: Path) -> None:
    """Plans of the slow ones, as the server's own statements get them."""
    async with StatementPlans(url) as plans:
        with file.open("w") as output:
            for each in over:
                output.write(f"==== {each.filter_name}: p50 {each.p(0.5)} ms, p99 {each.p(0.99)} ms\n")
                output.write(await plans.of(each.request) + "\n\n")


def _timestamp(moment: datetime) -> Timestamp:
    found = Timestamp()
    found.FromDatetime(moment)
    return found
