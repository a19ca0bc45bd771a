"""The example of a flow that is a Node program: a deployment's command that reports its own task runs."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from importlib.metadata import distribution
from pathlib import Path

import pytest

from orch_proto.v1.flow_run_service_pb2 import CancelFlowRunRequest
from orch_proto.v1.state_pb2 import (
    STATE_TYPE_CANCELLED,
    STATE_TYPE_COMPLETED,
    STATE_TYPE_FAILED,
    STATE_TYPE_RUNNING,
)
from tests.e2e.example_runs import Plane, plane_with_worker
from tests.support.node import ROOT, find_node, installed_example
from tests.support.required import need

WEATHER = str(distribution("vega-datasets").locate_file("vega_datasets/_data/seattle-weather.csv"))
WAITING = """
import { task } from "./orch.js";
await task("wait", async (log) => {
  await log("waiting");
  await new Promise((end) => setTimeout(end, 1e6));
});
"""


def local(folder: Path) -> Mapping[str, str]:
    """The pull step of code that is there."""
    return {"step": "local", "path": str(folder)}


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return installed_example("node", tmp_path_factory.mktemp("node"))


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory, program: Path) -> Iterator[Plane]:
    programs = find_node().programs(tmp_path_factory.mktemp("programs") / "bin")
    with plane_with_worker(tmp_path_factory.mktemp("plane"), programs) as running:
        yield running


@pytest.fixture(scope="module")
def report(plane: Plane, program: Path) -> str:
    return plane.deploy("weather", "report", ["node", "report.js"], steps=[local(program)])


def test_its_result_and_its_task_runs_are_those_of_a_flow(plane: Plane, report: str) -> None:
    run = plane.run(report, {"csv": WEATHER})

    assert run.state.type == STATE_TYPE_COMPLETED, run.state
    years = json.loads(run.result.data)
    assert [year["year"] for year in years] == [2014, 2012, 2015, 2013]
    assert years[0] == {
        "year": 2014,
        "days": 365,
        "rain_mm": 1233,
        "hottest": {"date": "2014/08/11", "celsius": 35.6},
    }
    reading, *summaries = plane.task_runs(run.flow_run_id)
    assert reading.name == "read"
    assert {each.name for each in summaries} == {f"summarise {year}" for year in (2012, 2013, 2014, 2015)}
    assert all(each.upstream_task_run_ids == [reading.task_run_id] for each in summaries)
    assert all(each.state.type == STATE_TYPE_COMPLETED for each in (reading, *summaries))
    assert json.loads(summaries[0].result.data)["year"] in (2012, 2013, 2014, 2015)


def test_from_git_with_its_packages(plane: Plane, program: Path, tmp_path: Path) -> None:
    """As it is deployed to workers elsewhere: nothing of it is on their machine before the run."""
    need("git", there=shutil.which("git") is not None, without="install git")
    repository = tmp_path / "repository"
    copied = shutil.ignore_patterns("node_modules", "gen", "__pycache__")
    shutil.copytree(ROOT / "proto", repository / "proto", ignore=copied)
    shutil.copytree(program, repository / "examples" / "node", ignore=copied)
    author = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    for command in (["init", "--quiet"], ["add", "."], [*author, "commit", "--quiet", "--message", "the report"]):
        subprocess.run(["git", *command], cwd=repository, check=True)
    steps = [
        {"step": "git", "url": str(repository), "subfolder": "examples/node"},
        {"step": "install", "lock": "package-lock.json"},
    ]
    deployed = plane.deploy("weather", "from-git", ["node", "report.js"], steps=steps)

    run = plane.run(deployed, {"csv": WEATHER, "years": [2015]})

    assert run.state.type == STATE_TYPE_COMPLETED, run.state
    assert json.loads(run.result.data)[0]["rain_mm"] == 1139
    fetched = re.compile(rf"The code is commit [0-9a-f]{{40}} of {repository}\.")
    installed = "Installing package-lock.json."
    plane.lines(
        run.flow_run_id, "worker", such_that=lambda lines: installed in lines and any(map(fetched.fullmatch, lines))
    )


def test_what_it_says_is_in_the_log(plane: Plane, report: str) -> None:
    run_id = plane.run(report, {"csv": WEATHER, "years": [2012]}).flow_run_id

    reported = plane.lines(run_id, "node", such_that=lambda lines: len(lines) >= 2)
    assert reported == [f"1461 days in {WEATHER}", "366 days"]
    printed = "2012: 1226 mm of rain, at most 34.4 °C (2012/08/16)"
    plane.lines(run_id, "output", such_that=lambda lines: printed in lines)


def test_a_task_that_throws_fails_the_run(plane: Plane, report: str) -> None:
    run = plane.run(report, {"csv": WEATHER, "years": [2012, 1999]})

    assert run.state.type == STATE_TYPE_FAILED
    states = {each.name: each.state for each in plane.task_runs(run.flow_run_id)}
    assert states["summarise 2012"].type == STATE_TYPE_COMPLETED
    assert states["summarise 1999"].type == STATE_TYPE_FAILED
    assert states["summarise 1999"].failure.type == "RangeError"
    assert "report.js" in states["summarise 1999"].failure.stack_trace
    told = "RangeError: there is no day of 1999"
    plane.lines(run.flow_run_id, "output", such_that=lambda lines: any(told in line for line in lines))


def test_a_cancel_reaches_its_tasks(plane: Plane, program: Path) -> None:
    (program / "wait.js").write_text(WAITING)
    waiting = plane.deploy("waiting", "wait", ["node", "wait.js"], steps=[local(program)])
    run_id = plane.start(waiting, {})
    plane.awaited(run_id, until=STATE_TYPE_RUNNING)
    plane.first_line(run_id)

    plane.client.flow_runs.CancelFlowRun(CancelFlowRunRequest(flow_run_id=run_id))

    assert plane.awaited(run_id).state.type == STATE_TYPE_CANCELLED
    [task_run] = plane.task_runs(run_id)
    assert task_run.state.type == STATE_TYPE_CANCELLED


@pytest.mark.parametrize("name", ["node", "service_node"])
def test_its_lock_file_names_versions_and_no_registry(name: str) -> None:
    lock = json.loads((ROOT / "examples" / name / "package-lock.json").read_text())
    packages = [each for path, each in lock["packages"].items() if path]
    assert packages
    assert all("resolved" not in each and each["integrity"] for each in packages)
    assert not re.search(r"registry|npmjs", (ROOT / "examples" / name / "package-lock.json").read_text())
