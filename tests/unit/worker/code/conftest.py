"""A repository, a store, and code made ready as a worker does it."""

import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from orch_worker.code import Prepared, prepare
from tests.support.required import need


@dataclass
class Repository:
    """A git repository in a folder, with one commit to begin with."""

    folder: Path

    @property
    def url(self) -> str:
        return str(self.folder)

    def git(self, *arguments: str) -> str:
        command = ["git", "-C", self.url, "-c", "user.name=Ada", "-c", "user.email=ada@example.org", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def commit(self, **files: str) -> str:
        """Writes files (`flow_py` is flow.py) and commits them. The commit."""
        for name, text in files.items():
            (self.folder / name.replace("_", ".")).write_text(text)
        self.git("add", ".")
        self.git("commit", "--quiet", "--message", "work")
        return self.git("rev-parse", "HEAD")


@dataclass
class Machine:
    """A worker's machine: its store of code, its environment, and what runs were told."""

    cache: Path
    environment: dict[str, str]
    told: list[str] = field(default_factory=list)

    async def prepare(self, *steps: Mapping[str, object], limit_bytes: int = 10**10) -> Prepared:
        return await prepare(
            json.dumps(steps),
            cache=self.cache,
            environment=self.environment,
            tell=self.told.append,
            limit_bytes=limit_bytes,
        )

    def kept(self) -> list[str]:
        """Names of what is complete in the store."""
        return sorted(mark.stem for mark in self.cache.glob("*/*.ready"))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "cache", dict(os.environ) | {"HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"})


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    need("git", there=shutil.which("git") is not None, without="install git")
    made = Repository(tmp_path / "repository")
    made.folder.mkdir()
    made.git("init", "--quiet", "--initial-branch=main")
    made.commit(flow_py="version = 1\n")
    return made
