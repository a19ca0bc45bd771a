"""Where checks take place: servers on one database, and ways to have something happen at the worst moment."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Generic, TypeVar
from unittest.mock import patch

from orch_server.application.errors import FailedPrecondition
from orch_server.application.log_appends import LogAppend, LogAppended
from orch_server.application.logs import Logs
from orch_server.domain.policies import RecoveryPolicy
from orch_server.domain.states import StateType
from orch_server.storage.database import Database
from orch_server.storage.postgres import PostgresDatabase
from orch_server.storage.sqlite import SqliteDatabase
from orch_server.storage.store import SqlStore
from orch_server.storage.wakeups import LocalWakeups
from tests.conformance.conftest import Kind, Server
from tests.support.clock import FakeClock
from tests.support.plane import TTL_SECONDS, Held, Plane
from tests.support.plane_fixtures import OpenPlane

R = TypeVar("R")

RESTARTED_ONCE = RecoveryPolicy(crash_restarts=1)
_IMPATIENT_SECONDS = 0.5
_LONGEST_SECONDS = 20


@dataclass(frozen=True)
class Scene:
    """A database, and servers on it. They are opened only when a check asks, after a guard was taken out."""

    kind: Kind
    url: str
    clock: FakeClock
    open_plane: OpenPlane

    async def plane(self) -> Plane:
        """One more server."""
        return await self.open_plane()

    def elsewhere(self, work: Callable[[Plane], Awaitable[R]]) -> "Elsewhere[R]":
        """Something that another server does in a thread of its own, when `go` is called."""
        return Elsewhere(self, work)


@dataclass
class Elsewhere(Generic[R]):
    """What another server does, whatever this one is in the middle of. Where it has to wait for locks it gives up."""

    scene: Scene
    work: Callable[[Plane], Awaitable[R]]
    results: list[R] = field(default_factory=list)
    error: BaseException | None = None

    def go(self) -> None:
        """Do it now, and return when it is done or was refused."""
        thread = threading.Thread(target=self._run)
        thread.start()
        thread.join(_LONGEST_SECONDS)
        assert not thread.is_alive(), "the other server hangs"

    def _run(self) -> None:
        try:
            self.results.append(asyncio.run(self._main()))
        except Exception as error:  # it is looked at by the check
            self.error = error

    async def _main(self) -> R:
        wakeups = LocalWakeups()
        database = self._open(wakeups)
        plane = Plane(Server(SqlStore(database), database, wakeups), self.scene.clock)
        try:
            return await self.work(plane)
        finally:
            await plane.close()
            await database.close()

    def _open(self, wakeups: LocalWakeups) -> Database:
        scene = self.scene
        if scene.kind == "sqlite":
            return SqliteDatabase(scene.url, wakeups, clock=scene.clock)
        return PostgresDatabase(scene.url, wakeups, clock=scene.clock, statement_timeout_seconds=_IMPATIENT_SECONDS)


@contextmanager
def before_next(owner: type, name: str, action: Callable[[], None]) -> Iterator[None]:
    """In this context, the next call of a method finds that `action` has just happened."""
    with _hooked(owner, name, action, after=False):
        yield


@contextmanager
def after_next(owner: type, name: str, action: Callable[[], None]) -> Iterator[None]:
    """In this context, when the next call of a method returns, `action` has happened."""
    with _hooked(owner, name, action, after=True):
        yield


@contextmanager
def _hooked(owner: type, name: str, action: Callable[[], None], *, after: bool) -> Iterator[None]:
    original = getattr(owner, name)
    pending = [action]

    def hooked(*arguments: object, **named: object) -> object:
        now = pending.pop() if pending else None  # gone before it acts: what it does may come here again
        if now is not None and not after:
            now()
        result = original(*arguments, **named)
        if now is not None and after:
            now()
        return result

    with patch.object(owner, name, hooked):
        yield
    assert not pending, f"{owner.__name__}.{name} was never called"


async def calm(work: Awaitable[R]) -> R:
    """What was awaited; an error is a failed assertion: nothing here may end in one."""
    try:
        return await work
    except Exception as error:
        raise AssertionError(f"it ended in {error!r}") from error


async def refusal(work: Awaitable[object]) -> str:
    """Why something was refused; empty where it was not."""
    try:
        await work
    except FailedPrecondition as error:
        return error.reason
    return ""


@dataclass(frozen=True)
class Succession:
    """A run whose holder was lost and replaced: what the old one knows, and what the new one does."""

    old: Held
    new: Held


async def succession(plane: Plane, *, running: bool = True) -> Succession:
    """A run with an old holder that does not know that there is a new one."""
    old = await plane.running(await plane.open("old"), recovery_policy=RESTARTED_ONCE)
    await plane.pass_time(TTL_SECONDS)
    [new] = await plane.acquire(await plane.open("new"))
    assert (new.run_id, new.token) == (old.run_id, old.token + 1)
    if running:
        await plane.report(new, 1, StateType.RUNNING)
    return Succession(old, new)


async def append(plane: Plane, held: Held, offset: int, count: int, *, records: bytes = b"") -> LogAppended:
    """Append so many lines at an offset."""
    lines = records or bytes(range(offset, offset + count))
    return await Logs(plane.store, plane.wakeups).append(
        LogAppend(held.run_id, held.token, "run", offset, count, 20, lines)
    )


def seconds(count: float) -> timedelta:
    """A span of time."""
    return timedelta(seconds=count)
