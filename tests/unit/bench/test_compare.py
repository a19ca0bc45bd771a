"""`make bench-compare`: another version from git, measured by this tree's benches."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from tests.bench import compare
from tests.bench.compare import Version, main
from tests.bench.paired import FEWEST_PAIRS, FigureName
from tests.bench.source_trees import PROJECT, SourceTreeError, environment_of, extracted

RATE = ("lifecycle", "runs_per_s")


@pytest.fixture(autouse=True)
def history() -> None:
    """Sources that were unpacked from an archive have none."""
    if not (PROJECT / ".git").exists():
        pytest.skip("this tree is no git repository")


def test_a_version_comes_whole_and_goes_without_a_trace() -> None:
    before = worktrees()

    with extracted("HEAD") as tree:
        assert (tree / "server" / "orch_server" / "app.py").exists()
        assert worktrees() == before

    assert not tree.exists()


def worktrees() -> str:
    return subprocess.run(["git", "worktree", "list"], cwd=PROJECT, capture_output=True, text=True, check=True).stdout


def test_its_own_packages_are_run_whatever_is_installed() -> None:
    with extracted("HEAD") as tree:
        program = "import orch_server.app, orch; print(orch_server.app.__file__); print(orch.__file__)"
        done = subprocess.run(
            [sys.executable, "-c", program], env=environment_of(tree), capture_output=True, text=True, check=True
        )

    assert all(Path(line).is_relative_to(tree) for line in done.stdout.split())


@pytest.mark.parametrize("reference", ["no-such-branch", "", "--help", "HEAD:README.md", "HEAD^{tree}"])
def test_what_is_no_commit_is_told(reference: str) -> None:
    with pytest.raises(SourceTreeError, match="git knows no commit"), extracted(reference):
        pass


def test_a_version_that_cannot_be_imported_is_told(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[tool.hatch.build]\ndev-mode-dirs = ["own"]\n')
    (tmp_path / "own" / "orch").mkdir(parents=True)
    (tmp_path / "own" / "orch" / "__init__.py").write_text("import a_package_that_is_not_installed\n")

    with pytest.raises(SourceTreeError, match="a_package_that_is_not_installed"):
        environment_of(tmp_path)


def test_a_version_from_before_orch_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceTreeError, match="is no Orch"):
        environment_of(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["HEAD", "no_such_bench"], "no bench to compare called no_such_bench"),
        (["HEAD", "machine"], "no bench to compare called machine"),
        (["HEAD", "--pairs", "3"], "the least is"),
        ([], "BASE"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_in_words(
    arguments: Sequence[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert told in capsys.readouterr().err


def test_an_unknown_reference_ends_it_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["no-such-branch"]) == 2
    assert "git knows no commit 'no-such-branch'" in capsys.readouterr().err


class Measurements:
    """Stands in for the benches: each version has its rate."""

    def __init__(self, **rates: float) -> None:
        self.order: list[str] = []
        self._rates = rates

    def __call__(self, version: Version, names: Sequence[str]) -> Mapping[FigureName, float]:
        self.order.append(version.name)
        return {RATE: self._rates[version.name] + 0.01 * len(self.order)} if version.name in self._rates else {}


def measured(monkeypatch: pytest.MonkeyPatch, **rates: float) -> Measurements:
    found = Measurements(**rates)
    monkeypatch.setattr(compare, "_measured", found)
    monkeypatch.setattr(compare, "environment_of", lambda tree: {})
    return found


def test_each_second_pair_runs_in_the_other_order(monkeypatch: pytest.MonkeyPatch) -> None:
    found = measured(monkeypatch, base=400, now=400)

    assert main(["HEAD", "lifecycle"]) == 0
    assert found.order == ["base", "now", "now", "base"] * (FEWEST_PAIRS // 2)


def test_something_slower_ends_it_with_1(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    measured(monkeypatch, base=400, now=300)

    assert main(["HEAD", "lifecycle"]) == 1
    assert "slower" in capsys.readouterr().out.splitlines()[-1]


def test_something_faster_ends_it_with_0(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    measured(monkeypatch, base=300, now=400)

    assert main(["HEAD", "lifecycle"]) == 0
    assert "faster" in capsys.readouterr().out.splitlines()[-1]


def test_a_bench_that_the_base_cannot_run_ends_it_in_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measured(monkeypatch, now=400)

    assert main(["HEAD", "lifecycle"]) == 2
    assert "do not run on BASE" in capsys.readouterr().err


def test_a_bench_that_fails_now_cannot_be_compared(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    measured(monkeypatch, base=400)

    assert main(["HEAD", "lifecycle"]) == 2
    assert "No figure could be compared" in capsys.readouterr().err
