"""Calls over HTTP as telemetry sees them."""

import json
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass

from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from opentelemetry.trace import StatusCode

from orch_client.errors import Failure, OrchClientError
from orch_proto.v1.server_service_pb2 import GetServerInfoRequest, GetServerInfoResponse
from orch_server.application.telemetry import RPC_CALLS
from orch_server.web.asgi import Event
from orch_server.web.connect import ConnectApplication
from orch_server.web.methods import CallContext
from tests.support.seen_telemetry import Seen, attributes, seen

__all__ = ["seen"]

PATH = "/orch.v1.ServerService/GetServerInfo"
TRACE = "0af7651916cd43dd8448eb211c80319c"


@dataclass
class Scripted:
    """One method that answers, or fails as it is told."""

    failure: Failure | None = None
    service: str = "orch.v1.ServerService"
    name: str = "GetServerInfo"
    path: str = PATH
    request: type[Message] = GetServerInfoRequest
    response: type[Message] = GetServerInfoResponse
    streams: bool = False
    safe: bool = True

    async def call(self, request: Message, context: CallContext) -> Message:
        if self.failure is not None:
            raise OrchClientError(self.failure.message, self.failure)
        return GetServerInfoResponse(version="1")

    async def stream(self, request: Message, context: CallContext) -> AsyncGenerator[Message, None]:
        yield GetServerInfoResponse()


async def ask(method: Scripted, seen: Seen, refusal: Failure | None = None) -> tuple[int, Mapping[str, object]]:
    """Status and body of one call."""
    application = ConnectApplication(
        [method],
        lambda failure: Status(message=failure.message),
        lambda method, headers: refusal,
        seen.telemetry,
        max_message_bytes=1000,
    )
    events: list[Event] = []

    async def receive() -> Event:
        return {"type": "http.request", "body": b"{}"}

    async def send(event: Event) -> None:
        events.append(event)

    headers = [(b"content-type", b"application/json"), (b"traceparent", f"00-{TRACE}-b7ad6b7169203331-01".encode())]
    scope = {"type": "http", "method": "POST", "path": PATH, "root_path": "", "query_string": b"", "headers": headers}
    await application(scope, receive, send)
    return events[0]["status"], json.loads(events[1]["body"])


async def test_a_call_is_a_span_of_its_callers_trace_and_counted(seen: Seen) -> None:
    assert await ask(Scripted(), seen) == (200, {"version": "1"})

    [span] = seen.spans("orch.v1.ServerService/GetServerInfo")
    assert span.context is not None
    assert f"{span.context.trace_id:032x}" == TRACE
    assert attributes(span)["rpc.system"] == "connect_rpc"
    assert seen.numbers(RPC_CALLS) == {("OK", "GetServerInfo", "orch.v1.ServerService", "http"): 1}


async def test_what_is_the_servers_fault_fails_its_span_and_the_rest_does_not(seen: Seen) -> None:
    for code in ("NOT_FOUND", "UNAVAILABLE"):
        await ask(Scripted(Failure(code=code, message="no")), seen)

    refused, failed = seen.spans("orch.v1.ServerService/GetServerInfo")
    assert [span.status.status_code for span in (refused, failed)] == [StatusCode.UNSET, StatusCode.ERROR]
    assert attributes(refused)["rpc.connect_rpc.error_code"] == "not_found"


async def test_who_is_refused_at_the_door_is_counted_and_has_no_span(seen: Seen) -> None:
    refusal = Failure(code="UNAUTHENTICATED", message="Who are you?", reason="MISSING_KEY")

    status, body = await ask(Scripted(), seen, refusal)

    assert (status, body["code"], body["message"]) == (401, "unauthenticated", "Who are you?")
    assert not seen.spans("orch.v1.ServerService/GetServerInfo")
    [(code, *_)] = seen.numbers(RPC_CALLS)
    assert code == "UNAUTHENTICATED"
