"""What makes a mutating RPC repeatable: its request id, and a digest of its body."""

import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

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

    def CopyFrom(self, other: Self, /) -> None:
        """Become like another message of the type."""
        ...

    def ClearField(self, field_name: Any, /) -> None:  # noqa: ANN401 - each message has its own literals
        """Unset a field."""
        ...


def reply_with(
    request: RepeatableRequest, answer_type: type[A], convert: Callable[[R], A], *, varying: Sequence[str] = ()
) -> Reply[R, A]:
    """The reply to a mutating request, whose repeat may differ in the fields named as `varying`, and in no other.

    InvalidArgument where request_id is given and no UUID.
    """
    request_id: UUID | None = parse_id(request.request_id, "request_id") if request.request_id else None
    fingerprint = b""
    if request_id is not None:
        fingerprint = _digest(request, varying)
    return Reply(
        request_id=request_id,
        method=answer_type.__name__.removesuffix("Response"),
        fingerprint=fingerprint,
        convert=convert,
        encode=answer_type.SerializeToString,
        decode=answer_type.FromString,
    )


def _digest(request: RepeatableRequest, varying: Sequence[str]) -> bytes:
    if varying:
        whole, request = request, type(request)()
        request.CopyFrom(whole)
        for name in varying:
            request.ClearField(name)
    return hashlib.blake2b(request.SerializeToString(deterministic=True), digest_size=16).digest()
