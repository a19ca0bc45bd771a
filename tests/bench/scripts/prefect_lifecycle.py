"""A run's life by Prefect's API: created, running, completed; without a lease, which it has not.

python prefect_lifecycle.py CALLERS RUNS     run by Prefect's own Python, PREFECT_API_URL names its server
"""

import asyncio
import json
import sys
from time import perf_counter

from prefect import flow  # type: ignore[import-not-found]
from prefect.client.orchestration import get_client  # type: ignore[import-not-found]
from prefect.states import Completed, Pending, Running  # type: ignore[import-not-found]


@flow  # type: ignore[untyped-decorator]
def nothing() -> None:
    """What the runs are of."""


async def main(callers: int, runs: int) -> None:
    """So many callers at once share the runs."""
    async with get_client() as client:
        await client.create_flow(nothing)
        remaining = iter(range(runs))

        async def go() -> None:
            for _ in remaining:
                run = await client.create_flow_run(nothing, state=Pending())
                await client.set_flow_run_state(run.id, Running())
                await client.set_flow_run_state(run.id, Completed())

        begin = perf_counter()
        await asyncio.gather(*(go() for _ in range(callers)))
        seconds = perf_counter() - begin
    print(json.dumps({"runs_per_s": round(runs / seconds, 2), "ms_per_run": round(1000 * seconds / runs, 2)}))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
