"""Calls that servers are working on: whoever sees a change can tell who may have asked for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from tests.support.plane import Held

CallKind = Literal[
    "open", "acquire", "sync", "report", "adopt", "release", "append", "tasks", "close", "drain", "start", "resume",
    "create", "cancel", "retry", "delete", "look", "change",
]  # fmt: skip


@dataclass(frozen=True, eq=False)
class Call:
    """One request: what it is about. `held`: the leases that it names, with their tokens."""

    kind: CallKind
    held: tuple[Held, ...] = ()
    session: UUID | None = None
    request: UUID | None = None
    sequence: int = 0
    run: UUID | None = None
    """The run that a client's call is about."""
    key: str = ""
    take_over: bool = False
    note: str = ""


class CallsUnderWay:
    """What servers work on now."""

    def __init__(self) -> None:
        self._calls: dict[Call, int] = {}

    @contextmanager
    def under_way(self, call: Call) -> Iterator[None]:
        """In this context a server works on the call. The same call may be worked on twice."""
        self._calls[call] = self._calls.get(call, 0) + 1
        try:
            yield
        finally:
            self._calls[call] -= 1
            if not self._calls[call]:
                del self._calls[call]

    def about(self, run_id: UUID, *kinds: CallKind) -> bool:
        """Whether there is one of these kinds about a run."""
        return any(call.kind in kinds and call.run == run_id for call in self._calls)

    def naming(self, run_id: UUID, token: int, *kinds: CallKind) -> Iterator[Call]:
        """Those of these kinds that name a lease."""
        for call in self._calls:
            if call.kind in kinds and any(held.run_id == run_id and held.token == token for held in call.held):
                yield call

    def of(self, *kinds: CallKind) -> Iterator[Call]:
        """Those of these kinds."""
        return (call for call in self._calls if call.kind in kinds)
