"""A work pool of type docker, and a worker that serves it, as a process."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from uuid import uuid4

from google.protobuf.duration_pb2 import Duration

from orch_client.async_client import AsyncClient, connect_async
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.state_pb2 import StateType
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest
from tests.e2e.faults.worker_process import WorkerProcess
from tests.support.docker_engine import Engine
from tests.unit.worker.stage import Audience

_TESTS = count(1)
WAIT_SECONDS = 60.0
"""Containers of a machine under load take their time."""


class DockerPool(Audience):
    """A pool on one engine."""

    def __init__(self, client: AsyncClient, name: str, engine: Engine) -> None:
        super().__init__(client, name)
        # Tests that share a pool have deployments of their own.
        self._made = next(_TESTS) * 100
        self.engine = engine

    async def containers(self, *filters: str) -> list[str]:
        """Ids of its containers, whatever became of them; further filters are those of `docker ps`."""
        return await asyncio.to_thread(self.engine.containers, f"label=orch.pool={self.pool}", *filters)

    async def container_of(self, run_id: str) -> str:
        """The one container of a run."""
        [container] = await self.containers(f"label=orch.run={run_id}")
        return container

    async def docker(self, *arguments: str) -> str:
        """What `docker ARGUMENTS` prints."""
        return await asyncio.to_thread(self.engine.call, *arguments)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait until something is so that nobody tells of."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not await asyncio.to_thread(holds):
            assert time.monotonic() < deadline, self.engine.call("ps", "--all")
            await asyncio.sleep(0.02)

    async def printed(self, run_id: str, line: str) -> None:
        """Wait until a run's log has a line of its own output."""
        async with asyncio.timeout(WAIT_SECONDS):
            while line not in await self.lines(run_id, "output"):
                pass  # Asking takes its time.

    async def said(self, run_id: str, stream: str, lines: list[str]) -> None:
        """Wait until this is what is stored of a log stream."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await super().said(run_id, stream, lines)
        except TimeoutError:
            found = await self.lines(run_id, stream)
            assert found == lines, f"{found}, and its remarks: {await self.lines(run_id, 'worker')}"

    async def ended(self, run_id: str, state: StateType.ValueType) -> FlowRun:
        """The run once it is in this state; its container is gone."""
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                run = await self.seen(run_id, state)
        except (AssertionError, TimeoutError) as error:
            said = {stream: await self.lines(run_id, stream) for stream in ("worker", "output")}
            found = (await self.get(run_id)).state
            raise AssertionError(f"the run is {found.name} ({found.message}); {error}; it said {said}") from error
        await self.until(lambda: not self.engine.containers(f"label=orch.run={run_id}"))
        return run


def shell(script: str) -> LaunchSpec:
    """A deployment of a shell script."""
    return LaunchSpec(command=["sh", "-c", script])


def flow_in(folder: Path, entrypoint: str) -> LaunchSpec:
    """A deployment of a Python flow whose code is in a folder of this machine."""
    return LaunchSpec(entrypoint=entrypoint, pull_steps_json=json.dumps([{"step": "local", "path": str(folder)}]))


def creation_of_pool(name: str, image: str) -> CreateWorkPoolRequest:
    """Creates a pool whose containers are of this image, and have the network of the machine."""
    template = {"variables": {"image": image, "network_mode": "host"}}
    pool = WorkPool(name=name, type="docker", job_template_json=json.dumps(template), lease_ttl=Duration(seconds=15))
    return CreateWorkPoolRequest(work_pool=pool)


def docker_worker(url: str, pool: str, engine: Engine, home: Path) -> WorkerProcess:
    """A worker that serves the pool on its engine; not started yet."""
    with_engine = ["env", f"DOCKER_HOST={engine.host}"]
    return WorkerProcess(home, url, "w", "--log-format", "json", "--limit", "30", pool=pool, inside=with_engine)


async def started(worker: WorkerProcess) -> None:
    """Start it, and wait until it has said that it started: now, not in an earlier life."""
    worker.lines.clear()
    worker.start()
    await said(worker, "worker started")


async def said(worker: WorkerProcess, event: str) -> None:
    """Wait until a worker has logged this."""
    async with asyncio.timeout(WAIT_SECONDS):
        while not any(f'"event": "{event}"' in line for line in tuple(worker.lines)):
            assert worker.is_alive(), list(worker.lines)
            await asyncio.sleep(0.02)


@asynccontextmanager
async def docker_pool(url: str, engine: Engine, image: str) -> AsyncIterator[DockerPool]:
    """A pool that nobody else uses; its containers go with it."""
    async with connect_async(url) as client:
        pool = DockerPool(client, f"docker-{uuid4().hex[:8]}", engine)
        await client.work_pools.CreateWorkPool(creation_of_pool(pool.pool, image))
        try:
            yield pool
        finally:
            engine.remove(*engine.containers(f"label=orch.pool={pool.pool}"))


def numbered(lines: Sequence[str]) -> list[int]:
    """Of lines "line 1", "line 2" …, the numbers."""
    return [int(line.removeprefix("line ")) for line in lines if line.startswith("line ")]
