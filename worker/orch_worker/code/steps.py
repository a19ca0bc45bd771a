"""Pull steps: what brings a run's code, and what installs the packages that it needs. `parsing` reads them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class LocalStep:
    """The code is in a folder of the worker's machine."""

    path: Path


@dataclass(frozen=True, slots=True)
class GitStep:
    """The code is a commit of a git repository."""

    url: str
    branch: str | None = None
    tag: str | None = None
    commit: str | None = None
    credential: str | None = None
    """A variable of the worker's environment, or a file of its machine (it has a slash): TOKEN or USER:TOKEN."""
    subfolder: str = ""
    submodules: bool = False
    timeout_seconds: float = 300.0
    """For each call of git."""

    @property
    def wanted(self) -> str:
        """What of the repository, in words."""
        for kind in ("commit", "tag", "branch"):
            if name := getattr(self, kind):
                return f"{kind} {name}"
        return "its default branch"


@dataclass(frozen=True, slots=True)
class ArchiveStep:
    """The code is a zip or tar archive, somewhere that fsspec can read."""

    url: str
    sha256: str | None = None
    storage_options: Mapping[str, object] = field(default_factory=dict)
    """For fsspec. `{"env": "NAME"}` in the place of a value stands for a variable of the worker's environment."""
    subfolder: str = ""
    timeout_seconds: float = 600.0
    """For download and unpacking together."""


@dataclass(frozen=True, slots=True)
class InstallStep:
    """Packages that the code needs."""

    requirements: str | None = None
    """A pip requirements file, relative to the code."""
    lock: str | None = None
    """A lock file (pylock.toml, package-lock.json), relative to the code. One of the two is given."""
    python: str | None = None
    """The interpreter, by path or name. None: the worker's."""
    timeout_seconds: float = 1800.0

    @property
    def file(self) -> str:
        """The one that is given."""
        return self.requirements or self.lock or ""


CodeStep: TypeAlias = LocalStep | GitStep | ArchiveStep


@dataclass(frozen=True, slots=True)
class Steps:
    """What is to be done, in this order."""

    code: CodeStep | None = None
    install: InstallStep | None = None
