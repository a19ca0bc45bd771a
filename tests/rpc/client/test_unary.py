"""Unary calls: retried where that is safe, and told of in errors that help."""

import grpc
import pytest

from orch_client import (
    ConflictError,
    DeadlineError,
    IncompatibleServerError,
    InvalidArgumentError,
    NotFoundError,
    OverloadedError,
    ServerError,
    UnauthenticatedError,
    UnavailableError,
)
from orch_client.errors import FieldViolation
from orch_proto.v1 import flow_run_service_pb2 as flow_runs
from orch_proto.v1 import lease_service_pb2 as leases
from orch_proto.v1.flow_run_pb2 import FlowRun
from tests.rpc.client.support import (
    UNAVAILABLE,
    Connector,
    Refusal,
    Script,
    error_info,
    handlers,
    retry_info,
    serving,
    violation,
)

GET = flow_runs.GetFlowRunRequest(flow_run_id="r")
FOUND = flow_runs.GetFlowRunResponse()
FOUND.flow_run.flow_run_id = "r"
CREATE = flow_runs.CreateFlowRunRequest(flow_name="etl")


def runs(name: str, script: Script) -> grpc.GenericRpcHandler:
    return handlers("FlowRunService", {name: script}, flow_runs)


async def test_an_answer_comes_back(connected: Connector) -> None:
    script = Script([FOUND])
    async with serving(runs("GetFlowRun", script)) as port:
        client = connected(port)

        assert await client.call(lambda c: c.flow_runs.GetFlowRun(GET)) == FOUND

    assert script.requests == [GET]
    assert client.time.slept == []


async def test_a_read_is_repeated_when_the_control_plane_says(connected: Connector) -> None:
    busy = Refusal(grpc.StatusCode.UNAVAILABLE, details=(error_info("DATABASE_UNAVAILABLE"), retry_info(3)))
    script = Script([busy, FOUND])
    async with serving(runs("GetFlowRun", script)) as port:
        client = connected(port)

        assert await client.call(lambda c: c.flow_runs.GetFlowRun(GET)) == FOUND

    assert client.time.slept == [3]


async def test_without_a_word_on_when_the_delay_grows(connected: Connector) -> None:
    script = Script([UNAVAILABLE, UNAVAILABLE, UNAVAILABLE, FOUND])
    async with serving(runs("GetFlowRun", script)) as port:
        client = connected(port)

        await client.call(lambda c: c.flow_runs.GetFlowRun(GET))

    assert client.time.slept == [0.05, 0.1, 0.2]


async def test_overload_is_waited_for_only_where_it_says_how_long(connected: Connector) -> None:
    full = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, details=(retry_info(2),))
    script = Script([full, FOUND, Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED)])
    async with serving(runs("GetFlowRun", script)) as port:
        client = connected(port)

        await client.call(lambda c: c.flow_runs.GetFlowRun(GET))
        with pytest.raises(OverloadedError):
            await client.call(lambda c: c.flow_runs.GetFlowRun(GET))

    assert client.time.slept == [2]


async def test_a_create_is_repeated_under_one_request_id_and_two_creates_are_two(connected: Connector) -> None:
    answer = flow_runs.CreateFlowRunResponse(created=True)
    script = Script([UNAVAILABLE, answer, answer])
    async with serving(runs("CreateFlowRun", script)) as port:
        client = connected(port)

        await client.call(lambda c: c.flow_runs.CreateFlowRun(CREATE))
        await client.call(lambda c: c.flow_runs.CreateFlowRun(CREATE))

    assert [request.request_id for request in script.requests] == ["id-1", "id-1", "id-2"]


async def test_a_call_that_may_not_be_repeated_is_sent_once(connected: Connector) -> None:
    script = Script([Refusal(grpc.StatusCode.UNAVAILABLE, details=(retry_info(1),))])
    unknown = grpc.method_handlers_generic_handler(
        "other.v1.Service", {"DoThing": grpc.unary_unary_rpc_method_handler(script.unary, GET.FromString)}
    )
    async with serving(unknown) as port:
        client = connected(port)

        with pytest.raises(UnavailableError):
            await client.call(
                lambda c: c.transport.unary_unary(
                    "/other.v1.Service/DoThing", request_serializer=type(GET).SerializeToString
                )(GET)
            )

    assert len(script.requests) == 1
    assert client.time.slept == []


async def test_a_heartbeat_is_repeated(connected: Connector) -> None:
    script = Script([UNAVAILABLE, leases.SyncLeasesResponse(drain=True)])
    async with serving(handlers("LeaseService", {"SyncLeases": script}, leases)) as port:
        client = connected(port)

        answer = await client.call(lambda c: c.leases.SyncLeases(leases.SyncLeasesRequest(session_id="s")))

    assert answer.drain


async def test_retries_end_with_the_deadline(connected: Connector) -> None:
    busy = Refusal(grpc.StatusCode.UNAVAILABLE, "The database is away.", (error_info("AWAY"), retry_info(4)))
    script = Script([busy] * 5)
    async with serving(runs("GetFlowRun", script)) as port:
        client = connected(port)

        with pytest.raises(UnavailableError, match="The database is away") as caught:
            await client.call(lambda c: c.flow_runs.GetFlowRun(GET, timeout=10))

    assert client.time.slept == [4, 4]
    assert caught.value.reason == "AWAY"
    assert caught.value.retry_after_seconds == 4


