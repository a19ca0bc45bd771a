"""Files on their way into a container and out of it."""

import io
import tarfile
from collections.abc import AsyncIterator

import pytest

from orch_worker.launchers.docker.archives import NoFileError, archive_of, only_file


async def pieces(data: bytes, size: int) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


def test_files_come_with_their_folders_and_everybody_may_read_them() -> None:
    data = archive_of({"/.orch/parameters.json": b"{}", "/.orch/tls/ca.pem": b"trust me"})

    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = {member.name: (member.isdir(), oct(member.mode)) for member in archive}
    assert found == {
        ".orch": (True, "0o755"),
        ".orch/tls": (True, "0o755"),
        ".orch/parameters.json": (False, "0o644"),
        ".orch/tls/ca.pem": (False, "0o644"),
    }


@pytest.mark.parametrize("size", [7, 512, 100_000])
async def test_the_first_bytes_of_a_file(size: int) -> None:
    data = archive_of({"/result.json": b"x" * 50_000})

    assert await only_file(pieces(data, size), 50_001) == b"x" * 50_000
    assert await only_file(pieces(data, size), 10) == b"x" * 10


@pytest.mark.parametrize(
    ("kind", "words"),
    [(tarfile.DIRTYPE, "a folder"), (tarfile.SYMTYPE, "a symbolic link"), (tarfile.CHRTYPE, "no file")],
)
async def test_what_is_no_file_is_not_read(kind: bytes, words: str) -> None:
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        entry = tarfile.TarInfo("result.json")
        entry.type = kind
        archive.addfile(entry)
        inside = tarfile.TarInfo("result.json/other.json")
        inside.size = 1
        archive.addfile(inside, io.BytesIO(b"7"))

    with pytest.raises(NoFileError, match=words):
        await only_file(pieces(data.getvalue(), 512), 10)


@pytest.mark.parametrize("data", [b"", b"no archive at all" * 100])
async def test_what_is_no_archive_is_not_read(data: bytes) -> None:
    with pytest.raises(NoFileError):
        await only_file(pieces(data, 512), 10)
