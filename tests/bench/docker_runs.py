"""Runs through a Docker worker, beside `docker run` of the same image and command: from create to the first line.

Reported as skipped, with the reason, where no engine runs.
"""

import asyncio
import json
import shutil
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from uuid import uuid4

import pytest

from orch_client import AsyncClient, connect_async
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest
from tests.bench.dispatch import SCRIPTS, Runs, deploy, started_worker
from tests.bench.figures import Figure, Report, at_most, milliseconds
from tests.bench.laboratory import Laboratory
from tests.support.docker_engine import Engine, command_environment, running_engine
from tests.support.docker_image import project_image

POOL = "containers"
SINGLE_RUNS = 20
"""Of each kind, in turn, so that both meet the same machine."""
WARM_UP_RUNS = 2
FLOW_RUNS = 10
AT_ONCE = 20
MOST_OVERHEAD_MILLISECONDS = 150
# The moment of its first line: a run leaves it as its result, `docker run` prints it.
PROGRAM = """
import os, time
now = str(time.time_ns())
print(now, flush=True)
if "ORCH_RESULT_FILE" in os.environ:
    with open(os.environ["ORCH_RESULT_FILE"], "w") as file:
        file.write(now)
"""
COMMAND = ("python", "-c", PROGRAM)


async def bench(laboratory: Laboratory) -> AsyncIterator[Report]:
    """A command one by one and 20 at once, and a Python flow, whose imports take longer."""
    try:
        engine = running_engine()
        image = project_image(engine)
    except pytest.skip.Exception as skipped:
        yield Report("docker", {"skipped": str(skipped)})
        return
    with _code() as code:
        async with laboratory.server() as server, connect_async(f"http://{server.address}") as client:
            pool = WorkPool(name=POOL, type="docker")
            await client.work_pools.CreateWorkPool(CreateWorkPoolRequest(request_id=str(uuid4()), work_pool=pool))
            async with started_worker(server.address, "--pool", POOL, "--limit", str(AT_ONCE)):
                job = {"image": image, "network_mode": "host"}
                command = LaunchSpec(command=COMMAND, job_variables_json=json.dumps(job))
                runs = Runs(client, await deploy(client, "command", POOL, command))
                yield await _one_by_one(runs, engine, image)
                yield await _at_once(runs, engine, image)
                yield await _flows(client, job | {"volumes": [f"{code}:/code:ro"], "working_dir": "/code"})


async def _one_by_one(runs: Runs, engine: Engine, image: str) -> Report:
    for _ in range(WARM_UP_RUNS):
        await runs.one()
        await _docker_run(engine, image)
    ours, bare = [], []
    for _ in range(SINGLE_RUNS):
        bare.append(await _docker_run(engine, image))
        ours.append(await runs.one())
    figures: dict[str, Figure] = {
        "p50_ms": milliseconds(ours, 0.5),
        "p99_ms": milliseconds(ours, 0.99),
        "docker_run_p50_ms": milliseconds(bare, 0.5),
        "docker_run_p99_ms": milliseconds(bare, 0.99),
        "overhead_ms": round((median(ours) - median(bare)) * 1000, 1),
    }
    return Report("docker_first_line", figures, {"overhead_ms": at_most(MOST_OVERHEAD_MILLISECONDS)})


async def _at_once(runs: Runs, engine: Engine, image: str) -> Report:
    begun = time.perf_counter()
    bare = await asyncio.gather(*(_docker_run(engine, image) for _ in range(AT_ONCE)))
    middle = time.perf_counter()
    rate = await runs.at_once(AT_ONCE)
    figures: dict[str, Figure] = {
        "runs": AT_ONCE,
        "all_seconds": round(AT_ONCE / rate, 2),
        "docker_run_all_seconds": round(middle - begun, 2),
        "docker_run_p99_ms": milliseconds(bare, 0.99),
    }
    return Report("docker_at_once", figures)


async def _flows(client: AsyncClient, job: dict[str, object]) -> Report:
    spec = LaunchSpec(entrypoint="dispatched.py:first_line", job_variables_json=json.dumps(job))
    runs = Runs(client, await deploy(client, "first_line", POOL, spec))
    waits: Sequence[float] = [await runs.one() for _ in range(FLOW_RUNS)]
    return Report("docker_flow", {"p50_ms": milliseconds(waits, 0.5), "p99_ms": milliseconds(waits, 0.99)})


async def _docker_run(engine: Engine, image: str) -> float:
    """Seconds from just before the command is called until the program in the container begins."""
    asked = time.time_ns()
    process = await asyncio.create_subprocess_exec(
        *("docker", "run", "--rm", "--network", "host", image, *COMMAND),
        env=command_environment(engine.host),
        stdout=PIPE,
    )
    printed, _ = await process.communicate()
    return (int(printed) - asked) / 1e9


@contextmanager
def _code() -> Iterator[Path]:
    """The bench's flows, where the image's user may read them."""
    with tempfile.TemporaryDirectory(prefix="orch-bench-docker-") as folder:
        place = Path(folder)
        place.chmod(0o755)
        shutil.copy(SCRIPTS / "dispatched.py", place)
        (place / "dispatched.py").chmod(0o644)
        yield place
