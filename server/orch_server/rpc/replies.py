"""What makes a mutating RPC repeatable: its request id, and a digest of its body."""

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, TypeVar

from google.protobuf.message import Message

from orch_server.application.replies import Reply
from orch_server.rpc.convert.basics import parse_id

if TYPE_CHECKING:
    from uuid import UUID

R = TypeVar("R")
A = TypeVar("A", bound=Message)


class RepeatableRequest(Protocol):
    """A request message with a request_id."""

    request_id: str

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes:
        """The message's bytes."""
        ...


def reply_with(request: RepeatableRequest, answer_type: type[A], convert: Callable[[R], A]) -> Reply[R, A]:
    """The reply to a mutating request. InvalidArgument where request_id is given and no UUID."""
    request_id: UUID | None = parse_id(request.request_id, "request_id") if request.request_id else None
    fingerprint = b""
    if request_id is not None:
        fingerprint = hashlib.blake2b(request.SerializeToString(deterministic=True), digest_size=16).digest()
    return Reply(
        request_id=request_id,
        method=answer_type.__name__.removesuffix("Response"),
        fingerprint=fingerprint,
        convert=convert,
        encode=answer_type.SerializeToString,
        decode=answer_type.FromString,
    )
