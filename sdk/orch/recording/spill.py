"""Records that wait on disk: ORCH_HOME/spill/<process>/<number>.segment.

A process that cannot reach its control plane writes waves there when its memory for them is full, and what is left when
it ends. It holds a lock on its folder as long as it lives; the next process of the same home that gets the lock ships
what is there (`leftovers`). A segment begins with a line of JSON, then come frames: length, checksum, wave, the run's
start, kind, request. A frame that was cut off by a crash ends its segment.

Nothing is forced to the disk: the files outlive the process, not a loss of power. The folder is for its owner's eyes
only, since runs' parameters and results are in it.
"""

import errno
import json
import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from google.protobuf.message import DecodeError

from orch.recording.parcels import MESSAGES, Kind, Parcel, Wave

SEGMENT_BYTES = 4 * 1024 * 1024
MOST_BYTES = 1024 * 1024 * 1024
"""Of one process."""

_FRAME = struct.Struct(">IIQqB")
_FORMAT = 1
_NEWER = "(written by a newer Orch)"
"""Stands for the target of what this version cannot read: another one will."""
_LOCK = "lock"
_SUFFIX = ".segment"


@dataclass(slots=True)
class _Segment:
    path: Path
    last_number: int
    """Of the newest wave in it."""
    size_bytes: int


class Spill:
    """This process's own folder. Made when it is first needed. For one thread."""

    def __init__(
        self, folder: Path, *, target: str, segment_bytes: int = SEGMENT_BYTES, most_bytes: int = MOST_BYTES
    ) -> None:
        """`target` says for which control plane the records are."""
        self._folder = folder
        self._target = target
        self._segment_bytes = segment_bytes
        self._most_bytes = most_bytes
        self._lock: BinaryIO | None = None
        self._segments: list[_Segment] = []
        self._count = 0
        self._read_from: tuple[int, int] = (0, 0)
        """Which segment is read, by its place, and from which byte on."""

    @property
    def size_bytes(self) -> int:
        """What it takes on disk."""
        return sum(segment.size_bytes for segment in self._segments)

    def append(self, waves: Iterable[Wave]) -> None:
        """Keep waves behind all others. Raises OSError, and then has kept none of them."""
        kept = list(waves)
        if not kept:
            return
        content = b"".join(_frames(kept))
        if self.size_bytes + len(content) > self._most_bytes:
            raise OSError(errno.ENOSPC, f"more than {self._most_bytes} bytes of records wait already")
        last = self._segments[-1] if self._segments else None
        if last is None or last.size_bytes >= self._segment_bytes or last.path == self._path(0):
            self._count += 1
            self._segments.append(_Segment(self._path(self._count), 0, 0))
        segment = self._segments[-1]
        try:
            segment.size_bytes = self._write(segment, content)
        except OSError:
            if not segment.size_bytes:
                self._segments.pop()
                _remove(segment.path)
            raise
        segment.last_number = kept[-1].number

    def prepend(self, waves: Sequence[Wave]) -> None:
        """Keep waves before all others: those that are in memory as well, so that they outlive the process.

        They are not read again, and go with `done`. Raises OSError, and then has kept none of them.
        """
        segment = _Segment(self._path(0), waves[-1].number, 0)
        try:
            segment.size_bytes = self._write(segment, b"".join(_frames(waves)))
        except OSError:
            if all(each.path != segment.path for each in self._segments):
                _remove(segment.path)
            raise
        self._segments.insert(0, segment)
        place, offset = self._read_from
        self._read_from = (place + 1, offset)

    def read(self, most_bytes: int) -> list[Wave]:
        """The next waves that were not read yet, about so many bytes of them. They stay on disk until `done`."""
        while True:
            place, offset = self._read_from
            if place >= len(self._segments):
                return []
            segment = self._segments[place]
            if offset < segment.size_bytes:
                waves, end = _read(segment.path, offset, most_bytes)
                # What cannot be read is passed over.
                self._read_from = (place, end if waves else segment.size_bytes)
                if waves:
                    return waves
            if place + 1 >= len(self._segments):
                return []
            self._read_from = (place + 1, 0)

    def done(self, number: int) -> None:
        """All waves up to this number are delivered: segments that hold no other go."""
        while self._segments and self._segments[0].last_number <= number:
            place, offset = self._read_from
            if place == 0 and offset < self._segments[0].size_bytes:
                return
            segment = self._segments.pop(0)
            self._read_from = (place - 1, offset) if place > 0 else (0, 0)
            _remove(segment.path)

    def close(self) -> None:
        """Let go of the folder; it goes where nothing is left in it."""
        if self._lock is not None:
            _leave(self._folder, self._lock)
            self._lock = None

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:08}{_SUFFIX}"

    def _write(self, segment: _Segment, content: bytes) -> int:
        self._open()
        with _open_private(segment.path) as file:
            start = file.seek(0, os.SEEK_END)
            try:
                _write_all(file.fileno(), content if start else self._header() + content)
            except OSError:
                # No half of a frame stays behind.
                with suppress(OSError):
                    os.ftruncate(file.fileno(), start)
                raise
            return file.seek(0, os.SEEK_END)

    def _header(self) -> bytes:
        return json.dumps({"orch_spill": _FORMAT, "target": self._target}).encode() + b"\n"

    def _open(self) -> None:
        """Make the folder, locked from the start: it gets its name when it is."""
        if self._lock is not None:
            return
        self._folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        hidden = self._folder.with_name(f".{self._folder.name}")
        hidden.mkdir(mode=0o700)
        lock = _open_private(hidden / _LOCK)
        _try_lock(lock)
        hidden.rename(self._folder)
        self._lock = lock


