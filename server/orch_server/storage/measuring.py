"""Transactions, measured: a span around each, how long it took, how many calls shared it. Off, it does nothing.

A transaction of one call belongs to that call's span. One that calls share cannot belong to all of them: its span
begins a trace of its own, with links to those of the calls.
"""

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import lru_cache, partial
from types import TracebackType
from typing import Any

from orch_server.application.errors import OrchError, Overloaded, Unavailable
from orch_server.application.telemetry import (
    SPAN_TRANSACTION,
    TRANSACTION_DURATION,
    TRANSACTION_SIZE,
    Attribute,
    NoTelemetry,
    Span,
    Telemetry,
)

UseCase = Callable[..., Any]

_MOST_LINKS = 64
"""Calls that a span is linked to; OpenTelemetry itself would keep 128."""

_NOT_MEASURED = nullcontext()


class TransactionMeter:
    """What transactions are measured with."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry
        self._on = not isinstance(telemetry, NoTelemetry)

    def caller(self) -> str | None:
        """W3C traceparent of the span under way, for `together`. None where telemetry is off."""
        return self._telemetry.traceparent()

    def alone(self, work: UseCase) -> AbstractContextManager[None]:
        """Around a transaction of the call under way."""
        return self._measured(name_of(work), 1, None, ()) if self._on else _NOT_MEASURED

    def together(self, works: Iterable[UseCase], callers: Sequence[str | None]) -> AbstractContextManager[None]:
        """Around a transaction that the calls of these callers share. No span must be under way."""
        if not self._on:
            return _NOT_MEASURED
        name = "+".join(map(name_of, works))
        if len(callers) == 1:
            return self._measured(name, 1, callers[0], ())
        links = list(dict.fromkeys(caller for caller in callers if caller is not None))
        return self._measured(name, len(callers), None, links[:_MOST_LINKS])

    def _measured(self, name: str, size: int, parent: str | None, links: Sequence[str]) -> AbstractContextManager[None]:
        attributes: dict[str, Attribute] = {"name": name, "orch.transaction.size": size}
        span = self._telemetry.span(SPAN_TRANSACTION, attributes, parent=parent, links=links)
        return _Measured(self._telemetry, span, name, size)


class _Measured:
    """Around one transaction. A class, since every one is measured: a generator takes several times as long."""

    __slots__ = ("_entered", "_name", "_size", "_span", "_started", "_telemetry")

    def __init__(self, telemetry: Telemetry, span: AbstractContextManager[Span], name: str, size: int) -> None:
        self._telemetry = telemetry
        self._span = span
        self._name = name
        self._size = size

    def __enter__(self) -> None:
        self._started = time.perf_counter()
        self._entered = self._span.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        elapsed = time.perf_counter() - self._started
        if isinstance(error, OrchError) and not isinstance(error, Unavailable | Overloaded):
            # An answer, not a failure.
            self._entered.set("orch.transaction.refused", error.reason)
            kind = error = traceback = None
        self._span.__exit__(kind, error, traceback)
        self._telemetry.record(TRANSACTION_DURATION, elapsed, name=self._name)
        self._telemetry.record(TRANSACTION_SIZE, self._size, name=self._name)


def name_of(work: UseCase) -> str:
    """What a use case is called in meters: `report`, or, for a function inside `Deployments.create`, the latter."""
    while isinstance(work, partial):
        work = work.func
    return _shortened(getattr(work, "__qualname__", type(work).__qualname__))


@lru_cache(1024)
def _shortened(qualified: str) -> str:
    outer, _, _ = qualified.partition(".<locals>")
    return ".".join(part.lstrip("_").removesuffix("_each") for part in outer.split("."))
