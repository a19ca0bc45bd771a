"""What is wrong is refused with the right code, a reason and the field, and nothing is written."""

import base64
from collections.abc import Sequence
from typing import TypeVar
from uuid import uuid4

import grpc
import pytest
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1 import lease_pb2, state_pb2
from orch_proto.v1 import lease_service_pb2 as leases
from orch_proto.v1 import log_service_pb2 as logs
from orch_proto.v1 import task_run_service_pb2 as task_runs
from orch_proto.v1 import work_pool_service_pb2 as work_pools
from orch_proto.v1 import worker_service_pb2 as workers
from tests.rpc.bad_input.building import NOWHERE, Case, append, create, report, task_report
from tests.rpc.bad_input.caller import CALL_SECONDS, Answer, call
from tests.rpc.bad_input.cases import all_cases
from tests.rpc.bad_input.deployment_cases import deployment_cases
from tests.rpc.bad_input.process_run_cases import process_run_cases
from tests.rpc.bad_input.screen_cases import screen_cases
from tests.rpc.bad_input.world import World, snapshot

pytestmark = pytest.mark.slow

M = TypeVar("M", bound=Message)


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=name)
        for name, case in (*all_cases(), *process_run_cases(), *deployment_cases(), *screen_cases())
    ],
)
def test_what_is_wrong_is_refused_and_writes_nothing(case: Case, channel: grpc.Channel, still_world: World) -> None:
    before = snapshot(channel, still_world)

    answer = call(channel, case.build(still_world), seconds=CALL_SECONDS)

    assert (answer.code, answer.reason) == (case.code, case.reason), answer
    assert case.says in answer.message
    if case.field:
        assert case.field in answer.fields
    assert snapshot(channel, still_world) == before


# Verdicts: what holders are told is an answer, not an error


STALE: Sequence[tuple[str, int]] = [("older", -1), ("newer", 1)]


@pytest.mark.parametrize("offset", [offset for _, offset in STALE], ids=[name for name, _ in STALE])
def test_a_stale_token_is_told_lost_and_writes_nothing(offset: int, channel: grpc.Channel, world: World) -> None:
    before = snapshot(channel, world)
    token = world.token + offset
    held = leases.HeldLease(flow_run_id=world.flow_run_id, token=token)

    reported = ok(call(channel, report(world, token=token)), leases.ReportRunsResponse())
    synced = ok(call(channel, leases.SyncLeasesRequest(held=[held])), leases.SyncLeasesResponse())
    released = ok(call(channel, leases.ReleaseLeasesRequest(leases=[held])), leases.ReleaseLeasesResponse())
    appended = ok(call(channel, append(world, token=token)), logs.AppendLogsResponse())
    news = task_report(world)
    news.token = token
    task_reported = ok(call(channel, news), task_runs.ReportTaskRunsResponse())

    assert [each.verdict for each in reported.reports] == [lease_pb2.REPORT_VERDICT_LOST]
    assert [each.verdict for each in synced.leases] == [lease_pb2.LEASE_VERDICT_LOST]
    assert [each.verdict for each in released.reports] == [lease_pb2.REPORT_VERDICT_LOST]
    assert appended.verdict == lease_pb2.REPORT_VERDICT_LOST
    assert task_reported.verdict == lease_pb2.REPORT_VERDICT_LOST
    assert snapshot(channel, world) == before


@pytest.mark.parametrize("number", [2**63 - 1, -(2**63), 0, -1])
def test_a_token_of_any_size_is_told_lost(number: int, channel: grpc.Channel, world: World) -> None:
    before = snapshot(channel, world)

    reported = ok(call(channel, report(world, token=number)), leases.ReportRunsResponse())
    appended = ok(call(channel, append(world, token=number)), logs.AppendLogsResponse())

    assert [each.verdict for each in reported.reports] == [lease_pb2.REPORT_VERDICT_LOST]
    assert appended.verdict == lease_pb2.REPORT_VERDICT_LOST
    assert snapshot(channel, world) == before


def test_a_report_of_a_run_that_is_not_there_is_told_lost(channel: grpc.Channel, world: World) -> None:
    reported = ok(call(channel, report(world, flow_run_id=NOWHERE)), leases.ReportRunsResponse())

    assert [each.verdict for each in reported.reports] == [lease_pb2.REPORT_VERDICT_LOST]