class Leftover:
    """The folder of a process that has ended, locked by this one."""

    def __init__(self, folder: Path, lock: BinaryIO) -> None:
        self._folder = folder
        self._lock = lock
        self._segments = sorted(folder.glob(f"*{_SUFFIX}"))

    @property
    def target(self) -> str:
        """For which control plane it is; empty where nothing (readable) is in it."""
        return next((target for path in self._segments if (target := _target(path))), "")

    def segments(self) -> Iterator[Iterator[list[Wave]]]:
        """Segment by segment, each a few waves at a time. One that was gone through goes."""
        for path in self._segments:
            yield _batches(path)
            _remove(path)

    def close(self) -> None:
        """Let go of the folder; it goes where nothing is left in it."""
        _leave(self._folder, self._lock)


def leftovers(spill_folder: Path) -> Iterator[Leftover]:
    """The folders of processes that have ended, each locked for this one. Each is to be closed."""
    for folder in sorted(spill_folder.glob("[!.]*")):
        try:
            lock = (folder / _LOCK).open("r+b")
        except OSError:
            continue
        if not _try_lock(lock):
            lock.close()
            continue
        yield Leftover(folder, lock)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()


def _batches(path: Path) -> Iterator[list[Wave]]:
    offset = 0
    while True:
        waves, offset = _read(path, offset, SEGMENT_BYTES // 8)
        if not waves:
            return
        yield waves


def _frames(waves: Iterable[Wave]) -> Iterator[bytes]:
    for wave in waves:
        for parcel in wave.parcels:
            content = parcel.request.SerializeToString()
            yield _FRAME.pack(len(content), zlib.crc32(content), wave.number, parcel.start_ns, parcel.kind)
            yield content


def _read(path: Path, offset: int, most_bytes: int) -> tuple[list[Wave], int]:
    """Whole waves from a byte on, and where they end. Nothing where the rest is cut off or cannot be read."""
    with path.open("rb") as file:
        if not offset:
            file.readline()
            offset = file.tell()
        else:
            file.seek(offset)
        waves: list[Wave] = []
        end = offset
        while (found := _read_frame(file)) is not None:
            number, parcel, size = found
            if waves and waves[-1].number == number:
                waves[-1].parcels.append(parcel)
            else:
                if end - offset >= most_bytes:
                    return waves, end
                waves.append(Wave([parcel], number))
            end += size
    return waves, end


def _read_frame(file: BinaryIO) -> tuple[int, Parcel, int] | None:
    head = file.read(_FRAME.size)
    if len(head) < _FRAME.size:
        return None
    length, checksum, number, start_ns, kind = _FRAME.unpack(head)
    content = file.read(length)
    if len(content) < length or zlib.crc32(content) != checksum:
        return None
    try:
        request = MESSAGES[Kind(kind)].FromString(content)
    except (ValueError, DecodeError):
        # Of a newer Orch.
        return None
    return number, Parcel(Kind(kind), request, start_ns), _FRAME.size + length


def _target(path: Path) -> str:
    try:
        with path.open("rb") as file:
            header = json.loads(file.readline(4096))
    except (OSError, ValueError):
        return ""
    if not isinstance(header, dict) or "orch_spill" not in header:
        return ""
    return str(header.get("target", "")) if header["orch_spill"] == _FORMAT else _NEWER


def _write_all(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _open_private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b")


def _leave(folder: Path, lock: BinaryIO) -> None:
    if not any(folder.glob(f"*{_SUFFIX}")):
        with suppress(OSError):
            (folder / _LOCK).unlink()
            folder.rmdir()
    lock.close()


def _try_lock(file: BinaryIO) -> bool:
    """Whether the lock is this process's now. It ends with the process, however that ends."""
    try:
        import fcntl
    except ImportError:  # Windows
        return _try_lock_windows(file)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _try_lock_windows(file: BinaryIO) -> bool:
    import msvcrt

    try:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except OSError:
        return False
    return True
