"""Packages for the code: one environment for each lock file and interpreter. Nothing here asks a package index."""

import asyncio
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from orch_worker.code import CodeError
from tests.support.wheels import write_wheel
from tests.unit.worker.code.conftest import Machine

REQUIREMENTS = "--no-index\n--find-links wheels\n"


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """Code with two versions of a package beside it."""
    folder = tmp_path / "code"
    folder.mkdir()
    for version in ("1.0", "2.0"):
        write_wheel(folder / "wheels", version)
    return folder


async def said(*command: str | None, environment: dict[str, str]) -> str:
    assert command[0] is not None
    process = await asyncio.create_subprocess_exec(
        *(part for part in command if part), env=environment, stdout=subprocess.PIPE
    )
    output, _ = await process.communicate()
    return output.decode().strip()


async def test_packages_and_their_programs_are_there(machine: Machine, code: Path) -> None:
    (code / "requirements.txt").write_text(f"{REQUIREMENTS}tiny==1.0\n")

    prepared = await machine.prepare(
        {"step": "local", "path": str(code)}, {"step": "install", "requirements": "requirements.txt"}
    )

    environment = machine.environment | dict(prepared.environment)
    assert await said("tiny", environment=environment) == "tiny 1.0"
    assert await said(prepared.python, "-m", "tiny", environment=environment) == ""
    assert await said("python", "-c", "import sys; print(sys.executable)", environment=environment) == prepared.python
    assert prepared.folder == code


async def test_the_workers_own_packages_come_after_them(machine: Machine, code: Path) -> None:
    (code / "requirements.txt").write_text(f"{REQUIREMENTS}tiny\n")
    prepared = await machine.prepare(
        {"step": "local", "path": str(code)}, {"step": "install", "requirements": "requirements.txt"}
    )
    program = "import sys, tiny, orch_worker, click; print(tiny.version, sys.prefix == sys.base_prefix)"
    assert await said(prepared.python, "-c", program, environment=machine.environment) == "2.0 False"


async def test_an_interpreter_by_name_has_its_own_packages_only(machine: Machine, code: Path) -> None:
    (code / "requirements.txt").write_text(f"{REQUIREMENTS}tiny\n")
    prepared = await machine.prepare(
        {"step": "local", "path": str(code)},
        {"step": "install", "requirements": "requirements.txt", "python": sys.executable},
    )
    program = "import importlib.util as u, tiny; print(tiny.version, u.find_spec('orch_worker'))"
    assert await said(prepared.python, "-c", program, environment=machine.environment) == "2.0 None"


async def test_the_same_file_has_the_same_environment(machine: Machine, code: Path) -> None:
    local = {"step": "local", "path": str(code)}
    install = {"step": "install", "requirements": "requirements.txt"}
    (code / "requirements.txt").write_text(f"{REQUIREMENTS}-c versions.txt\ntiny\n")
    (code / "versions.txt").write_text("tiny==1.0\n")

    first = await asyncio.gather(*(machine.prepare(local, install) for _ in range(3)))
    # Not in the file itself, but in one that it names.
    (code / "versions.txt").write_text("tiny==2.0\n")
    second = await machine.prepare(local, install)

    assert {each.python for each in first} != {second.python}
    assert len({each.python for each in first}) == 1
    assert machine.told.count("Installing requirements.txt.") == 2
    assert await said("tiny", environment=machine.environment | dict(second.environment)) == "tiny 2.0"


async def test_a_lock_file(machine: Machine, code: Path) -> None:
    wheel = code / "wheels" / "tiny-1.0-py3-none-any.whl"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (code / "pylock.toml").write_text(
        f"""lock-version = "1.0"
created-by = "a test"
[[packages]]
name = "tiny"
version = "1.0"
[[packages.wheels]]
name = "{wheel.name}"
path = "wheels/{wheel.name}"
hashes = {{sha256 = "{digest}"}}
"""
    )
    prepared = await machine.prepare({"step": "local", "path": str(code)}, {"step": "install", "lock": "pylock.toml"})
    assert await said("tiny", environment=machine.environment | dict(prepared.environment)) == "tiny 1.0"


async def test_what_cannot_be_installed_is_told(machine: Machine, code: Path) -> None:
    (code / "requirements.txt").write_text(f"{REQUIREMENTS}tiny==3.0\n")
    for name in ("poetry.lock", "my.lock"):
        (code / name).write_text("")
    local = {"step": "local", "path": str(code)}
    for steps, words in [
        ([local, {"step": "install", "requirements": "requirements.txt"}], "No matching distribution found for tiny"),
        ([local, {"step": "install", "requirements": "requirments.txt"}], "There is no requirments.txt in the code"),
        ([local, {"step": "install", "lock": "poetry.lock"}], "`poetry export -o requirements.txt` writes a file"),
        ([local, {"step": "install", "lock": "my.lock"}], "is not a lock file that a worker can install"),
        ([{"step": "install", "requirements": "requirements.txt"}], "none brings the code"),
        (
            [local, {"step": "install", "requirements": "requirements.txt", "python": "python2.6"}],
            "The install step's python, python2.6, is not on the worker's machine",
        ),
        (
            [local, {"step": "install", "requirements": "requirements.txt", "python": "/bin/false"}],
            "a virtual environment cannot be installed",
        ),
    ]:
        with pytest.raises(CodeError) as refused:
            await machine.prepare(*steps)
        assert words in str(refused.value)
    assert machine.kept() == []


async def test_an_indexs_password_is_not_told(machine: Machine, code: Path) -> None:
    (code / "requirements.txt").write_text("--index-url https://ada:hunter2@localhost:1/simple\ntiny\n")
    machine.environment["PIP_RETRIES"] = "0"
    with pytest.raises(CodeError) as refused:
        await machine.prepare(
            {"step": "local", "path": str(code)}, {"step": "install", "requirements": "requirements.txt"}
        )
    assert "hunter2" not in str(refused.value)
