"""The Docker launcher keeps, on a real engine, what launchers promise."""

from pathlib import Path

import pytest

from orch_worker.launchers.conformance import CHECKS, Check, Stage, run_check
from orch_worker.launchers.docker.launcher import DockerLauncher
from tests.support.docker_engine import Engine


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_it_conforms(
    check: Check, docker_engine: Engine, docker_image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in docker_engine.environment.items():
        monkeypatch.setenv(name, value)

    await run_check(check, Stage(DockerLauncher, tmp_path, variables={"image": docker_image, "network_mode": "none"}))
