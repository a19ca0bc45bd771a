"""The launcher keeps what every launcher promises: on an emulated cluster whose Pods are processes of this machine, and
on a real one, where ORCH_TEST_KUBECONFIG names it.
"""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orch_worker.launchers.base import LauncherSettings
from orch_worker.launchers.conformance import CHECKS, Check, Stage, run_check
from orch_worker.launchers.kubernetes.authentication import Access, find_access
from orch_worker.launchers.kubernetes.launcher import KubernetesLauncher
from tests.support.required import need
from tests.unit.worker.kubernetes.processes import process_cluster
from tests.unit.worker.kubernetes.stage import access_to

REAL_CLUSTER = os.environ.get("ORCH_TEST_KUBECONFIG", "")
REAL_IMAGE = os.environ.get("ORCH_TEST_IMAGE", "busybox:stable")


@pytest.fixture
async def emulated(tmp_path: Path) -> AsyncIterator[Stage]:
    """A stage on an emulated cluster."""
    async with process_cluster(tmp_path) as cluster:

        async def access() -> Access:
            return access_to(cluster)

        def factory(settings: LauncherSettings, /) -> KubernetesLauncher:
            return KubernetesLauncher(settings, access=access)

        yield Stage(factory, tmp_path / "workers", variables={"image": "emulated"})


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_it_conforms(check: Check, emulated: Stage) -> None:
    await run_check(check, emulated)


@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_it_conforms_on_a_real_cluster(check: Check, tmp_path: Path) -> None:
    need("kubernetes", there=bool(REAL_CLUSTER), without="ORCH_TEST_KUBECONFIG names no cluster.")

    async def access() -> Access:
        return await find_access({"KUBECONFIG": REAL_CLUSTER})

    def factory(settings: LauncherSettings, /) -> KubernetesLauncher:
        return KubernetesLauncher(settings, access=access)

    variables = {"image": REAL_IMAGE, "pod_security_context": {"runAsUser": 1000}}
    await run_check(check, Stage(factory, tmp_path, variables=variables))
