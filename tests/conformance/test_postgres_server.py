"""What the other tests of this folder rely on: a PostgreSQL server that both drivers reach."""

import asyncpg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.postgres


async def tables_in(url: str) -> list[str]:
    """The tables that a database's users have made."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    finally:
        await connection.close()
    return [row["tablename"] for row in rows]


async def test_asyncpg_takes_the_url(postgres_url: str) -> None:
    assert await tables_in(postgres_url) == []


async def test_sqlalchemy_takes_the_url(postgres_url: str) -> None:
    engine = create_async_engine(make_url(postgres_url).set(drivername="postgresql+asyncpg"))
    async with engine.connect() as connection:
        setting = await connection.scalar(text("SHOW synchronous_commit"))
    await engine.dispose()

    assert setting == "on"


async def test_databases_share_nothing(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as one, postgres_server.database() as other:
        connection = await asyncpg.connect(one)
        await connection.execute("CREATE TABLE only_here (id int)")
        await connection.close()

        assert await tables_in(one) == ["only_here"]
        assert await tables_in(other) == []


async def test_a_dropped_database_is_gone(postgres_server: PostgresServer) -> None:
    with postgres_server.database() as url:
        pass

    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await asyncpg.connect(url)
