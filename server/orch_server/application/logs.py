"""The logs of flow runs: appended to, read and followed."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any, Generic, TypeVar
from uuid import UUID

from orch_server.application.errors import OrchError
from orch_server.application.log_appends import LogAppend, LogAppended, append_logs, committed_offset
from orch_server.application.log_pages import (
    LogCodec,
    LogFilter,
    LogPage,
    Look,
    Position,
    Positions,
    decode_positions,
    encode_positions,
    look,
    merge,
)
from orch_server.application.onlookers import Onlookers
from orch_server.application.ports import Lane, Store, Transaction, Wakeups, log_topic, run_topic
from orch_server.application.waiting import RELOOK_SECONDS, Bell
from orch_server.domain.values import value

T = TypeVar("T")

_MAX_BATCH = 64
"""Appends in one transaction. Each may hold megabytes."""
_MOST_LOOKS = 16
"""Looks of watchers that share a connection. Each may find megabytes."""
_WATCH_SIZE = 1000
_BREATH_SECONDS = 0.05
"""Between two looks of a watch, at least: lines that come in quick succession are sent together."""


@value
class LogAnswer(Generic[T]):
    """A page of lines. `next_token`: asks for the next page, empty where there is none. `resume_token`: a watch with it
    goes on after these lines; newest first, after all that are stored, and empty on further pages."""

    page: LogPage[T]
    next_token: str
    resume_token: str


@value
class _Wish:
    """What a watcher wants to see. Those who want the same are shown the same."""

    flow_run_id: UUID
    log_filter: LogFilter
    positions: tuple[tuple[str, Position], ...]


class _Shown:
    """What was found for all who wished for it, and the page that the first of them makes of it."""

    def __init__(self, found: Look) -> None:
        self._found = found
        self._page: LogPage[Any] | None = None

    def page(self, codec: LogCodec[T], log_filter: LogFilter) -> LogPage[T]:
        """The lines, put together once."""
        if self._page is None:
            self._page = merge(self._found, codec, log_filter, size=_WATCH_SIZE)
        return self._page


def _look_each(tx: Transaction, wishes: Sequence[_Wish]) -> list[_Shown | Exception]:
    shown = {wish: _shown(tx, wish) for wish in dict.fromkeys(wishes)}
    return [shown[wish] for wish in wishes]


def _shown(tx: Transaction, wish: _Wish) -> _Shown | Exception:
    try:
        return _Shown(look(tx, wish.flow_run_id, wish.log_filter, dict(wish.positions), size=_WATCH_SIZE))
    except OrchError as error:
        return error


class Logs:
    """The use cases of logs. A codec says what the lines are that come and go here as opaque things."""

    def __init__(self, store: Store, wakeups: Wakeups) -> None:
        self._store = store
        self._wakeups = wakeups
        self._onlookers = Onlookers(store, lambda mark: mark)
        self._looks: Lane[_Wish, _Shown] = store.lane(_look_each, channel="reader", max_batch=_MOST_LOOKS)
        self._appends: Lane[LogAppend, LogAppended] = store.lane(append_logs, max_batch=_MAX_BATCH)

    async def append(self, append: LogAppend) -> LogAppended:
        """Store lines for a stream, together with others'. Raises NotFound and FailedPrecondition."""
        return await self._appends.submit(append)

    async def offset(self, flow_run_id: UUID, stream: str) -> int:
        """Where a stream ends. NotFound where there is no such run."""
        return await self._store.read(lambda tx: committed_offset(tx, flow_run_id, stream))

    async def page(
        self, flow_run_id: UUID, log_filter: LogFilter, codec: LogCodec[T], *, token: str, size: int
    ) -> LogAnswer[T]:
        """Some lines, from the first on.

        Raises NotFound, and InvalidArgument for a token that this log with this filter did not give out.
        """
        scope = _scope(flow_run_id, log_filter)
        positions = decode_positions(scope, token, "page_token")
        page = merge(await self._look(flow_run_id, log_filter, positions, size), codec, log_filter, size=size)
        following = encode_positions(scope, page.positions)
        return LogAnswer(page, following if page.more else "", following)

    async def page_back(
        self, flow_run_id: UUID, log_filter: LogFilter, codec: LogCodec[T], *, token: str, size: int
    ) -> LogAnswer[T]:
        """Some lines, newest first, from the last on. Raises like `page`."""
        scope = f"{_scope(flow_run_id, log_filter)} newest first"
        positions = decode_positions(scope, token, "page_token")
        page = merge(
            await self._look(flow_run_id, log_filter, positions, size, newest_first=True), codec, log_filter, size=size
        )
        following = encode_positions(scope, page.positions) if page.more else ""
        return LogAnswer(page, following, "" if token else encode_positions(_scope(flow_run_id, log_filter), page.ends))

    async def watch(
        self, flow_run_id: UUID, log_filter: LogFilter, codec: LogCodec[T], *, resume_token: str
    ) -> AsyncGenerator[tuple[LogPage[T], str], None]:
        """Lines as they come, with the token that resumes after them. Looks only when the last lines were taken: a slow
        reader holds up nobody, and nothing piles up for it.

        Ends when the run has ended, all is sent, and nothing more has come for a second: late lines are let in so long.
        Raises like `page`.
        """
        scope = _scope(flow_run_id, log_filter)
        positions: Positions = decode_positions(scope, resume_token, "resume_token")
        clock = asyncio.get_running_loop().time
        lingered = False
        topics = (log_topic(flow_run_id), run_topic(flow_run_id))
        with Bell(self._wakeups, topics) as bell:
            async with self._onlookers.watching(flow_run_id, bell):
                while True:
                    bell.reset()
                    looked = clock()
                    wish = _Wish(flow_run_id, log_filter, tuple(sorted(positions.items())))
                    page = (await self._looks.submit(wish)).page(codec, log_filter)
                    positions = page.positions
                    if page.lines:
                        yield page, encode_positions(scope, positions)
                    if page.more:
                        continue
                    if page.ended_for is not None and (lingered or page.ended_for.total_seconds() > RELOOK_SECONDS):
                        return
                    rang = await bell.wait(None if page.ended_for is None else RELOOK_SECONDS)
                    lingered = page.ended_for is not None and not rang
                    await asyncio.sleep(looked + _BREATH_SECONDS - clock())

    async def _look(
        self,
        flow_run_id: UUID,
        log_filter: LogFilter,
        positions: Positions,
        size: int,
        *,
        newest_first: bool = False,
    ) -> Look:
        return await self._store.read(
            lambda tx: look(tx, flow_run_id, log_filter, positions, size=size, newest_first=newest_first)
        )


def _scope(flow_run_id: UUID, log_filter: LogFilter) -> str:
    return f"logs {flow_run_id} {log_filter}"
