"""One call from its first attempt to its end: all that the sync and the async driver need to know, without I/O.

A driver sends `request` with `timeout()` and `metadata`, hands a failure to `delay_after`, which says how long to wait
or raises the typed error, and waits.
"""

import random
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from google.protobuf.message import Message

from orch_client.errors import Failure
from orch_client.methods import MethodRule, rule_for
from orch_client.retry import Attempts
from orch_client.settings import ClientSettings
from orch_client.status import error_for
from orch_client.watching import WatchPosition

RequestT = TypeVar("RequestT", bound=Message)

Metadata = tuple[tuple[str, str | bytes], ...]
_FOR_EVER = float("inf")


@dataclass(frozen=True, slots=True)
class Sources:
    """Time, chance and ids."""

    monotonic: Callable[[], float] = time.monotonic
    """Seconds on a clock that never goes back."""
    chance: Callable[[], float] = random.random
    """At random, from 0 up to 1."""
    new_id: Callable[[], str] = lambda: str(uuid.uuid4())
    """A fresh UUID."""


@dataclass(frozen=True, slots=True)
class MethodPlan:
    """How one client calls one method."""

    rule: MethodRule
    settings: ClientSettings
    sources: Sources

    @classmethod
    def of(cls, path: str, settings: ClientSettings, sources: Sources) -> "MethodPlan":
        """The plan for the method at a wire path, "/orch.v1.FlowRunService/GetFlowRun"."""
        return cls(rule_for(path), settings, sources)

    def metadata(self, more: Iterable[tuple[str, str | bytes]] | None) -> Metadata:
        """What is sent beside the request: the caller's own, and the key."""
        key = self.settings.api_key
        return (*(more or ()), *((("authorization", f"Bearer {key}"),) if key else ()))


class UnaryCall(Generic[RequestT]):
    """A unary call under way."""

    def __init__(self, plan: MethodPlan, request: RequestT, timeout_seconds: float | None) -> None:
        self._plan = plan
        self.request = plan.rule.prepared(request, plan.sources.new_id)
        if timeout_seconds is None:
            timeout_seconds = plan.rule.timeout_seconds(request, plan.settings.timeout_seconds)
        self._attempts = Attempts(
            rule=plan.settings.retry,
            repeatable=plan.rule.repeatable,
            deadline=plan.sources.monotonic() + timeout_seconds,
        )

    def timeout(self) -> float | None:
        """Seconds that the next attempt may take; None: for ever."""
        return self._attempts.timeout(self._plan.sources.monotonic())

    def delay_after(self, failure: Failure) -> float:
        """Seconds to wait before the next attempt. Raises the typed error where there is none."""
        sources = self._plan.sources
        delay = self._attempts.delay_after(failure, now=sources.monotonic(), chance=sources.chance())
        if delay is None:
            outcome = self._attempts.outcome(failure)
            raise error_for(outcome, method=self._plan.rule.name, settings=self._plan.settings) from None
        return delay


class StreamCall(Generic[RequestT]):
    """A server stream under way: a watch, which is opened again when it breaks."""

    def __init__(self, plan: MethodPlan, request: RequestT, timeout_seconds: float | None) -> None:
        self._plan = plan
        self._deadline = _FOR_EVER if timeout_seconds is None else plan.sources.monotonic() + timeout_seconds
        self._position = WatchPosition(
            request, rule=plan.rule, retry=plan.settings.retry, timeout_seconds=plan.settings.timeout_seconds
        )

    def opening(self) -> RequestT:
        """The request that opens the stream, now or again."""
        return self._position.opened(self._plan.sources.monotonic())

    def timeout(self) -> float | None:
        """Seconds that the stream may still last; None: for ever."""
        return None if self._deadline == _FOR_EVER else max(self._deadline - self._plan.sources.monotonic(), 0.0)

    def heard(self, response: Message) -> bool:
        """Takes an answer in. False for one that has been seen before."""
        return self._position.heard(response)

    def delay_after(self, failure: Failure) -> float:
        """Seconds to wait before opening the stream again. Raises the typed error where it stays broken."""
        sources = self._plan.sources
        delay = self._position.broken(failure, now=sources.monotonic(), chance=sources.chance())
        if delay is None:
            raise error_for(failure, method=self._plan.rule.name, settings=self._plan.settings) from None
        return delay
