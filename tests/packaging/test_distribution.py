"""The wheel that users get, built from the sdist that packagers get, holds everything and imports."""

import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

PACKAGES = {
    "orch": ROOT / "sdk",
    "orch_cli": ROOT / "clients" / "cli",
    "orch_client": ROOT / "clients" / "python",
    "orch_proto": ROOT / "proto" / "gen" / "python",
    "orch_server": ROOT / "server",
    "orch_worker": ROOT / "worker",
}
"""Import name of each package, and the source root that it lies in."""


@dataclass(frozen=True)
class Distribution:
    """The wheel, and the folder that it was installed into."""

    wheel: Path
    installed: Path


def run(*command: str | Path, **environment: str) -> str:
    """Runs a program of the development environment; what it wrote to standard error is shown if it fails."""
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def distribution(tmp_path_factory: pytest.TempPathFactory) -> Distribution:
    """Builds the sdist, from the sdist the wheel, and installs the wheel, all without a network."""
    built = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", built, ROOT)
    (wheel,) = built.glob("*.whl")
    installed = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", "--target", installed, wheel)
    return Distribution(wheel, installed)


def source_files(package: str) -> set[str]:
    """The files of a package, as they are named inside a wheel."""
    source_root = PACKAGES[package]
    found = (source_root / package).rglob("*")
    return {
        path.relative_to(source_root).as_posix()
        for path in found
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_the_wheel_holds_every_file_of_every_package(distribution: Distribution, package: str) -> None:
    with zipfile.ZipFile(distribution.wheel) as archive:
        missing = source_files(package) - set(archive.namelist())

    assert source_files(package)
    assert not missing


def test_the_wheel_holds_nothing_but_the_packages(distribution: Distribution) -> None:
    with zipfile.ZipFile(distribution.wheel) as archive:
        top = {name.split("/")[0] for name in archive.namelist()}

    assert {name for name in top if not name.endswith(".dist-info")} == set(PACKAGES)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_says_that_it_is_typed(distribution: Distribution, package: str) -> None:
    assert (distribution.installed / package / "py.typed").is_file()


def test_the_installed_packages_import(distribution: Distribution) -> None:
    code = "import importlib, json; print(json.dumps([importlib.import_module(n).__file__ for n in {!r}]))"

    printed = run(sys.executable, "-c", code.format(list(PACKAGES)), PYTHONPATH=str(distribution.installed))

    files = [Path(name) for name in json.loads(printed)]
    assert [file.parent for file in files] == [distribution.installed / name for name in PACKAGES]


def test_the_installed_command_runs(distribution: Distribution) -> None:
    command = distribution.installed / "bin" / "orch"

    assert "Usage: orch" in run(sys.executable, command, "--help", PYTHONPATH=str(distribution.installed))
