"""Bytes to lines, lines to a file."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from orch_worker.launchers.process.spool import MAX_LINE_BYTES, STDOUT, LineSplitter, SpoolWriter


@settings(deadline=None)
@given(st.lists(st.binary(max_size=50).map(lambda data: data.replace(b"x", b"\n"))))
def test_however_the_bytes_come_the_lines_are_the_same(chunks: list[bytes]) -> None:
    splitter = LineSplitter()
    lines = [line for chunk in chunks for line in splitter.feed(chunk)] + splitter.end()
    whole = b"".join(chunks)
    assert lines == (whole.removesuffix(b"\n").split(b"\n") if whole else [])


@settings(deadline=None)
@given(st.text(st.sampled_from("aä€😀"), min_size=1, max_size=40), st.integers(500, 30_000))
def test_long_lines_are_cut_between_characters(text: str, chunk: int) -> None:
    data = (text * 2000).encode()
    splitter = LineSplitter()
    pieces = [piece for start in range(0, len(data), chunk) for piece in splitter.feed(data[start : start + chunk])]
    pieces += splitter.end()
    assert "".join(piece.decode() for piece in pieces) == text * 2000
    assert all(len(piece) <= MAX_LINE_BYTES for piece in pieces)


def test_a_full_disk_costs_lines_which_are_counted_and_told(tmp_path: Path) -> None:
    path = tmp_path / "output"
    spool = SpoolWriter(path)
    spool.append(STDOUT, 1, [b"first"])
    with _room_for(path.stat().st_size + 12):
        spool.append(STDOUT, 2, [b"fits", b"does not fit", b"nor this"])
        spool.append(STDOUT, 3, [b"nor this"])
    spool.append(STDOUT, 4, [b"last"])
    spool.close()
    assert spool.lost_lines == 3
    assert path.read_text().splitlines() == [
        "1 1 first",
        "1 2 fits",
        "3 4 [3 lines are missing here: the worker's disk was full]",
        "1 4 last",
    ]


def test_a_spool_goes_on_where_it_ended(tmp_path: Path) -> None:
    for number in (1, 2):
        spool = SpoolWriter(tmp_path / "output")
        spool.append(STDOUT, number, [b"line"])
        spool.close()
        spool.close()
    assert (tmp_path / "output").read_text() == "1 1 line\n1 2 line\n"


@contextmanager
def _room_for(size: int) -> Iterator[None]:
    """No file may grow beyond that: to whoever writes, a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
