"""Files on their way into a container and out of it: tar archives."""

import io
import tarfile
from collections.abc import AsyncIterator, Mapping
from pathlib import PurePosixPath

_KINDS = {tarfile.DIRTYPE: "a folder", tarfile.SYMTYPE: "a symbolic link", tarfile.FIFOTYPE: "a pipe"}


class NoFileError(Exception):
    """What was asked for cannot be read as a file. The text says what it is."""


async def only_file(chunks: AsyncIterator[bytes], max_bytes: int) -> bytes:
    """The first bytes of the one file in a tar archive, of which no more is read than needed. Raises NoFileError."""
    wanted = max_bytes + 4 * tarfile.BLOCKSIZE  # Headers: long names take more than one.
    data = b""
    async for chunk in chunks:
        data += chunk
        if len(data) >= wanted:
            break
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            entry = archive.next()
    except tarfile.TarError as error:
        raise NoFileError(f"no archive: {error}") from error
    if entry is None or not entry.isreg():
        raise NoFileError(_KINDS.get(entry.type, "no file") if entry else "nothing")
    return data[entry.offset_data : entry.offset_data + min(entry.size, max_bytes)]


def archive_of(files: Mapping[str, bytes]) -> bytes:
    """A tar archive of files, by absolute path, with their folders. Everybody may read them."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as archive:
        for folder in sorted({parent for path in files for parent in PurePosixPath(path).parents if parent.name}):
            entry = tarfile.TarInfo(str(folder).lstrip("/"))
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(entry)
        for path, content in files.items():
            entry = tarfile.TarInfo(path.lstrip("/"))
            entry.size, entry.mode = len(content), 0o644
            archive.addfile(entry, io.BytesIO(content))
    return data.getvalue()
