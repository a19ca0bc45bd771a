"""Keeps a list of objects up to date: listed once, then told of every change.

What was heard last is remembered by its resource version: a connection that breaks is taken up there. Where the server
does not know that version any more (410 Gone), all is listed again, and what is not there any more has gone.
"""

import json
import logging
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

from orch_worker.launchers.kubernetes.clock import Clock, growing_delays
from orch_worker.launchers.kubernetes.connection import ApiAwayError, ApiError, Connection
from orch_worker.launchers.kubernetes.objects import Object, mapping, number, objects, text

logger = logging.getLogger(__name__)

_GONE = 410
_PAGE = "500"
_WATCH_SECONDS = 45
"""After this time the server ends a watch: one whose connection has died unnoticed is not believed for longer."""
_SILENCE_SECONDS = 60.0
_FAILURES = 3
"""In a row: then all is listed again. A server that was restored from a backup may not have come to the version yet
that is asked for, and says so with many different refusals.
"""
_SHORT_SECONDS = 1.0
"""A watch that ends sooner, without a word, is not repeated at once."""


class Listener(Protocol):
    """Hears of objects."""

    def listed(self, found: Sequence[Object]) -> None:
        """All that there are now."""

    def seen(self, found: Object) -> None:
        """One is new, or has changed."""

    def gone(self, found: Object) -> None:
        """One was deleted; as it was last."""


class Watch:
    """One kind of objects."""

    def __init__(self, connection: Connection, path: str, selector: str, listener: Listener, *, clock: Clock) -> None:
        self._connection = connection
        self._path = path
        self._query = {"labelSelector": selector}
        self._listener = listener
        self._clock = clock
        self._version = ""
        self._heard = False
        self.is_live = False
        """Whether changes are heard of as they happen."""

    async def begin(self) -> None:
        """List them. Raises ApiError, ApiAwayError."""
        found: list[Object] = []
        page: dict[str, str] = {}
        while True:
            answer = await self._connection.call("GET", self._path, query=self._query | {"limit": _PAGE} | page)
            found += objects(answer, "items")
            version, token = text(answer, "metadata", "resourceVersion"), text(answer, "metadata", "continue")
            if not token:
                break
            page = {"continue": token}
        self._listener.listed(found)
        self._version, self.is_live = version, True

    async def keep(self) -> None:
        """Hear of changes, for as long as this is not cancelled."""
        delays, away, failures = growing_delays(), False, 0
        while True:
            began, self._heard = self._clock.now(), False
            cause = await self._followed()
            self.is_live = False  # Until it is connected again: that may take its time.
            failures = failures + 1 if cause else 0
            if failures >= _FAILURES:
                self._version = ""
            if bool(cause) != away:
                away = bool(cause)
                log = logger.warning if away else logger.info
                log(
                    "the cluster is away" if away else "the cluster is back", extra={"path": self._path, "cause": cause}
                )
            if not cause and (self._heard or self._clock.now() - began >= _SHORT_SECONDS):
                delays = growing_delays()
            else:
                await self._clock.sleep(next(delays))

    async def _followed(self) -> str:
        """Follow until that ends; why it could not go on, if so."""
        try:
            if not self._version:
                await self.begin()
            await self._follow()
        except ApiError as error:
            if error.status != _GONE:
                return str(error)
            logger.info("listing again", extra={"path": self._path, "cause": str(error)})
            self._version, self._heard = "", False
        except ApiAwayError as error:
            return str(error)
        except Exception as error:
            # A mistake in here must neither end the watch nor go unheard.
            logger.exception("a watch has failed", extra={"path": self._path})
            self._version = ""
            return repr(error)
        return ""

    async def _follow(self) -> None:
        query = self._query | {
            "watch": "true",
            "resourceVersion": self._version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(_WATCH_SECONDS),
        }
        async with self._connection.follow(self._path, query, silence_seconds=_SILENCE_SECONDS) as content:
            self.is_live = True
            async for line in _lines(content):
                self._hear(json.loads(line))

    def _hear(self, event: Object) -> None:
        kind, found = text(event, "type"), mapping(event, "object")
        if kind == "ERROR":
            raise ApiError(number(found, "code") or 0, text(found, "reason"), text(found, "message"))
        self._heard = True
        self._version = text(found, "metadata", "resourceVersion") or self._version
        if kind == "DELETED":
            self._listener.gone(found)
        elif kind != "BOOKMARK":
            self._listener.seen(found)


async def _lines(content: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Whole lines; what a broken connection has left of one is dropped: the next connection tells it again."""
    rest: list[bytes] = []
    async for data in content:
        *complete, last = data.split(b"\n")
        for piece in complete:
            line = b"".join([*rest, piece])
            rest = []
            if line.strip():
                yield line
        rest.append(last)
