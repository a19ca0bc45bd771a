"""Where workers get a deployment's code from (docs/code.md).

from orch.deployments import GitRepository, Requirements

etl.deploy("nightly", source=GitRepository("https://github.com/org/flows", branch="main"),
           install=Requirements("requirements.txt"))
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from os import PathLike, fspath
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

from orch.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class PullStep:
    """One thing that a worker does before it starts a run. Subclasses say what."""

    kind: ClassVar[str]

    def step(self) -> dict[str, Any]:
        """As a deployment keeps it."""
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {"step": self.kind, **{name: value for name, value in values.items() if value}}


@dataclass(frozen=True, slots=True)
class LocalFolder(PullStep):
    """A folder of the worker's machine, by its absolute path."""

    kind: ClassVar[str] = "local"
    path: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", str(Path(self.path).expanduser().absolute()))


@dataclass(frozen=True, slots=True)
class GitRepository(PullStep):
    """A git repository: a branch, a tag or a commit of it; its default branch where none is given."""

    kind: ClassVar[str] = "git"
    url: str
    branch: str | None = None
    tag: str | None = None
    commit: str | None = None
    credential: str | None = None
    """The name of a variable of the worker's environment, or a file of its machine: TOKEN or USER:TOKEN."""
    subfolder: str = ""
    """The working folder within the repository."""
    submodules: bool = False
    """Fetch them, too."""

    def __post_init__(self) -> None:
        if sum(each is not None for each in (self.branch, self.tag, self.commit)) > 1:
            raise ConfigurationError(f"The repository {self.url!r}: give a branch, a tag or a commit, one of them.")


@dataclass(frozen=True, slots=True)
class Archive(PullStep):
    """A zip or tar archive, anywhere that fsspec can read."""

    kind: ClassVar[str] = "archive"
    url: str
    sha256: str | None = None
    storage_options: Mapping[str, Any] = field(default_factory=dict)
    """For fsspec. `{"env": "NAME"}` in the place of a value stands for a variable of the worker's environment."""
    subfolder: str = ""


@dataclass(frozen=True, slots=True)
class Requirements(PullStep):
    """Python packages, installed into an environment that is kept: a pip requirements file or a lock file."""

    kind: ClassVar[str] = "install"
    requirements: str | None = None
    """A file, relative to the code."""
    lock: str | None = None
    """A lock file (pylock.toml), relative to the code; in place of requirements."""
    python: str | None = None
    """The interpreter, by path or name; None: the worker's."""

    def __post_init__(self) -> None:
        if (self.requirements is None) == (self.lock is None):
            raise ConfigurationError("Requirements are a requirements file or a lock file: give one of them.")


Source: TypeAlias = PullStep | str | PathLike[str]
"""A pull step; or, as a text, the URL of a git repository or the path of a folder."""


def source_of(given: Source) -> PullStep:
    """What a source means."""
    if isinstance(given, PullStep):
        return given
    text = fspath(given)
    if "://" in text or text.endswith(".git") or text.startswith("git@"):
        return GitRepository(text)
    return LocalFolder(text)
