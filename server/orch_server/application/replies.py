"""Safe repeats: a mutating call that comes again with the same id gets the same answer, and nothing happens twice.

The answer is stored in the transaction that carried the call out, as the bytes that went over the wire.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from orch_server.application.errors import InvalidArgument
from orch_server.application.ports import Transaction
from orch_server.application.request_rows import AnsweredRequest

R = TypeVar("R")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Reply(Generic[R, A]):
    """How a use case's result `R` becomes a caller's answer `A`, and what makes the call repeatable.

    `request_id` None: the call is not repeatable. `fingerprint` is a digest of method and body.
    """

    request_id: UUID | None
    method: str
    fingerprint: bytes
    convert: Callable[[R], A]
    encode: Callable[[A], bytes]
    decode: Callable[[bytes], A]

    def recall(self, answered: AnsweredRequest) -> A:
        """The earlier answer; InvalidArgument where the id was used for another call."""
        if answered.method != self.method or answered.fingerprint != self.fingerprint:
            text = (
                f"{answered.id} was used for another {answered.method} call. Use a fresh UUID for a different request."
            )
            raise InvalidArgument.of("request_id", text, reason="REQUEST_ID_REUSED")
        return self.decode(answered.response)

    def remember(self, request_id: UUID, answer: A) -> AnsweredRequest:
        """What to store so that a repeat gets the same answer."""
        return AnsweredRequest(request_id, self.method, self.fingerprint, self.encode(answer))


def once(tx: Transaction, reply: Reply[R, A], work: Callable[[], R]) -> A:
    """Do `work` and convert its result, or recall the answer of the call that did it before."""
    if reply.request_id is None:
        return reply.convert(work())
    tx.requests.lock(reply.request_id)
    earlier = tx.requests.find([reply.request_id]).get(reply.request_id)
    if earlier is not None:
        return reply.recall(earlier)
    answer = reply.convert(work())
    tx.requests.add([reply.remember(reply.request_id, answer)])
    return answer
