"""What the API server refuses for a while only: no run fails for it, and none runs on that is to end."""

import asyncio
from collections.abc import Callable

import pytest

from orch_worker.launchers.base import LauncherUnavailableError, Outcome
from orch_worker.launchers.kubernetes.launcher import KubernetesLauncher
from orch_worker.launchers.kubernetes.naming import job_name
from tests.unit.worker.kubernetes.cluster import NAMESPACE, Cluster
from tests.unit.worker.kubernetes.stage import MovableClock, make_job, started
from tests.unit.worker.kubernetes.store import StoreError


def refusing(status: int, *, method: str, times: int) -> Callable[[object], None]:
    """Refuses the first requests of a method."""
    left = times

    def refuse(request: object) -> None:
        nonlocal left
        if left and getattr(request, "method", "") == method:
            left -= 1
            raise StoreError(status, "Refused", "not now")

    return refuse


@pytest.mark.parametrize("status", [401, 403, 409])
async def test_a_stop_is_not_given_up(
    cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock, status: int
) -> None:
    run = await started(cluster, launcher, make_job())
    # Where credentials are refused, others are tried at once.
    cluster.api.refuse = refusing(status, method="DELETE", times=4)

    async with clock.running():
        await run.attempt.stop(grace_seconds=5)

    assert (await run.attempt.wait()).outcome == Outcome.CRASHED
    await run.attempt.forget()
    assert [cluster.names(kind) for kind in ("jobs", "pods")] == [[], []]


async def test_credentials_that_are_refused_give_the_run_back(cluster: Cluster, launcher: KubernetesLauncher) -> None:
    cluster.api.refuse = refusing(401, method="POST", times=2)

    with pytest.raises(LauncherUnavailableError, match="refuses the worker's credentials"):
        await launcher.launch(make_job())


@pytest.mark.parametrize("status", [401, 409])
async def test_a_job_is_let_go_as_soon_as_that_can_be_done(
    cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock, status: int
) -> None:
    cluster.api.refuse = refusing(status, method="PATCH", times=3)

    async with clock.running():
        run = await started(cluster, launcher, make_job())

    assert cluster.names("pods") == [run.pod]


async def test_a_job_that_goes_just_when_its_name_is_taken_is_made_anew(
    cluster: Cluster, launcher: KubernetesLauncher, clock: MovableClock
) -> None:
    job = make_job()
    name = job_name(job.key)
    cluster.store.create(
        "jobs", NAMESPACE, {"metadata": {"name": name, "namespace": NAMESPACE}, "spec": {"suspend": True}}
    )

    def remove_first(request: object) -> None:
        if getattr(request, "method", "") == "GET" and str(getattr(request, "url", "")).endswith(name):
            cluster.api.refuse = lambda request: None
            cluster.store.remove("jobs", NAMESPACE, name)

    cluster.api.refuse = remove_first
    launching = asyncio.create_task(started(cluster, launcher, job))
    async with clock.running():
        run = await launching

    assert cluster.names("jobs") == [run.job]
