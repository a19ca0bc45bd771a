"""Files on their way into a container and out of it: tar archives."""

import io
import tarfile
from collections.abc import AsyncIterator, Mapping
from pathlib import PurePosixPath


async def first_file(chunks: AsyncIterator[bytes], max_bytes: int) -> bytes | None:
    """The first bytes of the first file in a tar archive, of which no more is read than needed; None: it has none."""
    wanted = max_bytes + 4 * tarfile.BLOCKSIZE  # Headers: long names take more than one.
    data = b""
    async for chunk in chunks:
        data += chunk
        if len(data) >= wanted:
            break
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        for member in archive:
            if member.isreg():
                return data[member.offset_data : member.offset_data + min(member.size, max_bytes)]
    return None


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
