"""A launcher for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orch_worker.launchers.process import hosts
from orch_worker.launchers.process.launcher import ProcessLauncher
from tests.unit.worker.process.stage import opened


@pytest.fixture(autouse=True)
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hosts that start quickly: they do not load the SDK."""
    monkeypatch.setattr(hosts, "_WARM", ())


@pytest.fixture
async def launcher(tmp_path: Path) -> AsyncIterator[ProcessLauncher]:
    """A launcher with a host of its own."""
    async with opened(tmp_path / "launcher") as launcher:
        yield launcher
