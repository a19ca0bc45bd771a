"""A soak from its beginning to its end: everybody is started, sampled, and stopped."""

import asyncio
import json
import os
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import asyncpg
import psutil

from orch_client import connect_async
from tests.bench.api import Api
from tests.bench.databases import databases
from tests.bench.dispatch import started_worker
from tests.bench.laboratory import Laboratory
from tests.bench.soak.load import REAL_POOL, Load
from tests.bench.soak.retaining import retention
from tests.bench.soak.sampling import cost_of_a_run, of_database, of_processes, warm_interpreter_of
from tests.bench.soak.scene import Scene
from tests.bench.soak.trends import Sample

SAMPLE_SECONDS = 5.0
WINDOW_SHARE = 10
"""Ended runs are kept for a tenth of the soak: so that tables are full long before its second half."""
_SHORTEST_WINDOW = timedelta(seconds=30)
"""Who looks at a run must still find it."""
_LONGEST_BEGINNING_SECONDS = 120


async def soak(minutes: float, runs_a_minute: int, out: Path, samples: list[Sample]) -> None:
    """Fills `samples`, and the file `out` with them. Raises what anybody who takes part raises."""
    window = max(timedelta(minutes=minutes / WINDOW_SHARE), _SHORTEST_WINDOW)
    async with asyncio.timeout(60 * minutes + _LONGEST_BEGINNING_SECONDS), AsyncExitStack() as stack:
        laboratory = Laboratory(stack.enter_context(databases("postgresql")))
        url = stack.enter_context(laboratory.databases.fresh())
        server = await stack.enter_async_context(laboratory.server_on(url))
        client = await stack.enter_async_context(connect_async(f"http://{server.address}"))
        api = Api(await stack.enter_async_context(server.channel()))
        load = Load(client, api, server.http_url, Scene(), runs_a_minute)
        real = await load.prepare()
        worker = await stack.enter_async_context(started_worker(server.address, "--pool", REAL_POOL, "--limit", "8"))
        await stack.enter_async_context(retention(url, window))
        connection = await asyncpg.connect(url)
        stack.push_async_callback(connection.close)
        await real.one()
        async with asyncio.TaskGroup() as group:
            running = group.create_task(load.run(real))
            sampler = Sampler(connection, {"server": server.pid, "worker": worker.pid}, load.scene, out)
            await sampler.sample_for(60 * minutes, samples)
            running.cancel()


class Sampler:
    """Writes down how everybody does."""

    def __init__(self, connection: asyncpg.Connection, pids: dict[str, int], scene: Scene, out: Path) -> None:
        self._connection = connection
        self._pids = pids
        self._scene = scene
        self._out = out
        self._last: Sample = {}

    async def sample_for(self, seconds: float, samples: list[Sample]) -> None:
        """At even distances. Raises RuntimeError where a process is gone."""
        begin = perf_counter()
        with self._out.open("w") as file:
            while (elapsed := perf_counter() - begin) < seconds:
                await asyncio.sleep(SAMPLE_SECONDS - elapsed % SAMPLE_SECONDS)
                sample = await self._sample(perf_counter() - begin)
                samples.append(sample)
                file.write(json.dumps(sample) + "\n")
                file.flush()
                if len(samples) % 6 == 0:
                    print(_progress(sample), flush=True)

    async def _sample(self, elapsed: float) -> Sample:
        pids = self._pids | dict(warm_interpreter_of(self._pids["worker"]))
        try:
            found = of_processes(pids)
        except psutil.NoSuchProcess as error:
            raise RuntimeError(f"a process of the soak has ended: {error}; they were {pids}") from error
        found |= self._scene.timings.drained() | {"load_average": os.getloadavg()[0]}
        sample = {"t": round(elapsed, 1), "runs": self._scene.ended, **found, **await of_database(self._connection)}
        spent = cost_of_a_run(self._last, sample)
        self._last = sample
        return sample | spent


def _progress(sample: Sample) -> str:
    told = {
        "runs": "runs",
        "server MB": "memory_mb.server",
        "worker MB": "memory_mb.worker",
        "tables MB": "table_mb.all",
        "create→running p50 ms": "create_to_running.p50_ms",
        "p99": "create_to_running.p99_ms",
        "tail p50 ms": "tail.p50_ms",
        "waiting": "waiting_runs",
    }
    figures = ", ".join(f"{label} {sample[name]:g}" for label, name in told.items() if name in sample)
    return f"{sample['t'] / 60:5.1f} min: {figures}"
