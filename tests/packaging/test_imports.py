"""Who imports whom, and what importing costs."""

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import orch

ROOT = Path(__file__).resolve().parents[2]

HEAVY = {"alembic", "asyncpg", "google", "grpc", "opentelemetry", "orch_client", "orch_server", "sqlalchemy"}
"""What a script that only says `from orch import flow` must not pay for."""


NOT_FOR_SCRIPTS = {
    "alembic",
    "asyncpg",
    "click",
    "cronsim",
    "dateutil",
    "grpc",
    "opentelemetry",
    "orch_server.background",
    "orch_server.storage.migrations.env",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.ext.asyncio",
}
"""What an embedded control plane on a current database must not load."""

EMBEDDED = """
import asyncio, sys
from pathlib import Path
from orch_server.embedded import open_embedded
from tests.rpc.embedded.process import COMPLETED, Process

async def script():
    plane = await open_embedded(Path(sys.argv[1]))
    process = Process.on(plane)
    lease = await process.start()
    await process.report_tasks(lease, 1)
    await process.say(lease, 0, "hello")
    await process.beat(lease)
    await process.report(lease, 1, COMPLETED)
    await plane.close()

asyncio.run(script())
"""


def modules_after(statement: str) -> set[str]:
    """The first names of all modules that are loaded once a new Python has run the statement."""
    return {name.partition(".")[0] for name in all_modules_after(statement)}


def all_modules_after(statement: str, *arguments: str) -> set[str]:
    """All modules that are loaded once a new Python has run the statement."""
    code = f"import sys, json\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    command = [sys.executable, "-c", code, *arguments]
    printed = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    return set(json.loads(printed))


def test_importing_the_sdk_loads_no_heavy_package() -> None:
    assert not HEAVY & modules_after("import orch")


def test_a_script_with_its_own_control_plane_loads_only_what_it_needs(tmp_path: Path) -> None:
    all_modules_after(EMBEDDED, str(tmp_path))  # makes the database

    loaded = all_modules_after(EMBEDDED, str(tmp_path))

    assert "orch_server.embedded" in loaded
    assert not NOT_FOR_SCRIPTS & loaded


def test_a_server_loads_no_orm() -> None:
    """It would keep 7 MB of it."""
    database = "import orch_server.app; from orch_server.storage.postgres import PostgresDatabase"
    loaded = all_modules_after(f"{database}; PostgresDatabase('postgresql://nowhere/none', None)")

    assert "sqlalchemy.dialects.postgresql" in loaded
    assert not {"sqlalchemy.orm", "sqlalchemy.ext.asyncio"} & loaded


def test_the_sdk_knows_its_version() -> None:
    assert orch.__version__ == version("orch")


def test_the_sdk_has_no_other_late_names() -> None:
    with pytest.raises(AttributeError, match="no attribute 'flwo'"):
        _ = orch.flwo


def test_packages_and_rooms_import_only_what_they_may() -> None:
    linter = Path(sys.executable).parent / "lint-imports"

    done = subprocess.run(
        [linter, "--no-cache"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )

    assert done.returncode == 0, done.stdout
