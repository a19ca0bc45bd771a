"""The launcher on an emulated cluster, and a clock that the test moves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from kubernetes_asyncio.client import Configuration

from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_worker.launchers.base import AttemptKey, Job, LauncherSettings
from orch_worker.launchers.kubernetes.attempt import KubernetesAttempt
from orch_worker.launchers.kubernetes.authentication import Access
from orch_worker.launchers.kubernetes.launcher import KubernetesLauncher
from orch_worker.launchers.kubernetes.naming import job_name
from tests.unit.worker.kubernetes.cluster import NAMESPACE, Cluster
from tests.unit.worker.kubernetes.store import Json

IMAGE = "registry.example/etl:1"


class MovableClock:
    """Stands still but when it is moved."""

    def __init__(self) -> None:
        self._now = 1000.0
        self._sleepers: dict[asyncio.Future[None], float] = {}
        self._news = asyncio.Event()
        self._moved = asyncio.Event()

    def now(self) -> float:
        return self._now

    async def sleep(self, seconds: float) -> None:
        waking = asyncio.get_running_loop().create_future()
        self._sleepers[waking] = self._now + seconds
        self._news.set()
        try:
            await waking
        finally:
            self._sleepers.pop(waking, None)

    async def asleep(self, seconds: float, *, sleepers: int = 1) -> None:
        """Wait until somebody sleeps for at least so long."""
        while sum(wake - self._now >= seconds for wake in self._sleepers.values()) < sleepers:
            self._news.clear()
            await self._news.wait()

    def move(self, seconds: float) -> None:
        """Time passes."""
        self._now += seconds
        self._moved.set()
        for waking, at in self._sleepers.items():
            if at <= self._now and not waking.done():
                waking.set_result(None)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Time passes by itself: as soon as everybody sleeps, it is the time at which the first one wakes."""
        driving = asyncio.create_task(self._run())
        try:
            yield
        finally:
            driving.cancel()

    async def reached(self, time: float) -> None:
        """Wait until it is so late."""
        while self._now < time:
            self._moved.clear()
            await self._moved.wait()

    async def _run(self) -> None:
        while True:
            await self.asleep(0.0)
            await asyncio.sleep(0.005)  # What is not asleep shall have its turn.
            if self._sleepers:
                self.move(max(min(self._sleepers.values()) - self._now, 0.0) + 1e-6)


def access_to(cluster: Cluster) -> Access:
    """As the worker's environment would say it."""
    configuration = Configuration(host=cluster.api.url)
    configuration.connection_pool_maxsize = 0
    if cluster.api.token:
        configuration.api_key["BearerToken"] = f"Bearer {cluster.api.token}"
    return Access(configuration, NAMESPACE)


@asynccontextmanager
async def launcher_at(
    cluster: Cluster,
    folder: Path,
    *,
    worker: str = "worker",
    plane: str = "plane-1",
    clock: MovableClock | None = None,
) -> AsyncIterator[KubernetesLauncher]:
    """A worker's launcher, from its start to its end."""

    async def access() -> Access:
        return access_to(cluster)

    settings = LauncherSettings(folder=folder, pool_name="pods", worker_name=worker, control_plane_id=plane)
    launcher = KubernetesLauncher(settings, clock=clock, access=access)
    await launcher.open()
    try:
        yield launcher
    finally:
        await launcher.close()


def make_job(
    *command: str,
    entrypoint: str = "",
    key: AttemptKey | None = None,
    environment: dict[str, str] | None = None,
    parameters: str = "{}",
    pull_steps: str = "",
    said: list[str] | None = None,
    **variables: object,
) -> Job:
    """A job: of a command, or of an entrypoint."""
    key = key or AttemptKey(str(uuid4()), 1)
    given = {"image": IMAGE, **variables}
    return Job(
        key=key,
        flow_run=FlowRun(flow_run_id=key.flow_run_id, name="happy-otter", parameters_json=parameters),
        spec=LaunchSpec(
            command=() if entrypoint else command or ("true",), entrypoint=entrypoint, pull_steps_json=pull_steps
        ),
        variables={name: value for name, value in given.items() if value is not None},
        environment={
            "ORCH_API_URL": "http://orch-server:4201",
            "ORCH_API_KEY": "s3cret",
            "ORCH_FLOW_RUN_ID": key.flow_run_id,
            "ORCH_LEASE_TOKEN": str(key.token),
            **(environment or {}),
        },
        tell=(said if said is not None else []).append,
        memo="a memo",
    )


class Started:
    """A launch whose Pod is there."""

    def __init__(
        self, cluster: Cluster, launching: "asyncio.Task[KubernetesAttempt]", key: AttemptKey, pod: str
    ) -> None:
        self.cluster = cluster
        self.launching = launching
        self.job = job_name(key)
        self.pod = pod

    @property
    def attempt(self) -> KubernetesAttempt:
        """What was launched."""
        return self.launching.result()

    @property
    def job_manifest(self) -> Json:
        """As it is in the cluster."""
        return self.cluster.store.get("jobs", NAMESPACE, self.job)


async def pending(cluster: Cluster, launcher: KubernetesLauncher, job: Job) -> Started:
    """Launch a job; its Pod is there, and its container does not run."""
    launching = asyncio.create_task(launcher.launch(job))
    return Started(cluster, launching, job.key, await cluster.pod_of(job_name(job.key)))


async def started(cluster: Cluster, launcher: KubernetesLauncher, job: Job) -> Started:
    """Launch a job; its container runs."""
    run = await pending(cluster, launcher, job)
    cluster.run_pod(run.pod)
    await run.launching
    return run
