"""Code from an archive: unpacked once for each content, and never outside of its folder."""

import asyncio
import hashlib
import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from orch_worker.code import CodeError
from tests.unit.worker.code.conftest import Machine


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def zipped(tmp_path: Path) -> Path:
    path = tmp_path / "etl.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("etl/flow.py", "version = 1\n")
        script = zipfile.ZipInfo("etl/run.sh")
        script.external_attr = (stat.S_IFREG | 0o755) << 16
        archive.writestr(script, "#!/bin/sh\n")
        link = zipfile.ZipInfo("etl/again.py")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "flow.py")
    return path


def tar_of(path: Path, mode: str, text: str = "version = 1\n") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        member = tarfile.TarInfo("flow.py")
        member.size = len(text)
        archive.addfile(member, io.BytesIO(text.encode()))
    return path


async def test_a_zip_keeps_its_links_and_programs(machine: Machine, zipped: Path) -> None:
    prepared = await machine.prepare({"step": "archive", "url": str(zipped), "subfolder": "etl"})
    assert prepared.folder is not None
    assert (prepared.folder / "again.py").read_text() == "version = 1\n"
    assert os.access(prepared.folder / "run.sh", os.X_OK)
    assert not os.access(prepared.folder / "flow.py", os.X_OK)
    assert prepared.environment == {"ORCH_CODE_SHA256": digest_of(zipped)}


@pytest.mark.parametrize(("name", "mode"), [("a.tar", "w"), ("a.tgz", "w:gz"), ("a.tar.bz2", "w:bz2"), ("a", "w:xz")])
async def test_a_tar_of_any_kind(name: str, mode: str, machine: Machine, tmp_path: Path) -> None:
    path = tar_of(tmp_path / name, mode)
    prepared = await machine.prepare({"step": "archive", "url": path.as_uri()})
    assert prepared.folder is not None
    assert (prepared.folder / "flow.py").read_text() == "version = 1\n"


async def test_with_its_sha256_it_is_fetched_once(machine: Machine, zipped: Path) -> None:
    step = {"step": "archive", "url": str(zipped), "sha256": digest_of(zipped)}
    first = await asyncio.gather(*(machine.prepare(step) for _ in range(3)))
    zipped.unlink()  # noqa: ASYNC240
    again = await machine.prepare(step)
    assert {each.folder for each in first} == {again.folder}


async def test_without_it_what_is_there_now_counts(machine: Machine, tmp_path: Path) -> None:
    step = {"step": "archive", "url": str(tmp_path / "etl.tar")}
    tar_of(tmp_path / "etl.tar", "w", "version = 1\n")
    first = await machine.prepare(step)
    tar_of(tmp_path / "etl.tar", "w", "version = 2\n")
    second = await machine.prepare(step)
    assert first.folder is not None
    assert second.folder is not None
    assert (first.folder / "flow.py").read_text() == "version = 1\n"
    assert (second.folder / "flow.py").read_text() == "version = 2\n"


def tar_with(member: tarfile.TarInfo) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with tarfile.open(path, "w") as archive:
            archive.addfile(member)

    return write


def link_to(target: str) -> tarfile.TarInfo:
    member = tarfile.TarInfo("etl/link")
    member.type, member.linkname = tarfile.SYMTYPE, target
    return member


def zip_with(name: str, text: str = "", mode: int = 0o644 | stat.S_IFREG) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        member = zipfile.ZipInfo(name)
        member.external_attr = mode << 16
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(member, text)

    return write


@pytest.mark.parametrize(
    "write",
    [
        tar_with(tarfile.TarInfo("../../outside")),
        tar_with(link_to("../../../outside")),
        tar_with(link_to("/etc/passwd")),
        zip_with("../../outside"),
        zip_with("/outside"),
        zip_with("etl\\..\\..\\outside"),
        zip_with("etl/link", "../../outside", stat.S_IFLNK | 0o777),
        zip_with("etl/link", "/etc/passwd", stat.S_IFLNK | 0o777),
    ],
)
async def test_what_leads_out_is_refused(write: Callable[[Path], None], machine: Machine, tmp_path: Path) -> None:
    write(tmp_path / "archive")
    with pytest.raises(CodeError, match="it is not safe to unpack"):
        await machine.prepare({"step": "archive", "url": str(tmp_path / "archive")})
    assert machine.kept() == []
    assert not [path for path in machine.cache.parent.glob("**/*") if path.name == "outside"]


async def test_what_cannot_be_used_is_told(machine: Machine, zipped: Path, tmp_path: Path) -> None:
    steps: list[tuple[dict[str, object], str]]
    (tmp_path / "text").write_text("no archive")
    cut = tar_of(tmp_path / "cut.tgz", "w:gz")
    cut.write_bytes(cut.read_bytes()[:-20])
    steps = [
        ({"url": "/nowhere.zip"}, "there is no such file"),
        ({"url": str(tmp_path / "text")}, "it is neither a zip nor a tar file"),
        ({"url": str(cut)}, "cannot be used"),
        ({"url": str(zipped), "sha256": "0" * 64}, f"its sha256 is {digest_of(zipped)}, not 0000"),
        ({"url": "https://localhost:1/etl.zip"}, "it cannot be fetched"),
        ({"url": "nonsense://etl.zip"}, "nonsense"),
        ({"url": "s", "storage_options": {"key": {"env": "NO_KEY"}}}, "name the variable NO_KEY"),
    ]
    for step, words in steps:
        with pytest.raises(CodeError) as refused:
            await machine.prepare({"step": "archive", **step})
        assert words in str(refused.value)
    assert machine.kept() == []


async def test_options_come_from_the_environment_and_stay_there(machine: Machine) -> None:
    machine.environment["CODE_KEY"] = "hunter2"
    options = {"compression": {"env": "CODE_KEY"}}
    # fsspec repeats the value that it refuses.
    with pytest.raises(CodeError) as refused:
        await machine.prepare({"step": "archive", "url": "/nowhere.zip", "storage_options": options})
    assert "Compression type *** not supported" in str(refused.value)
