"""Parameters from a command line and from files."""

from pathlib import Path

import pytest

from orch_cli.failures import Wrong
from orch_cli.parameters import read_parameters


def test_values_are_json_or_texts() -> None:
    found = read_parameters(("a=1", "b=[1, 2]", "c=null", "d=2026-11-22", "e=", "f=x=y", "g=NaN", 'h="1"'))

    assert found == {"a": 1, "b": [1, 2], "c": None, "d": "2026-11-22", "e": "", "f": "x=y", "g": "NaN", "h": "1"}


def test_a_files_dates_are_texts(tmp_path: Path) -> None:
    file = tmp_path / "p.yml"
    file.write_text("day: 2026-11-22\nrows: [1, two]\n1: one\n")

    assert read_parameters((), str(file)) == {"day": "2026-11-22", "rows": [1, "two"], "1": "one"}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("p.json", b"{", "Cannot read"),
        ("p.yaml", b"a: [", "Cannot read"),
        ("p.yaml", b"- 1\n", "no object"),
        ("p.json", b"[]", "no object"),
        ("p.yaml", b"\xff\xfe", "UTF-8"),
    ],
)
def test_a_file_that_holds_no_parameters_is_told(tmp_path: Path, name: str, content: bytes, words: str) -> None:
    file = tmp_path / name
    file.write_bytes(content)

    with pytest.raises(Wrong, match=words) as raised:
        read_parameters((), str(file))
    assert str(file) in str(raised.value)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Wrong, match="No such file"):
        read_parameters((), str(tmp_path / "none.json"))
