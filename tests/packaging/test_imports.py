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


def modules_after(statement: str) -> set[str]:
    """The first names of all modules that are loaded once a new Python has run the statement."""
    code = f"import sys, json\n{statement}\nprint(json.dumps(sorted(sys.modules)))"
    printed = subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.PIPE, text=True).stdout
    return {name.partition(".")[0] for name in json.loads(printed)}


def test_importing_the_sdk_loads_no_heavy_package() -> None:
    assert not HEAVY & modules_after("import orch")


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
