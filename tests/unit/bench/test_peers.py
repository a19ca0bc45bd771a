"""Where the peers are looked for."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from tests.bench.peers import dbos, measuring
from tests.bench.peers.programs import VARIABLE, home, python_of
from tests.bench.source_trees import PROJECT

if TYPE_CHECKING:
    from tests.bench.laboratory import Laboratory

NOWHERE = cast("Laboratory", None)


async def test_where_there_are_none_it_says_so_and_measures_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))

    (report,) = [report async for report in measuring.bench(NOWHERE)]

    assert report.ok
    assert report.figures["skipped"] == (
        f"No peers are installed in {tmp_path}: `make bench-peers` installs them, PEERS_HOME names another folder."
    )


def test_the_variable_names_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    (tmp_path / "dbos" / "bin").mkdir(parents=True)
    (tmp_path / "dbos" / "bin" / "python").touch()

    assert python_of("dbos") == tmp_path / "dbos" / "bin" / "python"
    assert python_of("prefect") is None


@pytest.mark.parametrize("value", ["", None])
def test_without_it_they_are_where_make_puts_them(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    if value is None:
        monkeypatch.delenv(VARIABLE, raising=False)
    else:
        monkeypatch.setenv(VARIABLE, value)

    assert home() == PROJECT / ".venv-peers"


async def test_a_peer_that_is_broken_fails_the_bench_in_words(tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'no module named dbos' >&2\nexit 1\n")
    python.chmod(0o755)

    with pytest.raises(RuntimeError, match="no module named dbos"):
        await anext(dbos.measured(python, NOWHERE))
