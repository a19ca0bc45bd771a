"""Errors as a caller hears them."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

Detail = TypeVar("Detail", bound=Message)


@dataclass(frozen=True)
class Refusal:
    """What a caller hears: the code, the message, and the details by type."""

    code: grpc.StatusCode
    message: str
    details: Status

    @property
    def info(self) -> ErrorInfo:
        return self._one(ErrorInfo())

    @property
    def bad_request(self) -> BadRequest:
        return self._one(BadRequest())

    @property
    def retry_seconds(self) -> float:
        delay = self._one(RetryInfo()).retry_delay
        return delay.seconds + delay.nanos / 1e9

    def _one(self, detail: Detail) -> Detail:
        assert any(packed.Unpack(detail) for packed in self.details.details)
        return detail


async def refusal_of(call: Awaitable[object]) -> Refusal:
    """The error that a call ends with."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return refusal(caught.value)


def refusal(error: grpc.aio.AioRpcError) -> Refusal:
    (packed,) = [value for name, value in error.trailing_metadata() if name == "grpc-status-details-bin"]
    assert isinstance(packed, bytes)
    details = Status.FromString(packed)
    assert (details.code, details.message) == (error.code().value[0], error.details())
    return Refusal(error.code(), error.details() or "", details)
