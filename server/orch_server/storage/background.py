"""What background services remember between rounds."""

from datetime import datetime
from functools import cache

from sqlalchemy import Insert, bindparam, select, update

from orch_server.storage.inserts import insert_or_skip
from orch_server.storage.scope import Kind, Scope
from orch_server.storage.tables import background_service

_c = background_service.c
_LOCK = select(_c.last_run_time).where(_c.name == bindparam("service")).with_for_update()
_LAST = select(_c.last_run_time).where(_c.name == bindparam("service"))
_BEGIN = update(background_service).where(_c.name == bindparam("service")).values(last_run_time=bindparam("now"))


@cache
def _first(kind: Kind) -> Insert:
    return insert_or_skip(kind, background_service, ["name"])


class SqlBackground:
    """The store's side of `BackgroundRows`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def begin(self, name: str) -> datetime | None:
        """A round of the service begins now; returns when the last one did, None for the first."""
        rows = self._scope.rows(_LOCK, {"service": name})
        if not rows:
            first = {"name": name, "last_run_time": self._scope.now}
            self._scope.connection.execute(_first(self._scope.kind), first)
            return None
        last: datetime = rows[0].last_run_time
        # Read after the lock: the row may have waited for another server's round.
        self._scope.written(_BEGIN, {"service": name, "now": max(self._scope.now, last)})
        return last

    def last(self, name: str) -> datetime | None:
        """When the last round of the service began; None where none ever has."""
        last: datetime | None = self._scope.connection.execute(_LAST, {"service": name}).scalar()
        return last
