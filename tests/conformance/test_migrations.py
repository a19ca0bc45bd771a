"""The schema: made by migrations, told apart from newer and foreign ones, migrated by one server at a time."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, Connection, MetaData, NullPool, delete, insert, select, text
from sqlalchemy.ext.asyncio import create_async_engine

from orch_server.errors import StartupError
from orch_server.storage import migrating, schema
from orch_server.storage.indexes import metadata
from orch_server.storage.migrations import REVISIONS
from orch_server.storage.postgres import async_url
from orch_server.storage.sqlite import sqlite_engine
from orch_server.storage.tables import control_plane
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
        # A table's columns and constraints in any order.
        found = [(name, *sorted(part.strip("\n)") for part in re.split(r",\s+", sql))) for name, sql in rows]
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


async def test_each_database_is_a_control_plane_of_its_own(
    url: str, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    with postgres_server.database() as other_postgres:
        other = f"sqlite:///{tmp_path / 'other.db'}" if url.startswith("sqlite") else other_postgres
        ids = []
        for each in (url, other):
            await schema.upgrade(each)
            ids.append(await run(each, lambda connection: connection.execute(select(control_plane.c.id)).scalar_one()))

    assert len(set(ids)) == 2


async def test_a_second_upgrade_changes_nothing(url: str) -> None:
    assert await schema.upgrade(url)
    before = await run(url, catalogue)

    assert not await schema.upgrade(url)
    assert await run(url, catalogue) == before


@pytest.mark.parametrize("older", REVISIONS[:-1])
async def test_what_an_older_database_holds_survives(url: str, older: str) -> None:
    await run(url, partial(migrating.migrate, revision=older))
    before = await run(url, fill)
    assert all(before.values())

    assert await schema.upgrade(url)

    assert await run(url, partial(cells, columns={table: list(row) for table, row in before.items()})) == before
    await schema.check(url)


Cells = dict[str, dict[str, Any]]
"""One row of each table: cells by table and column."""

_ID, _MOMENT = UUID(int=7), datetime(2026, 3, 2, 12, tzinfo=UTC)
_LEFT_EMPTY = {"end_time"}
"""A run that goes on has none."""


def fill(connection: Connection) -> Cells:
    """Puts a row into every table, with something in every column; returns what is there then."""
    tables = MetaData()
    tables.reflect(connection)
    filled = [
        table for table in tables.sorted_tables if table.name != "alembic_version" and "_default" not in table.name
    ]
    for table in filled:
        connection.execute(delete(table))  # What a migration has put there.
        connection.execute(insert(table), {column.name: _cell(column) for column in table.columns})
    return cells(connection, {table.name: [column.name for column in table.columns] for table in filled})


def cells(connection: Connection, columns: dict[str, list[str]]) -> Cells:
    """The rows that `fill` has made, as they are now."""
    found: Cells = {}
    for table, names in columns.items():
        [row] = connection.execute(text(f"SELECT {', '.join(names)} FROM {table}")).mappings()
        found[table] = dict(row)
    return found


def _cell(column: Column[Any]) -> object:
    """A value that fits the column. All ids are one id, so that rows refer to each other."""
    if column.name in _LEFT_EMPTY:
        return None
    kind = column.type.python_type
    if column.name == "lease_ttl_ms":
        return 15_000
    return _ID.hex if getattr(column.type, "length", None) == 32 else _VALUES[kind]


_VALUES: dict[type, object] = {UUID: _ID, str: "text", int: 3, bool: True, bytes: b"bytes", datetime: _MOMENT}


async def test_versions_from_before_get_what_their_deployment_has(url: str) -> None:
    await run(url, partial(migrating.migrate, revision="0002"))
    await run(url, fill)
    await execute(url, "UPDATE deployment SET parameters = '{}', parameter_schema = '{\"title\": \"p\"}'")

    await schema.upgrade(url)

    def versions(connection: Connection) -> list[tuple[str, str]]:
        rows = connection.execute(text("SELECT parameters, parameter_schema FROM deployment_version"))
        return [(row[0], row[1]) for row in rows]

    assert await run(url, versions) == [("{}", '{"title": "p"}')]


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
