"""Calls any method of the contract and takes the answer apart: the status, and what its details say."""

from dataclasses import dataclass, field
from typing import cast

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status

from tests.support import contract

CALL_SECONDS = 40.0
"""Longer than any call may take that waits for nothing."""
_WAITING_SECONDS = 0.1
_WAITING = frozenset({"AcquireLeases", "WatchFlowRun", "WatchLogs", "WatchSession"})
"""Methods that wait where nothing is wrong. DEADLINE_EXCEEDED is a good answer of theirs."""

METHODS = {method.name: method for method in contract.methods()}
"""By name: "CreateFlowRun"."""


@dataclass(frozen=True)
class Answer:
    """What came back. `code` is the canonical code's name."""

    code: str
    response: bytes = b""
    message: str = ""
    reason: str = ""
    fields: tuple[str, ...] = ()
    metadata: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.code == "OK"


def call(channel: grpc.Channel, request: Message, *, seconds: float | None = None) -> Answer:
    """Sends a request to the method that takes it: `CreateFlowRunRequest` to `CreateFlowRun`."""
    method = METHODS[type(request).__name__.removesuffix("Request")]
    return call_raw(channel, method, request.SerializeToString(), seconds=seconds)


def call_raw(
    channel: grpc.Channel, method: MethodDescriptor, request: bytes, *, seconds: float | None = None
) -> Answer:
    """Sends any bytes to a method. Of a stream, the first answer counts."""
    timeout = seconds or (_WAITING_SECONDS if method.name in _WAITING else CALL_SECONDS)
    try:
        if method.server_streaming:
            stream = channel.unary_stream(contract.path(method), bytes, bytes)(request, timeout=timeout)
            response = next(stream, b"")
            stream.cancel()
        else:
            response = channel.unary_unary(contract.path(method), bytes, bytes)(request, timeout=timeout)
    except grpc.RpcError as error:
        return _refused(cast("grpc.Call", error))
    return Answer("OK", response=response)


def waits(method: MethodDescriptor) -> bool:
    """Whether a method waits where nothing is wrong."""
    return method.name in _WAITING


def _refused(error: grpc.Call) -> Answer:
    status, info, bad_request = Status(), ErrorInfo(), BadRequest()
    for name, value in error.trailing_metadata() or ():
        if name == "grpc-status-details-bin" and isinstance(value, bytes):
            status.ParseFromString(value)
    for detail in status.details:
        detail.Unpack(info)
        detail.Unpack(bad_request)
    return Answer(
        code=error.code().name,
        message=error.details() or "",
        reason=info.reason,
        fields=tuple(violation.field for violation in bad_request.field_violations),
        metadata=dict(info.metadata),
    )


def assert_answered(answer: Answer, method: MethodDescriptor) -> None:
    """It was answered, or refused for a reason that a program can read. Never INTERNAL or UNKNOWN, never too late."""
    if answer.ok or (waits(method) and answer.code == "DEADLINE_EXCEEDED"):
        return
    assert answer.code in REFUSALS, answer
    assert answer.reason, answer
    assert answer.message, answer
    if answer.code == "INVALID_ARGUMENT" and answer.reason != "MALFORMED_REQUEST":
        assert answer.fields, answer


REFUSALS = frozenset({"INVALID_ARGUMENT", "NOT_FOUND", "ALREADY_EXISTS", "FAILED_PRECONDITION", "ABORTED"})
"""What may be said to a caller who asks for what cannot be."""
