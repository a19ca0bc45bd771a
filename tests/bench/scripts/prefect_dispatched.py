"""The same as `dispatched.first_line`, for Prefect: run by Prefect's own Python.

prefect_dispatched.py deploy          makes the deployment first-line/bench on the process pool "bench"
prefect_dispatched.py one N           N runs one after another; prints the milliseconds from create to first line
prefect_dispatched.py many N          N runs at once; prints runs a second
"""

import asyncio
import json
import sys
import time
from pathlib import Path

from prefect import flow, task  # type: ignore[import-not-found]
from prefect.client.orchestration import get_client  # type: ignore[import-not-found]


@task  # type: ignore[untyped-decorator]
def say(number: int) -> int:
    """Returns what it is given."""
    return number


@flow(persist_result=True)  # type: ignore[untyped-decorator]
def first_line(folder: str = "") -> None:
    """Leaves the moment of its first line in a file, in nanoseconds since 1970."""
    began = time.time_ns()
    Path(folder, str(began)).touch()
    say(1)


async def _run(client, deployment_id, count: int, folder: str) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    runs = [
        await client.create_flow_run_from_deployment(deployment_id, parameters={"folder": folder}) for _ in range(count)
    ]
    for run in runs:
        while not (await client.read_flow_run(run.id)).state.is_final():  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def main(what: str, count: int, folder: str) -> None:
    """Measure."""
    async with get_client() as client:
        deployment = await client.read_deployment_by_name("first-line/bench")
        if what == "many":
            begun = time.perf_counter()
            await _run(client, deployment.id, count, folder)
            print(json.dumps({"runs_per_s": round(count / (time.perf_counter() - begun), 3)}))
            return
        waits = []
        for number in range(count):
            place = Path(folder, f"one-{number}")
            place.mkdir()  # noqa: ASYNC240 (nothing else runs here)
            asked = time.time_ns()
            await _run(client, deployment.id, 1, str(place))
            waits += [(int(each.name) - asked) / 1e6 for each in place.iterdir()]  # noqa: ASYNC240
        print(*waits)


if __name__ == "__main__":
    if sys.argv[1] == "deploy":
        here = Path(__file__)
        flow.from_source(str(here.parent), entrypoint=f"{here.name}:first_line").deploy(
            name="bench", work_pool_name="bench", print_next_steps=False
        )
    else:
        asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
