"""A database that goes away while the server is starting."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
from sqlalchemy import make_url

from orch_server.storage import schema

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


async def test_a_database_that_goes_away_during_the_start_is_named_without_a_traceback(
    tmp_path: Path, postgres_url: str
) -> None:
    await schema.upgrade(postgres_url)
    async with _once_reachable(postgres_url) as url:
        ended = await asyncio.to_thread(_started, tmp_path, url)

    assert ended.returncode == 2
    assert f"The database {url} cannot be used" in " ".join(ended.stderr.split())
    assert "Traceback" not in ended.stderr


def _started(home: Path, url: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "orch_server", "--port", "0", "--home", str(home), "--database-url", url]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=False)


@asynccontextmanager
async def _once_reachable(url: str) -> AsyncIterator[str]:
    """The same database through a door that lets one connection in, which looks at the schema, and no other."""
    parsed, visits = make_url(url), 0

    async def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal visits
        visits += 1
        if visits == 1:
            beyond = await asyncio.open_unix_connection(f"{parsed.query['host']}/.s.PGSQL.5432")
            await asyncio.gather(_passed_on(reader, beyond[1]), _passed_on(beyond[0], writer))
        writer.close()

    async with await asyncio.start_server(visited, "127.0.0.1", 0) as door:
        port = door.sockets[0].getsockname()[1]
        yield str(parsed.set(host="127.0.0.1", port=port, query={}))


async def _passed_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()
    writer.close()
