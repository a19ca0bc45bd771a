"""Wake-ups across servers: what `wakeups.py` does in this process, and NOTIFY to the others."""

import asyncio
import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress

import asyncpg

from orch_server.application.ports import Topic
from orch_server.storage.wakeups import LocalWakeups

_logger = logging.getLogger(__name__)

CHANNEL = "orch_wakeups"
_COALESCE_SECONDS = 0.01
_MOST_BYTES = 7900
"""A NOTIFY carries at most 8000 bytes (https://www.postgresql.org/docs/current/sql-notify.html)."""
_EVERYBODY = "*"
_MOST_TOPICS = 20_000
_NOTIFY = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) AS payload"
_LISTENER = "orch-wakeups"
"""By this application name servers know of each other."""
_OTHERS = """
    SELECT EXISTS (
        SELECT FROM pg_stat_activity
        WHERE application_name = $1 AND datname = current_database() AND pid <> pg_backend_pid()
    )
"""
_LOOK_SECONDS = 1.0
"""How often a server looks whether there are others."""
_HELLO = ""
_RECONNECT_SECONDS = 1.0


def _payloads(topics: Iterable[Topic]) -> Iterator[str]:
    """Topics in as few messages as they fit in."""
    message = ""
    for topic in topics:
        if message and len(message) + len(topic) >= _MOST_BYTES:
            yield message
            message = ""
        message = f"{message} {topic}" if message else topic
    yield message


class PostgresWakeups(LocalWakeups):
    """The same, and across servers: at most one NOTIFY in 10 ms, whatever happens in between."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._outgoing: set[Topic] = set()
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._alone = False
        self._heard = False
        self._look_time = 0.0

    def announce(self, topics: Iterable[Topic]) -> None:
        """Something has changed: here at once, on the other servers within some milliseconds."""
        changed = set(topics)
        if not changed:
            return
        self.ring(changed)
        if not self._is_alone():
            self._outgoing |= changed
            if len(self._outgoing) > _MOST_TOPICS:  # nobody can be told just now
                self._outgoing = {_EVERYBODY}
            self._news.set()

    async def start(self) -> None:
        """Connect in the background, and again whenever the connection is lost."""
        self._task = asyncio.create_task(self._run(), name="orch-wakeups")

    async def stop(self) -> None:
        """Disconnect."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        while True:
            try:
                await self._serve()
            except Exception as error:  # whatever it is, the slow look behind every bell goes on
                _logger.warning("wake-ups from other servers are interrupted: %s", error)
            await asyncio.sleep(_RECONNECT_SECONDS)

    async def _serve(self) -> None:
        named = {"application_name": _LISTENER}
        connection = await asyncpg.connect(self._url, timeout=10, command_timeout=10, server_settings=named)
        self._alone, self._look_time = False, 0.0
        try:
            await connection.add_listener(CHANNEL, self._received)
            await connection.execute(_NOTIFY, CHANNEL, [_HELLO])
            self.ring_all()  # what was said meanwhile was not heard
            while not connection.is_closed():
                await self._notify(connection)
        finally:
            connection.terminate()

    async def _notify(self, connection: asyncpg.Connection) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_RECONNECT_SECONDS):
                await self._news.wait()
        await asyncio.sleep(_COALESCE_SECONDS)
        self._news.clear()
        topics, self._outgoing = self._outgoing, set()
        if not topics:
            return
        try:
            await self._look(connection)
            if self._alone:
                return
            await connection.execute(_NOTIFY, CHANNEL, list(_payloads(topics)))
        except BaseException:
            self._outgoing |= topics
            raise

    def _is_alone(self) -> bool:
        """Whether no other server listened a moment ago, nor has been heard since.

        A NOTIFY is a commit, which waits for the disk even if nobody hears it. Who starts between two looks says hello,
        and what it misses until then it sees for itself, as whoever has just started.
        """
        return self._alone and asyncio.get_running_loop().time() < self._look_time

    async def _look(self, connection: asyncpg.Connection) -> None:
        """Look for other servers, now and then."""
        now = asyncio.get_running_loop().time()
        if now < self._look_time:
            return
        self._heard = False
        others = await connection.fetchval(_OTHERS, _LISTENER)
        self._alone = not others and not self._heard  # a hello may have come meanwhile
        self._look_time = now + _LOOK_SECONDS

    def _received(self, connection: object, sender: int, channel: str, payload: object) -> None:
        own = getattr(connection, "get_server_pid", lambda: None)()
        if sender == own:
            return
        self._alone, self._heard = False, True
        if payload == _EVERYBODY:
            self.ring_all()
        else:
            self.ring(str(payload).split(" "))
