"""Another version of Orch, from git, run by this environment's Python and measured by this tree's benches.

Its sources come before the installed ones on Python's path. So both versions have the same dependencies and the same
ruler, nothing has to be installed or built, and git keeps no trace of it, however this ends.
"""

import io
import os
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).parents[2]
_PACKAGES = "import orch, orch_cli, orch_client, orch_proto, orch_server, orch_worker"
_WHERE = f"{_PACKAGES}; print(orch_server.__file__)"


class SourceTreeError(Exception):
    """A version cannot be had or run; the text says why and what to do."""


@contextmanager
def extracted(reference: str) -> Iterator[Path]:
    """The files of a commit, branch or tag, in a folder that is gone afterwards. Raises SourceTreeError."""
    archive = _git("archive", "--format=tar", commit_of(reference))
    with tempfile.TemporaryDirectory(prefix="orch-bench-base-", ignore_cleanup_errors=True) as folder:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(folder, filter="data")
        yield Path(folder)


def commit_of(reference: str) -> str:
    """Its full id. Raises SourceTreeError where git knows no such commit."""
    try:
        return _git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{reference}^{{commit}}").decode().strip()
    except SourceTreeError as error:
        raise SourceTreeError(f"git knows no commit {reference!r} here: give a commit, a branch or a tag.") from error


def environment_of(tree: Path) -> Mapping[str, str]:
    """This process's environment, with the packages of that tree. Raises SourceTreeError where they cannot be
    imported: it may need other dependencies than are installed here."""
    variables = os.environ | {"PYTHONPATH": os.pathsep.join(str(root) for root in _source_roots(tree))}
    # Compiled beforehand, so that neither version pays for it while it is measured.
    _python(variables, "-m", "compileall", "-q", *(str(root) for root in _source_roots(tree)))
    found = _python(variables, "-c", _WHERE)
    if found.returncode != 0 or not Path(found.stdout.strip()).is_relative_to(tree):
        said = found.stderr.strip().rpartition("\n")[2] or f"it finds {found.stdout.strip()} instead"
        raise SourceTreeError(
            f"the version in {tree} cannot be run with this environment's dependencies: {said}. Compare with a later"
            " one, or install what it needs."
        )
    return variables


def _source_roots(tree: Path) -> list[Path]:
    """Where its packages lie, as its own pyproject.toml says for an editable install."""
    try:
        settings = tomllib.loads((tree / "pyproject.toml").read_text())
        return [tree / root for root in settings["tool"]["hatch"]["build"]["dev-mode-dirs"]]
    except (OSError, KeyError) as error:
        raise SourceTreeError(f"{tree} is no Orch: its pyproject.toml names no source folders ({error}).") from error


def _python(variables: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], env=variables, cwd=PROJECT, capture_output=True, text=True, check=False
    )


def _git(*arguments: str) -> bytes:
    try:
        done = subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, check=False)
    except FileNotFoundError as error:
        raise SourceTreeError("git is not installed: the version to compare with comes from it.") from error
    if done.returncode != 0:
        raise SourceTreeError(f"git {arguments[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout
