"""What screens may ask wrongly: counts, orders, times, what has changed."""

from collections.abc import Iterator, Mapping

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1 import log_service_pb2 as logs
from orch_proto.v1 import state_pb2
from orch_proto.v1 import task_run_service_pb2 as task_runs
from tests.rpc.bad_input.building import NOWHERE, UNKNOWN_ENUM, Case
from tests.rpc.bad_input.world import NOW

_HOUR = Duration(seconds=3600)
_NO_TIME = Timestamp(seconds=1 << 40)


def _count(width: Duration | None = None, **conditions: object) -> Case:
    chosen = flow_runs.FlowRunFilter(**conditions)  # type: ignore[arg-type]
    request = flow_runs.CountFlowRunsRequest(filter=chosen, bucket_width=width)
    return Case(lambda _: request)


def _with(case: Case, *, field: str, says: str = "", reason: str = "INVALID_FIELD") -> Case:
    return Case(case.build, reason=reason, field=field, says=says)


def _upcoming(*states: state_pb2.StateType.ValueType) -> Case:
    request = flow_runs.ListFlowRunsRequest(
        order=flow_runs.FLOW_RUN_ORDER_SCHEDULED_TIME, filter=flow_runs.FlowRunFilter(state_types=states)
    )
    return Case(lambda _: request, field="filter.state_types", says="STATE_TYPE_SCHEDULED alone")


def _upcoming_named() -> Case:
    chosen = flow_runs.FlowRunFilter(state_types=[state_pb2.STATE_TYPE_SCHEDULED], state_names=["Late"])
    request = flow_runs.ListFlowRunsRequest(order=flow_runs.FLOW_RUN_ORDER_SCHEDULED_TIME, filter=chosen)
    return Case(lambda _: request, field="filter.state_names", says="empty")


COUNTS: Mapping[str, Case] = {
    "no begin": _with(_count(_HOUR), field="filter.create_time_from", says="is missing"),
    "no width": _with(_count(Duration(), create_time_from=NOW), field="bucket_width", says="a millisecond"),
    "negative": _with(_count(Duration(seconds=-1), create_time_from=NOW), field="bucket_width"),
    "nearly nothing": _with(_count(Duration(nanos=999_999), create_time_from=NOW), field="bucket_width"),
    "too many": _with(
        _count(Duration(nanos=1_000_000), create_time_from=Timestamp(seconds=1)),
        field="bucket_width",
        says="1000",
        reason="TOO_MANY_BUCKETS",
    ),
    "no time": _with(_count(_HOUR, create_time_from=_NO_TIME), field="filter.create_time_from"),
    "no state": _with(_count(state_types=[0]), field="filter.state_types"),
    "ids": _with(_count(flow_run_ids=["latest"]), field="filter.flow_run_ids"),
    "1001 ids": _with(_count(flow_run_ids=[NOWHERE] * 1001), field="filter.flow_run_ids", says="1000"),
}

ORDERS: Mapping[str, Case] = {
    "unknown": Case(lambda _: flow_runs.ListFlowRunsRequest(order=7), reason=UNKNOWN_ENUM, field="order"),  # type: ignore[arg-type]
    "of all states": _upcoming(),
    "of others": _upcoming(state_pb2.STATE_TYPE_RUNNING),
    "of others, too": _upcoming(state_pb2.STATE_TYPE_SCHEDULED, state_pb2.STATE_TYPE_PENDING),
    "of names, too": _upcoming_named(),
}

LOGS: Mapping[str, Case] = {
    "time_from": Case(
        lambda w: logs.ListLogsRequest(flow_run_id=w.flow_run_id, filter=logs.LogFilter(time_from=_NO_TIME)),
        field="filter.time_from",
    ),
    "time_to": Case(
        lambda w: logs.WatchLogsRequest(
            flow_run_id=w.flow_run_id, filter=logs.LogFilter(time_to=Timestamp(seconds=1, nanos=-1))
        ),
        field="filter.time_to",
    ),
    "unknown run": Case(
        lambda _: logs.ListLogsRequest(flow_run_id=NOWHERE, newest_first=True), "NOT_FOUND", "FLOW_RUN_NOT_FOUND"
    ),
    "no token": Case(
        lambda w: logs.ListLogsRequest(flow_run_id=w.flow_run_id, newest_first=True, page_token="x"),
        reason="FOREIGN_PAGE_TOKEN",
        field="page_token",
    ),
}

CHANGES: Mapping[str, Case] = {
    "no token": Case(
        lambda w: task_runs.ListTaskRunsRequest(flow_run_id=w.flow_run_id, changed_after="yesterday"),
        reason="FOREIGN_CHANGE_TOKEN",
        field="changed_after",
        says="Start again without it",
    ),
    "too long": Case(
        lambda w: task_runs.ListTaskRunsRequest(flow_run_id=w.flow_run_id, changed_after="x" * 10_000),
        field="changed_after",
    ),
}


def screen_cases() -> Iterator[tuple[str, Case]]:
    """Every case with its name."""
    for table, cases in {"count": COUNTS, "order": ORDERS, "log": LOGS, "changes": CHANGES}.items():
        for name, case in cases.items():
            yield f"{table}: {name}", case
