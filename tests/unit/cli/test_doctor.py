"""`orch doctor` on a machine without a control plane: the installation, the settings, the home directory."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from orch.settings import load
from orch_cli.doctor.findings import Finding, Status
from orch_cli.doctor.home import check_home
from orch_client.local_server import DATABASE_FILE, FILE_NAME, LocalServer
from tests.support.invoked_command import InvokedOrch


@pytest.fixture
def orch(tmp_path: Path) -> InvokedOrch:
    """The command, on a home of its own."""
    return InvokedOrch(tmp_path)


def found(orch: InvokedOrch, **environment: str) -> dict[str, list[dict[str, Any]]]:
    """What the doctor finds, by subject."""
    by_subject: dict[str, list[dict[str, Any]]] = {}
    for each in orch("doctor", "-o", "json", **environment).document:
        by_subject.setdefault(each["subject"], []).append(each)
    return by_subject


def at_home(home: Path, **options: float) -> dict[str, Finding]:
    """What is found in a home, by subject."""
    return {each.subject: each for each in check_home(load({"ORCH_HOME": str(home)}), **options)}


def test_a_sound_installation_is_told_so(orch: InvokedOrch, tmp_path: Path) -> None:
    done = orch("doctor")

    assert done.code == 0
    assert "packages         " in done.out
    findings = found(orch)
    assert [findings[each][0]["status"] for each in ("python", "packages", "home", "disk")] == ["ok"] * 4
    assert findings["control plane"][0]["status"] == "note"
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_does_not_fit_is_told(orch: InvokedOrch, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = ["click>=8", "grpcio>=99", "no-such-thing>=1", "nothing; extra == 'otel'"]
    monkeypatch.setattr("orch_cli.doctor.installation.requires", lambda name: asked)

    (finding,) = found(orch)["packages"]

    assert finding["status"] == "wrong"
    assert "no-such-thing is missing" in finding["message"]
    assert "and Orch needs >=99" in finding["message"]
    assert "click" not in finding["message"]
    assert "pip install" in finding["remedy"]
    assert orch("doctor").code == 1


def test_another_orch_on_the_path_is_told(orch: InvokedOrch, tmp_path: Path) -> None:
    other = tmp_path / "bin" / "orch"
    other.parent.mkdir()
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)

    (finding,) = found(orch, PATH=str(other.parent))["command"]

    assert finding["status"] == "warning"
    assert str(other) in finding["message"]


def test_settings_that_cannot_be_are_told_and_end_the_visit(orch: InvokedOrch) -> None:
    done = orch("doctor", ORCH_RESUME="perhaps")

    assert done.code == 1
    assert "ORCH_RESUME is 'perhaps': write true or false." in done.lines[-1]
    assert done.lines[-1].startswith("wrong")


def test_a_home_that_cannot_be_written_is_told(orch: InvokedOrch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    (finding,) = found(orch, ORCH_HOME=str(tmp_path / "file" / "home"))["home"]

    assert finding["status"] == "wrong"
    assert "set ORCH_HOME" in finding["remedy"]


def test_a_home_that_is_not_there_is_not_made(orch: InvokedOrch, tmp_path: Path) -> None:
    (finding,) = found(orch, ORCH_HOME=str(tmp_path / "a" / "b"))["home"]

    assert (finding["status"], "is made when it is needed" in finding["message"]) == ("ok", True)
    assert not (tmp_path / "a").exists()


class Usage(NamedTuple):
    """As shutil tells it."""

    total: int
    used: int
    free: int


@pytest.mark.parametrize(("free_mb", "status"), [(50, Status.WRONG), (500, Status.WARNING), (5000, Status.OK)])
def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free_mb: int, status: Status) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, free_mb * 1024 * 1024))

    assert at_home(tmp_path)["disk"].status is status


def test_a_locked_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / DATABASE_FILE
    with closing(sqlite3.connect(path, isolation_level=None)) as holder:
        holder.execute("CREATE TABLE t (a)")
        free = at_home(tmp_path)["database"]
        holder.execute("BEGIN EXCLUSIVE")
        locked = at_home(tmp_path, lock_seconds=0)["database"]

    assert (free.status, locked.status) == (Status.OK, Status.WRONG)
    assert "has been locked" in locked.message
    assert f"fuser -v {path}" in locked.remedy


def test_a_damaged_database_is_told(tmp_path: Path) -> None:
    (tmp_path / DATABASE_FILE).write_bytes(b"no database at all, however long it may be " * 100)

    finding = at_home(tmp_path)["database"]

    assert (finding.status, "is damaged" in finding.message) == (Status.WRONG, True)


def test_a_key_that_others_can_read_is_told(orch: InvokedOrch, tmp_path: Path) -> None:
    orch("profile", "create", "p", "api_key=secret")
    safe = at_home(tmp_path)["profiles"]
    (tmp_path / "profiles.toml").chmod(0o644)

    assert safe.status is Status.OK
    statuses = [each.status for each in check_home(load({"ORCH_HOME": str(tmp_path)})) if each.subject == "profiles"]
    assert statuses == [Status.WARNING, Status.OK]


def test_a_server_that_is_gone_is_told(orch: InvokedOrch, tmp_path: Path) -> None:
    gone = LocalServer(url="http://127.0.0.1:9", process_id=os.getpid(), process_mark="another/1", version="0")
    (tmp_path / FILE_NAME).write_text(gone.text())

    findings = found(orch)["control plane"]

    assert "was left behind by a server that is gone" in findings[0]["message"]
    assert "`orch server start`" in findings[1]["remedy"]


def test_a_docker_that_does_not_work_is_told(orch: InvokedOrch, tmp_path: Path) -> None:
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\necho 'Cannot connect to the Docker daemon' >&2\nexit 1\n")
    docker.chmod(0o755)

    (finding,) = found(orch, PATH=str(tmp_path))["docker"]

    assert (finding["status"], "Cannot connect to the Docker daemon" in finding["message"]) == ("note", True)
