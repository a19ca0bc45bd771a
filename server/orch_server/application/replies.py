"""Safe repeats: a mutating call that comes again with the same id gets the same answer, and nothing happens twice.

The answer is stored in the transaction that carried the call out, as the bytes that went over the wire.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, TypeVar
from uuid import UUID

from orch_server.application.errors import InvalidArgument, NotFound, OrchError
from orch_server.application.ports import Transaction
from orch_server.application.request_rows import AnsweredRequest
from orch_server.domain.values import value

R = TypeVar("R")
A = TypeVar("A")


@value
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


def once_each(
    tx: Transaction,
    replies: Sequence[Reply[R, A]],
    work: Callable[[Sequence[int]], Sequence[R | OrchError]],
) -> list[A | Exception]:
    """`once` for many calls that share a transaction: each is carried out, or answered as it was before.

    `work` is given the places of the calls to carry out and answers each, with its result or why it is refused.
    """
    asked = list(dict.fromkeys(each.request_id for each in replies if each.request_id is not None))
    before = tx.requests.find(asked) if asked else {}
    fresh = _first_of_each(replies, before)
    recalled, answers = dict(before), dict[int, A | Exception]()
    for place, outcome in zip(fresh, work(fresh), strict=True):
        reply = replies[place]
        if isinstance(outcome, OrchError):
            answers[place] = outcome
            continue
        answers[place] = answer = reply.convert(outcome)
        if reply.request_id is not None:
            recalled[reply.request_id] = reply.remember(reply.request_id, answer)
    tx.requests.add([recalled[each] for each in asked if each in recalled and each not in before])
    for place, reply in enumerate(replies):
        if place not in answers:
            repeated = _recall(reply, recalled)
            answers[place] = repeated
    return [answers[place] for place in range(len(replies))]


def _first_of_each(replies: Sequence[Reply[R, A]], before: Mapping[UUID, AnsweredRequest]) -> list[int]:
    """Places of the calls to carry out: not those answered before, and of repeats only the first."""
    seen = set(before)
    places: list[int] = []
    for place, each in enumerate(replies):
        if each.request_id is None or each.request_id not in seen:
            places.append(place)
        if each.request_id is not None:
            seen.add(each.request_id)
    return places


def _recall(reply: Reply[R, A], recalled: Mapping[UUID, AnsweredRequest]) -> A | OrchError:
    request_id = reply.request_id
    try:
        if request_id is None or request_id not in recalled:
            return NotFound("answer", str(request_id), "The call that it repeats has failed. Try again.")
        return reply.recall(recalled[request_id])
    except OrchError as error:
        return error
