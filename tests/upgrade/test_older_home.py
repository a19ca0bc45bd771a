"""A home directory from an earlier version, opened by the SDK of today: no server, no step to take by hand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from orch_proto.v1.flow_run_service_pb2 import ListFlowRunsRequest
from orch_server.embedded import open_embedded
from orch_server.storage.revisions import HEAD
from tests.upgrade.dumps import load_sqlite
from tests.upgrade.recordings import Recording, recorded_revisions

_SCRIPT = """
from orch import flow, task

@task
def add(a, b):
    return a + b

@flow
def etl():
    return add(1, 2)

assert etl() == 3
"""


@pytest.mark.parametrize("revision", [revision for revision in recorded_revisions() if revision != HEAD])
async def test_a_script_runs_and_the_runs_of_before_are_there(revision: str, tmp_path: Path) -> None:
    recording = Recording(revision, "sqlite")
    load_sqlite(recording.script, tmp_path / "orch.db")

    _run_script(tmp_path)

    plane = await open_embedded(tmp_path)
    try:
        runs = (await plane.list_flow_runs(ListFlowRunsRequest(page_size=200))).flow_runs
    finally:
        await plane.close()
    assert set(recording.facts.runs.values()) <= {run.flow_run_id for run in runs}
    assert [run.state.name for run in runs if run.flow_name == "etl"] == ["Completed"]


def _run_script(home: Path) -> None:
    script = home / "etl.py"
    script.write_text(_SCRIPT)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORCH_", "OTEL_"))}
    environment = kept | {"ORCH_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, script], env=environment, capture_output=True, text=True, timeout=50, check=False
    )
    assert done.returncode == 0, done.stderr
