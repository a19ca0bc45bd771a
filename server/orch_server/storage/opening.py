"""Opening a store from a database URL."""

from dataclasses import dataclass

from sqlalchemy import make_url

from orch_server.application.ports import Clock
from orch_server.application.telemetry import Telemetry
from orch_server.storage.database import Database
from orch_server.storage.postgres import PostgresDatabase, driver_url
from orch_server.storage.postgres_wakeups import PostgresWakeups
from orch_server.storage.sqlite import SqliteDatabase
from orch_server.storage.store import SqlStore
from orch_server.storage.wakeups import LocalWakeups


@dataclass(frozen=True, slots=True)
class OpenStore:
    """A store, the wake-ups that go with it, and how to let both go."""

    store: SqlStore
    database: Database
    wakeups: LocalWakeups

    async def start(self) -> None:
        """Begin to hear other servers."""
        if isinstance(self.wakeups, PostgresWakeups):
            await self.wakeups.start()

    async def close(self) -> None:
        """Let what is under way end, and disconnect."""
        try:
            await self.store.settle()
            if isinstance(self.wakeups, PostgresWakeups):
                await self.wakeups.stop()
        finally:
            await self.database.close()


def open_store(
    url: str,
    clock: Clock,
    *,
    pool_size: int = 8,
    statement_timeout_seconds: float = 10.0,
    telemetry: Telemetry | None = None,
) -> OpenStore:
    """The store at a URL. `clock` serves SQLite; Postgres has its own. Transactions are measured with `telemetry`."""
    if make_url(url).get_backend_name() == "sqlite":
        local = LocalWakeups()
        database: Database = SqliteDatabase(url, local, clock=clock)
        return OpenStore(SqlStore(database, telemetry), database, local)
    wakeups = PostgresWakeups(driver_url(url))
    database = PostgresDatabase(url, wakeups, pool_size=pool_size, statement_timeout_seconds=statement_timeout_seconds)
    return OpenStore(SqlStore(database, telemetry), database, wakeups)
