"""What saying `deploy` costs before anything is deployed."""

import json
import subprocess
import sys

import pytest

import orch.deployments

HEAVY = {"grpc", "google", "pydantic", "orch_client", "orch_server", "orch_worker", "sqlalchemy", "asyncio"}


@pytest.mark.parametrize(
    "statement",
    [
        "from orch.schedules import Cron; Cron('@daily')",
        "from orch.deployments import DeploymentSpec, deploy, run_deployment, serve",
        "from orch import deploy, serve",
        "from orch.deployments import GitRepository; GitRepository('https://h/x.git').step()",
    ],
)
def test_importing_loads_no_heavy_package(statement: str) -> None:
    code = f"import json, sys\n{statement}\nprint(json.dumps(sorted(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert not HEAVY & {name.partition(".")[0] for name in json.loads(done.stdout)}


@pytest.mark.parametrize("name", orch.deployments.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(orch.deployments, name) is not None
