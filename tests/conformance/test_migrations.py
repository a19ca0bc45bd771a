"""The schema: made by migrations, told apart from newer and foreign ones, migrated by one server at a time."""

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from orch_server.errors import StartupError
from orch_server.storage import migrating, schema
from orch_server.storage.migrations import REVISIONS
from orch_server.storage.postgres import async_url
from orch_server.storage.sqlite import sqlite_engine
from orch_server.storage.tables import metadata
from tests.support.postgres import PostgresServer

R = TypeVar("R")

MIGRATE = (
    "import asyncio, sys; from orch_server.storage.schema import upgrade; print(asyncio.run(upgrade(sys.argv[1])))"
)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of either kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'orch.db'}"
    found: str = request.getfixturevalue("postgres_url")
    return found


async def run(url: str, work: Callable[[Connection], R]) -> R:
    """Runs `work` in a transaction of its own, as any other program would."""
    if url.startswith("sqlite"):
        engine = sqlite_engine(url, begin="BEGIN IMMEDIATE")
        try:
            with engine.begin() as connection:
                return work(connection)
        finally:
            engine.dispose()
    async_engine = create_async_engine(async_url(url), poolclass=NullPool)
    async with async_engine.begin() as connection:
        return await connection.run_sync(work)


def file_of(url: str) -> Path:
    """The file that a SQLite database lies in."""
    return Path(url.removeprefix("sqlite:///"))


async def execute(url: str, *statements: str) -> None:
    """Runs statements in one transaction."""

    def work(connection: Connection) -> None:
        for statement in statements:
            connection.execute(text(statement))

    await run(url, work)


def catalogue(connection: Connection) -> list[tuple[Any, ...]]:
    """All that the database itself says about the schema: tables, columns, constraints, indexes, options."""
    if connection.dialect.name == "sqlite":
        rows = connection.execute(text("SELECT name, coalesce(sql, '') FROM sqlite_master"))
        # A table's constraints in any order.
        found = [(name, *sorted(part.strip("\n)") for part in sql.split(", \n\t"))) for name, sql in rows]
    else:
        parts = (
            "SELECT 'table', relname, relkind::text, array_to_string(reloptions, ','), pg_get_partkeydef(oid)"
            " FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
            "SELECT 'column', attrelid::regclass::text, attname, format_type(atttypid, atttypmod), attnotnull::text"
            " FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid WHERE attnum > 0 AND NOT attisdropped"
            " AND relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')",
            "SELECT 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid), '' FROM pg_constraint"
            # The columns say themselves what may be null; PostgreSQL 18 names that by the order of creation.
            " WHERE connamespace = 'public'::regnamespace AND contype <> 'n'",
            "SELECT 'index', tablename, indexname, indexdef, '' FROM pg_indexes WHERE schemaname = 'public'",
        )
        rows = connection.execute(text(" UNION ALL ".join(parts)))
        found = [tuple(str(cell) for cell in row) for row in rows]
    return [row for row in sorted(found) if not any("alembic" in cell or "_default" in cell for cell in row)]


async def test_the_migrations_make_what_the_tables_say(
    url: str, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    """Fails when storage/tables.py and the migrations differ in a table, column, type, key, check or index."""
    await schema.upgrade(url)
    migrated = await run(url, catalogue)

    with postgres_server.database() as other_postgres:
        other = f"sqlite:///{tmp_path / 'other.db'}" if url.startswith("sqlite") else other_postgres
        await run(other, metadata.create_all)
        declared = await run(other, catalogue)

    assert migrated == declared


async def test_alembic_finds_no_difference(url: str) -> None:
    await schema.upgrade(url)

    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"include_name": include_name})
        return list(compare_metadata(context, metadata))

    def include_name(name: str | None, kind: str, _: Any) -> bool:  # noqa: ANN401 - Alembic's own
        return kind != "table" or not str(name).endswith("_default")

    assert await run(url, compare) == []