async def test_wrong_fields_are_named(connected: Connector) -> None:
    details = (error_info("INVALID_FIELD"), violation("flow_name", "is empty"))
    script = Script([Refusal(grpc.StatusCode.INVALID_ARGUMENT, "flow_name: is empty", details)])
    async with serving(runs("CreateFlowRun", script)) as port:
        client = connected(port)

        with pytest.raises(InvalidArgumentError, match="flow_name: is empty") as caught:
            await client.call(lambda c: c.flow_runs.CreateFlowRun(CREATE))

    assert caught.value.violations == (FieldViolation("flow_name", "is empty"),)
    assert caught.value.reason == "INVALID_FIELD"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.NOT_FOUND, NotFoundError),
        (grpc.StatusCode.ABORTED, ConflictError),
        (grpc.StatusCode.INTERNAL, ServerError),
        (grpc.StatusCode.UNAUTHENTICATED, UnauthenticatedError),
        (grpc.StatusCode.DEADLINE_EXCEEDED, DeadlineError),
    ],
)
async def test_other_failures_are_not_repeated(
    connected: Connector, code: grpc.StatusCode, kind: type[Exception]
) -> None:
    script = Script([Refusal(code, details=(retry_info(1),))])
    async with serving(runs("GetFlowRun", script)) as port:
        client = connected(port)

        with pytest.raises(kind):
            await client.call(lambda c: c.flow_runs.GetFlowRun(GET))

    assert client.time.slept == []


async def test_a_call_that_the_server_does_not_know(connected: Connector) -> None:
    async with serving() as port:
        client = connected(port)

        with pytest.raises(IncompatibleServerError, match=r"does not know FlowRunService\.GetFlowRun"):
            await client.call(lambda c: c.flow_runs.GetFlowRun(GET))


async def test_where_nobody_listens_the_address_is_named(connected: Connector) -> None:
    async with serving() as port:
        pass
    client = connected(port)

    with pytest.raises(UnavailableError, match=f"Cannot reach the control plane at http://localhost:{port}"):
        await client.call(lambda c: c.flow_runs.GetFlowRun(GET, timeout=2))

    assert sum(client.time.slept) < 2


async def test_each_call_has_a_deadline(connected: Connector) -> None:
    acquired = leases.AcquireLeasesResponse()
    reads, polls = Script([FOUND, FOUND]), Script([acquired])
    async with serving(runs("GetFlowRun", reads), handlers("LeaseService", {"AcquireLeases": polls}, leases)) as port:
        client = connected(port)
        poll = leases.AcquireLeasesRequest(session_id="s")
        poll.wait.FromSeconds(50)

        await client.call(lambda c: c.flow_runs.GetFlowRun(GET))
        await client.call(lambda c: c.flow_runs.GetFlowRun(GET, timeout=1000))
        await client.call(lambda c: c.leases.AcquireLeases(poll))

    # What is left of 30, 1000 and 80 seconds when the call arrives; what is sent is rounded up.
    usual, given, patient = *reads.deadlines, *polls.deadlines
    assert 10 < usual < 31 < patient < 82 < 900 < given


async def test_pages_follow_each_other(connected: Connector) -> None:
    def page(*ids: str, then: str = "") -> flow_runs.ListFlowRunsResponse:
        response = flow_runs.ListFlowRunsResponse(next_page_token=then)
        for flow_run_id in ids:
            response.flow_runs.add(flow_run_id=flow_run_id)
        return response

    request = flow_runs.ListFlowRunsRequest(page_size=2)
    script = Script([page("a", "b", then="t1"), UNAVAILABLE, page(then="t2"), page("c")])
    async with serving(runs("ListFlowRuns", script)) as port:
        client = connected(port)

        found = await client.collect(lambda c: c.items(c.flow_runs.ListFlowRuns, request, of=FlowRun))

    assert [run.flow_run_id for run in found] == ["a", "b", "c"]
    assert [(r.page_size, r.page_token) for r in script.requests] == [(2, ""), (2, "t1"), (2, "t1"), (2, "t2")]


async def test_the_key_goes_with_every_attempt(connected: Connector) -> None:
    script = Script([UNAVAILABLE, FOUND])
    async with serving(runs("GetFlowRun", script)) as port:
        client = connected(port, api_key="k-1")

        await client.call(lambda c: c.flow_runs.GetFlowRun(GET, metadata=(("x-mine", "1"),)))

    assert [(m["authorization"], m["x-mine"]) for m in script.metadata] == [("Bearer k-1", "1")] * 2


async def test_without_a_key_none_is_sent(connected: Connector) -> None:
    script = Script([FOUND])
    async with serving(runs("GetFlowRun", script)) as port:
        client = connected(port)

        await client.call(lambda c: c.flow_runs.GetFlowRun(GET))

    assert "authorization" not in script.metadata[0]


async def test_a_wrong_key_is_told_so(connected: Connector) -> None:
    script = Script([Refusal(grpc.StatusCode.UNAUTHENTICATED, "No such key.")])
    async with serving(runs("GetFlowRun", script)) as port:
        client = connected(port, api_key="wrong")

        with pytest.raises(UnauthenticatedError, match=r"does not accept this API key: No such key\.") as caught:
            await client.call(lambda c: c.flow_runs.GetFlowRun(GET))

    assert "wrong" not in str(caught.value)
