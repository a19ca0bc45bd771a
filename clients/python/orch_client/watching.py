"""How a watch goes on when its stream breaks. Pure: time and chance are handed in.

A watch knows how far it came (`methods.RESUMPTIONS`) and asks for what follows. An answer that brings it no further has
been seen before and is dropped. A stream that the server ends has ended; one that breaks is opened again.
"""

from typing import Generic, TypeVar

from google.protobuf.message import Message

from orch_client.errors import Failure
from orch_client.methods import MethodRule
from orch_client.retry import RetryRule, is_broken_stream

RequestT = TypeVar("RequestT", bound=Message)

# A stream that lived this long was connected, though nothing was said on it. Longer than gRPC tries to connect (20 s).
PROVEN_AFTER_SECONDS = 30.0


class WatchPosition(Generic[RequestT]):
    """Where one watch is, and how it fares. Used by one driver at a time."""

    def __init__(self, request: RequestT, *, rule: MethodRule, retry: RetryRule, timeout_seconds: float) -> None:
        self._request = type(request)()
        self._request.CopyFrom(request)
        self._rule = rule
        self._retry = retry
        self._patience = timeout_seconds
        self._opened_at = 0.0
        self._cut_off_at: float | None = None
        self._failed = 0

    def opened(self, now: float) -> RequestT:
        """The request that opens the stream, now or again."""
        self._opened_at = now
        opening = type(self._request)()
        opening.CopyFrom(self._request)
        return opening

    def heard(self, response: Message) -> bool:
        """Takes an answer in. False for one that has been seen before."""
        self._connected()
        if self._rule.resume is None:
            return True
        field, position = self._rule.resume.request_field, self._rule.resume.position(response)
        seen: object = getattr(self._request, field)
        if isinstance(position, int) and isinstance(seen, int) and position <= seen:
            return False
        if position:
            setattr(self._request, field, position)
        return True

    def broken(self, failure: Failure, *, now: float, chance: float) -> float | None:
        """How long to wait before opening the stream again; None: the failure stands."""
        if not self._rule.repeatable or not is_broken_stream(failure):
            return None
        if now - self._opened_at >= PROVEN_AFTER_SECONDS:
            self._connected()
        if self._cut_off_at is None:
            self._cut_off_at = now
        self._failed += 1
        delay = self._retry.delay_seconds(
            failed_attempts=self._failed, retry_after_seconds=failure.retry_after_seconds, chance=chance
        )
        return delay if now + delay - self._cut_off_at < self._patience else None

    def _connected(self) -> None:
        self._failed = 0
        self._cut_off_at = None
        self._patience = max(self._patience, self._retry.watch_patience_seconds)
