"""An emulated cluster for each test, and a launcher on it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orch_worker.launchers.kubernetes.launcher import KubernetesLauncher
from tests.unit.worker.kubernetes.cluster import Cluster, scripted_cluster
from tests.unit.worker.kubernetes.stage import MovableClock, launcher_at


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    """Its Pods do what the test says."""
    async with scripted_cluster() as found:
        yield found


@pytest.fixture
async def clock() -> MovableClock:
    """Stands still but when it is moved."""
    return MovableClock()


@pytest.fixture
async def launcher(cluster: Cluster, clock: MovableClock, tmp_path: Path) -> AsyncIterator[KubernetesLauncher]:
    """A launcher on the cluster, by the movable clock."""
    async with launcher_at(cluster, tmp_path, clock=clock) as found:
        yield found
