"""A flow whose code and packages a worker fetches: what a deployment's pull steps come to in a real run."""

import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.state_pb2 import STATE_TYPE_COMPLETED, STATE_TYPE_FAILED
from tests.e2e.example_runs import Plane, plane_with_worker
from tests.support.required import need
from tests.support.wheels import write_wheel

FLOW = """
import os
import tiny
from orch import flow, task

@task
def version() -> str:
    return tiny.version

@flow
def versions() -> dict[str, str]:
    return {"tiny": version(), "commit": os.environ["ORCH_CODE_COMMIT"]}
"""


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    need("git", there=shutil.which("git") is not None, without="install git")
    with plane_with_worker(tmp_path_factory.mktemp("plane")) as running:
        yield running


def git(folder: Path, *arguments: str) -> str:
    author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    command = ["git", *author, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    for version in ("1.0", "2.0"):
        write_wheel(folder / "wheels", version)
    (folder / "flow.py").write_text(FLOW)
    git(folder, "init", "--quiet", "--initial-branch=main")
    require(folder, "1.0")
    return folder


def require(repository: Path, version: str) -> str:
    """A commit whose flow needs this version of the package."""
    (repository / "requirements.txt").write_text(f"--no-index\n--find-links wheels\ntiny=={version}\n")
    git(repository, "add", ".")
    git(repository, "commit", "--quiet", "--message", version)
    return git(repository, "rev-parse", "HEAD")


def run(plane: Plane, name: str, steps: Sequence[Mapping[str, object]]) -> FlowRun:
    spec = LaunchSpec(entrypoint="flow.py:versions", pull_steps_json=json.dumps(steps))
    return plane.run(plane.create("versions", name, spec), {})


def test_each_run_has_the_newest_commit_and_its_packages(plane: Plane, repository: Path) -> None:
    steps = [{"step": "git", "url": str(repository)}, {"step": "install", "requirements": "requirements.txt"}]
    first = run(plane, "first", steps)
    commit = require(repository, "2.0")
    second = run(plane, "second", steps)

    assert first.state.type == second.state.type == STATE_TYPE_COMPLETED, (first.state, second.state)
    assert json.loads(first.result.data)["tiny"] == "1.0"
    assert json.loads(second.result.data) == {"tiny": "2.0", "commit": commit}
    assert [each.name for each in plane.task_runs(second.flow_run_id)]
    told = f"The code is commit {commit} of {repository}."
    plane.lines(second.flow_run_id, "worker", such_that=lambda lines: told in lines)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"step": "git", "url": "/nowhere.git"}, "git cannot get its default branch of /nowhere.git."),
        ({"step": "svn", "url": "/nowhere"}, 'It must be "local", "git", "archive" or "install".'),
        ({"step": "local", "path": "/nowhere"}, "to be in /nowhere, which is not there on the worker's machine"),
    ],
)
def test_code_that_cannot_be_had_fails_the_run_in_words(plane: Plane, step: dict[str, str], words: str) -> None:
    failed = run(plane, f"bad-{step['step']}", [step])

    assert failed.state.type == STATE_TYPE_FAILED
    assert words in failed.state.message