def test_every_step_is_listed_in_order() -> None:
    config = pytest.importorskip("alembic.config").Config()
    config.set_main_option("script_location", "orch_server.storage:migrations")
    steps = ScriptDirectory.from_config(config).walk_revisions()

    assert tuple(step.revision for step in reversed(list(steps))) == REVISIONS


async def test_a_second_upgrade_changes_nothing(url: str) -> None:
    assert await schema.upgrade(url)
    before = await run(url, catalogue)

    assert not await schema.upgrade(url)
    assert await run(url, catalogue) == before


async def test_an_empty_database_is_not_current(url: str) -> None:
    with pytest.raises(schema.SchemaError, match=r"is empty.*orch server migrate"):
        await schema.check(url)

    await schema.upgrade(url)
    await schema.check(url)


async def test_a_plan_says_all_and_does_nothing(url: str) -> None:
    plan = await schema.plan(url)

    assert plan[0] == "The database is empty."
    assert "Step 0001: The first schema." in plan
    for table in metadata.tables:
        assert any(line.startswith(f"CREATE TABLE {table} (") for line in plan), table
    assert any("INSERT INTO alembic_version" in line for line in plan)
    if url.startswith("sqlite"):
        assert not file_of(url).exists()
    else:
        assert await run(url, catalogue) == []


async def test_a_current_database_needs_no_plan(url: str) -> None:
    await schema.upgrade(url)

    assert await schema.plan(url) == []


@pytest.mark.parametrize("work", [schema.upgrade, schema.plan, schema.check])
async def test_a_newer_database_is_refused(url: str, work: Callable[[str], Any]) -> None:
    await schema.upgrade(url)
    await execute(url, "UPDATE alembic_version SET version_num = '9999'")

    with pytest.raises(schema.SchemaError) as refused:
        await work(url)

    assert "9999" in refused.value.message
    assert f"newest revision {schema.HEAD}" in refused.value.message
    assert "Start that newer version" in refused.value.message


@pytest.mark.parametrize("work", [schema.upgrade, schema.plan, schema.check])
async def test_somebody_elses_database_is_refused(url: str, work: Callable[[str], Any]) -> None:
    await execute(url, "CREATE TABLE customer (id INTEGER)")

    with pytest.raises(schema.SchemaError, match=r"not Orch's: it holds customer.*of its own"):
        await work(url)


async def test_a_migration_that_is_killed_leaves_nothing(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(connection: Connection) -> None:
        migrate(connection)
        raise KeyboardInterrupt

    migrate = migrating.migrate
    monkeypatch.setattr(migrating, "migrate", killed)
    with pytest.raises(KeyboardInterrupt):
        await run(url, schema.upgrade_connection)

    assert await run(url, catalogue) == []


async def test_of_several_servers_that_start_at_once_one_migrates(url: str) -> None:
    servers = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", MIGRATE, url, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(4)
    ]
    said = [await server.communicate() for server in servers]

    assert [error.decode() for _, error in said] == [""] * 4
    assert sorted(out.decode().strip() for out, _ in said) == ["False", "False", "False", "True"]


async def test_a_current_database_is_checked_without_alembic(url: str) -> None:
    await schema.upgrade(url)

    script = f"{MIGRATE}; print('alembic' in sys.modules)"
    done = await asyncio.to_thread(subprocess.run, [sys.executable, "-c", script, url], capture_output=True, text=True)

    assert (done.stdout.split(), done.stderr) == (["False", "False"], "")


@pytest.mark.parametrize(
    "away", ["sqlite:////proc/no/such/folder/orch.db", "postgresql://orch:secret@127.0.0.1:1/orch"]
)
async def test_a_database_out_of_reach_is_said_to_the_person(away: str) -> None:
    with pytest.raises(StartupError) as said:
        await schema.upgrade(away)

    assert "cannot be used" in said.value.message
    assert "secret" not in said.value.message
