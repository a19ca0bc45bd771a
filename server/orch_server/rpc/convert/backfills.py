"""Backfills of schedules."""

from datetime import UTC, datetime

from orch_proto.v1 import schedule_service_pb2
from orch_server.application.backfilling import MOST_RUNS, Backfill, Backfilled
from orch_server.domain.schedules import OverlapPolicy
from orch_server.rpc.convert.basics import from_timestamp, optional_time, parse_enum, parse_id, to_timestamp
from orch_server.rpc.convert.findings import Findings

_TAKEN = frozenset({None, OverlapPolicy.ALLOW, OverlapPolicy.QUEUE})
_NO_ID, _NO_TIME = "00000000-0000-0000-0000-000000000000", datetime(2000, 1, 1, tzinfo=UTC)
"""Stand in for what was found wrong."""


def to_backfill(request: schedule_service_pb2.BackfillScheduleRequest) -> Backfill:
    """Which times to make up for. InvalidArgument names every wrong field."""
    with Findings() as findings:
        schedule_id = findings.read(
            lambda: parse_id(request.schedule_id, "schedule_id"), parse_id(_NO_ID, "schedule_id")
        )
        findings.expect(request.HasField("from_time"), "from_time", "is missing.")
        since = findings.read(lambda: from_timestamp(request.from_time, "from_time"), _NO_TIME)
        until = findings.read(lambda: optional_time(request, "until_time"), None)
        fits = 0 <= request.max_runs <= MOST_RUNS
        findings.expect(fits, "max_runs", f"{request.max_runs} is not between 0 (the default) and {MOST_RUNS}.")
        overlap = findings.read(lambda: parse_enum(request.overlap_policy, OverlapPolicy, "overlap_policy"), None)
        findings.expect(overlap in _TAKEN, "overlap_policy", "must be ALLOW or QUEUE, or not given.")
    return Backfill(schedule_id, since, until, request.max_runs or MOST_RUNS, overlap)


def backfilled_message(backfilled: Backfilled) -> schedule_service_pb2.BackfillScheduleResponse:
    """What a backfill has made, on the wire."""
    return schedule_service_pb2.BackfillScheduleResponse(
        flow_run_ids=map(str, backfilled.run_ids),
        nominal_times=[time for each in backfilled.nominal_times if (time := to_timestamp(each)) is not None],
        existing_runs=backfilled.existing_runs,
        next_from_time=to_timestamp(backfilled.following),
    )
