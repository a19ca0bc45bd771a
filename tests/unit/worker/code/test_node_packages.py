"""Packages for programs in Node: one `node_modules` for each lock file. Nothing here asks a package index."""

import json
import os
from pathlib import Path

import pytest

from orch_worker.code import CodeError
from tests.support.node import find_node
from tests.unit.worker.code.conftest import Machine, Repository

PACKAGE = {"name": "flow", "version": "1.0.0"}
LOCK = {**PACKAGE, "lockfileVersion": 3, "requires": True, "packages": {"": PACKAGE}}
INSTALL = {"step": "install", "lock": "package-lock.json"}


def write_package(folder: Path, *, lock: object = LOCK) -> None:
    (folder / "package.json").write_text(json.dumps(PACKAGE))
    (folder / "package-lock.json").write_text(json.dumps(lock))


@pytest.fixture
def npm(machine: Machine, tmp_path: Path) -> Path:
    """An npm on the machine's PATH that leaves a note of each call. The notes."""
    folder = find_node().programs(tmp_path / "programs")
    script = (folder / "npm").read_text()
    (folder / "npm").write_text(script.replace("exec", f'echo "$@" >> {tmp_path}/calls\nexec', 1))
    machine.environment["PATH"] = f"{folder}:{machine.environment['PATH']}"
    return tmp_path / "calls"


async def test_the_code_finds_its_packages(machine: Machine, repository: Repository, npm: Path) -> None:
    write_package(repository.folder)
    repository.commit()
    step = {"step": "git", "url": repository.url}

    first = await machine.prepare(step, INSTALL)
    repository.commit(flow_py="version = 2\n")
    second = await machine.prepare(step, INSTALL)

    assert first.folder is not None
    assert second.folder is not None
    packages = [(each / "node_modules").resolve() for each in (first.folder, second.folder)]
    assert packages[0] == packages[1]
    assert packages[0].is_dir()
    assert packages[0].parent in first.entries
    assert first.environment["PATH"].split(os.pathsep)[0] == str(first.folder / "node_modules" / ".bin")
    assert first.python is None
    assert machine.told.count("Installing package-lock.json.") == 1
    assert npm.read_bytes().count(b"\n") == 1  # noqa: ASYNC240


async def test_a_lock_file_that_does_not_fit_is_told(machine: Machine, repository: Repository, npm: Path) -> None:
    write_package(repository.folder)
    (repository.folder / "package.json").write_text(json.dumps({**PACKAGE, "dependencies": {"tiny": "1.0.0"}}))
    repository.commit()
    with pytest.raises(CodeError) as refused:
        await machine.prepare({"step": "git", "url": repository.url}, INSTALL)
    assert "package-lock.json cannot be installed" in str(refused.value)
    assert "tiny" in str(refused.value)


async def test_a_local_folder_is_left_as_it_is(machine: Machine, tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.mkdir()
    write_package(code)
    local = {"step": "local", "path": str(code)}

    with pytest.raises(CodeError, match="a worker changes nothing in a local folder"):
        await machine.prepare(local, INSTALL)
    (code / "node_modules").mkdir()
    prepared = await machine.prepare(local, INSTALL)

    assert prepared.environment["PATH"].startswith(f"{code}/node_modules/.bin{os.pathsep}")
    assert not machine.kept()


async def test_without_node_it_says_so(machine: Machine, repository: Repository, tmp_path: Path) -> None:
    write_package(repository.folder)
    step = {"step": "git", "url": repository.url, "commit": repository.commit()}
    await machine.prepare(step)
    machine.environment["PATH"] = str(tmp_path)
    with pytest.raises(CodeError, match=r"package-lock.json needs node, which is not on the worker's PATH"):
        await machine.prepare(step, INSTALL)


async def test_packages_that_came_with_the_code_are_not_replaced(
    machine: Machine, repository: Repository, npm: Path
) -> None:
    write_package(repository.folder)
    (repository.folder / "node_modules").mkdir()
    (repository.folder / "node_modules" / "tiny.js").write_text("")
    repository.commit()
    with pytest.raises(CodeError, match="The code has its own node_modules"):
        await machine.prepare({"step": "git", "url": repository.url}, INSTALL)
