"""Hints to sessions: a verdict has changed, sync now. Losing one costs time, never correctness.

A hint that finds nobody waiting is remembered until the session's next heartbeat or poll on this server.
"""

from collections import OrderedDict
from collections.abc import Callable  # noqa: TC003
from uuid import UUID

from orch_server.application.ports import Wakeups, session_topic

_MOST_WATCHED = 50_000


class SessionHints:
    """Which sessions should sync now."""

    def __init__(self, wakeups: Wakeups) -> None:
        self._wakeups = wakeups
        self._due: set[UUID] = set()
        self._watched: OrderedDict[UUID, Callable[[], None]] = OrderedDict()

    def watch(self, session_id: UUID) -> None:
        """Remember hints to this session from now on. The longest unheard one is forgotten when there are too many."""
        if session_id in self._watched:
            self._watched.move_to_end(session_id)
            return
        self._watched[session_id] = self._wakeups.listen(session_topic(session_id), lambda: self._due.add(session_id))
        if len(self._watched) > _MOST_WATCHED:
            self.forget(next(iter(self._watched)))

    def forget(self, session_id: UUID) -> None:
        """The session is closed."""
        silence = self._watched.pop(session_id, None)
        if silence is not None:
            silence()
        self._due.discard(session_id)

    def due(self, session_id: UUID) -> bool:
        """Whether the session should sync."""
        return session_id in self._due

    def settled(self, session_id: UUID) -> None:
        """The session syncs, with all that is known now."""
        self._due.discard(session_id)