@pytest.mark.parametrize(
    "wrong",
    [state_pb2.STATE_TYPE_RUNNING, state_pb2.STATE_TYPE_FAILED, state_pb2.STATE_TYPE_CANCELLED],
    ids=state_pb2.StateType.Name,
)
def test_an_ended_run_stays_as_it_ended(
    wrong: state_pb2.StateType.ValueType, channel: grpc.Channel, world: World
) -> None:
    ok(call(channel, report(world)), leases.ReportRunsResponse())
    before = snapshot(channel, world)

    late = report(world, sequence=3, state=state_pb2.State(type=wrong))
    answer = ok(call(channel, late), leases.ReportRunsResponse())

    assert [each.verdict for each in answer.reports] == [lease_pb2.REPORT_VERDICT_INVALID]
    assert [each.state_type for each in answer.reports] == [state_pb2.STATE_TYPE_COMPLETED]
    assert snapshot(channel, world) == before


def test_a_release_of_a_run_that_has_started_is_invalid(channel: grpc.Channel, world: World) -> None:
    before = snapshot(channel, world)
    held = leases.HeldLease(flow_run_id=world.flow_run_id, token=world.token)

    answer = ok(call(channel, leases.ReleaseLeasesRequest(leases=[held])), leases.ReleaseLeasesResponse())

    assert [each.verdict for each in answer.reports] == [lease_pb2.REPORT_VERDICT_INVALID]
    assert snapshot(channel, world) == before


@pytest.mark.parametrize("offset", [2, 2**63 - 1])
def test_a_gap_in_a_log_is_invalid(offset: int, channel: grpc.Channel, world: World) -> None:
    before = snapshot(channel, world)

    answer = ok(call(channel, append(world, offset=offset)), logs.AppendLogsResponse())

    assert (answer.verdict, answer.committed_offset) == (lease_pb2.REPORT_VERDICT_INVALID, 1)
    assert snapshot(channel, world) == before


# Repeats


def test_a_repeat_is_answered_byte_for_byte(channel: grpc.Channel, world: World) -> None:
    request = create(world, request_id=str(uuid4()), tags=["b", "a"], parameters_json='{"b":1,  "a":2}')
    first = call(channel, request)
    before = snapshot(channel, world)

    again = call(channel, request)

    assert first.ok
    assert again.response == first.response
    assert snapshot(channel, world) == before


def test_a_repeat_of_a_refused_call_is_refused_alike(channel: grpc.Channel, world: World) -> None:
    request = create(world, request_id=str(uuid4()), work_pool_name="nowhere")

    assert call(channel, request) == call(channel, request)


def test_a_refused_call_does_not_use_up_its_request_id(channel: grpc.Channel, world: World) -> None:
    request = create(world, request_id=str(uuid4()), parameters_json="{")
    assert call(channel, request).code == "INVALID_ARGUMENT"

    request.parameters_json = "{}"

    assert call(channel, request).ok


# Page tokens


def token_of_runs(channel: grpc.Channel) -> str:
    answer = ok(call(channel, flow_runs.ListFlowRunsRequest(page_size=1)), flow_runs.ListFlowRunsResponse())
    assert answer.next_page_token
    return answer.next_page_token


def elsewhere(token: str, world: World) -> list[Message]:
    """Lists that did not give this token out."""
    return [
        flow_runs.ListFlowRunsRequest(page_token=token, filter=flow_runs.FlowRunFilter(flow_names=[world.flow])),
        work_pools.ListWorkPoolsRequest(page_token=token),
        workers.ListWorkersRequest(page_token=token),
        leases.ListLeasesRequest(page_token=token),
        flow_runs.ListFlowRunStatesRequest(page_token=token, flow_run_id=world.flow_run_id),
        task_runs.ListTaskRunsRequest(page_token=token, flow_run_id=world.flow_run_id),
        logs.ListLogsRequest(page_token=token, flow_run_id=world.flow_run_id),
        logs.ListLogsRequest(page_token=token, flow_run_id=world.flow_run_id, newest_first=True),
    ]


def test_a_page_token_counts_only_where_it_came_from(channel: grpc.Channel, world: World) -> None:
    token = token_of_runs(channel)

    for request in elsewhere(token, world):
        answer = call(channel, request)
        assert (answer.code, answer.reason) == ("INVALID_ARGUMENT", "FOREIGN_PAGE_TOKEN"), request
        assert answer.fields == ("page_token",)


def test_a_truncated_page_token_is_refused(channel: grpc.Channel, world: World) -> None:
    token = token_of_runs(channel)

    for length in range(1, len(token)):
        answer = call(channel, flow_runs.ListFlowRunsRequest(page_token=token[:length]))
        assert (answer.code, answer.reason) == ("INVALID_ARGUMENT", "FOREIGN_PAGE_TOKEN"), token[:length]


FORGED_KEYS = (
    *("[]", "[1]", "[null]", "{}", "[[]]", "[-1]", "[1, 2, 3]", "[true]", "[1e999]", '["1"]'),
    *('["x"]', r'["\u0000"]', r'["\ud800"]', "[9223372036854775808]"),
)


@pytest.mark.parametrize("key", FORGED_KEYS)
def test_a_page_token_with_a_forged_key_is_no_bug(key: str, channel: grpc.Channel, world: World) -> None:
    lists: list[Message] = [
        flow_runs.ListFlowRunsRequest(page_size=1),
        flow_runs.ListFlowRunStatesRequest(page_size=1, flow_run_id=world.flow_run_id),
        work_pools.ListWorkPoolsRequest(page_size=1),
    ]
    for request in lists:
        answer = call(channel, forged(channel, request, key))
        assert answer.code in {"OK", "INVALID_ARGUMENT"}, (request, answer)


def forged(channel: grpc.Channel, request: Message, key: str) -> Message:
    """The same list with a real token, whose key is replaced."""
    answer = {
        "ListFlowRunsRequest": flow_runs.ListFlowRunsResponse,
        "ListFlowRunStatesRequest": flow_runs.ListFlowRunStatesResponse,
        "ListWorkPoolsRequest": work_pools.ListWorkPoolsResponse,
    }[type(request).__name__]()
    token = ok(call(channel, request), answer).next_page_token
    text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    digest = text.split(",")[0]
    request.page_token = base64.urlsafe_b64encode(f"{digest},{key}]".encode()).decode().rstrip("=")  # type: ignore[attr-defined]
    return request


# What looks wrong and is not


@pytest.mark.parametrize("nanos", [999_999_999, 999_999_000, 999_998_000])
def test_the_end_of_time_can_be_stored_and_read(nanos: int, channel: grpc.Channel, world: World) -> None:
    """PostgreSQL's driver takes the last microsecond for infinity."""
    last = Timestamp(seconds=253_402_300_799, nanos=nanos)
    run = ok(call(channel, create(world, scheduled_time=last)), flow_runs.CreateFlowRunResponse()).flow_run
    by_flow = flow_runs.FlowRunFilter(flow_names=[world.flow], create_time_to=last)

    listed = ok(call(channel, flow_runs.ListFlowRunsRequest(filter=by_flow)), flow_runs.ListFlowRunsResponse())

    assert run.scheduled_time.seconds == last.seconds
    assert run in listed.flow_runs


@pytest.mark.parametrize("seconds", [-62_135_596_800, 253_402_300_799])
def test_task_runs_may_name_any_time(seconds: int, channel: grpc.Channel, world: World) -> None:
    time = Timestamp(seconds=seconds, nanos=0 if seconds < 0 else 999_999_999)
    ok(call(channel, task_report(world, start_time=time, end_time=time)), task_runs.ReportTaskRunsResponse())

    listed = call(channel, task_runs.ListTaskRunsRequest(flow_run_id=world.flow_run_id))

    ended = {each.end_time.seconds for each in ok(listed, task_runs.ListTaskRunsResponse()).task_runs}
    assert seconds in ended


GOOD_JSON = [
    '{"text": "\\u0000"}',
    '{"text": "\\ud800"}',
    '{"\\udfff": null}',
    '{"big": ' + "9" * 4000 + "}",
    '{"day": 1, "day": 2}',
    '{"deep": ' + "[" * 199 + "]" * 199 + "}",
    ' {"spaces" : 1}\n',
]


@pytest.mark.parametrize("text", GOOD_JSON, ids=lambda text: text[:20])
def test_parameters_are_kept_byte_for_byte(text: str, channel: grpc.Channel, world: World) -> None:
    answer = ok(call(channel, create(world, parameters_json=text)), flow_runs.CreateFlowRunResponse())

    read = call(channel, flow_runs.GetFlowRunRequest(flow_run_id=answer.flow_run.flow_run_id))

    assert ok(read, flow_runs.GetFlowRunResponse()).flow_run.parameters_json == text


@pytest.mark.parametrize("text", GOOD_JSON, ids=lambda text: text[:20])
def test_parameters_are_laid_over_a_deployments(text: str, channel: grpc.Channel, world: World) -> None:
    request = flow_runs.CreateFlowRunRequest(deployment_id=world.deployment_id, parameters_json=text)

    answer = call(channel, request)

    assert answer.ok, answer


def ok(answer: Answer, response: M) -> M:
    """The response in an answer that is no refusal."""
    assert answer.ok, answer
    response.ParseFromString(answer.response)
    return response
