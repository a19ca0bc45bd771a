"""A run's life in batches of 500: what workers with many slots, or a back-fill, do."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter

from orch_proto.v1.state_pb2 import StateType
from tests.bench.api import Api
from tests.bench.figures import Report, at_least, middle
from tests.bench.laboratory import Laboratory
from tests.bench.lifecycle import Processors

BATCH = 500
CALLERS = 4
BATCHES_A_ROUND = 8
"""Of all callers together."""
ROUNDS = 5
STEPS = ("create", "acquire", "running", "completed")


@dataclass
class _Caller:
    api: Api
    session_id: str
    seconds: dict[str, float] = field(default_factory=lambda: dict.fromkeys(STEPS, 0.0))
    """Spent in each step."""

    async def go_round(self, batches: int) -> None:
        for _ in range(batches):
            marks = [perf_counter()]
            await self.api.create_batch("bench", BATCH)
            marks.append(perf_counter())
            leases = await self.api.acquire_exactly(self.session_id, BATCH)
            marks.append(perf_counter())
            await self.api.report(self.session_id, leases, StateType.STATE_TYPE_RUNNING, sequence=1)
            marks.append(perf_counter())
            await self.api.report(self.session_id, leases, StateType.STATE_TYPE_COMPLETED, sequence=2)
            marks.append(perf_counter())
            for step, begin, end in zip(STEPS, marks, marks[1:], strict=False):
                self.seconds[step] += end - begin


async def bench(laboratory: Laboratory) -> AsyncIterator[Report]:
    """Create, acquire, running and completed, 500 runs in each call: by four callers at once, and by one."""
    async with laboratory.api() as (server, api):
        callers = [_Caller(api, await api.open_session(f"bench-{n}", slots=BATCH)) for n in range(CALLERS)]
        await _round(callers)
        processors = Processors(server, laboratory.databases)
        before = processors.read()
        many = [await _round(callers) for _ in range(ROUNDS)]
        used = [now - then for now, then in zip(processors.read(), before, strict=True)]
        first = _Caller(api, callers[0].session_id)
        one = [await _round([first]) for _ in range(ROUNDS)]
        runs = ROUNDS * BATCHES_A_ROUND * BATCH
        server_ms, client_ms, database_ms = (round(1000 * seconds / runs, 3) for seconds in used)
        yield Report(
            "lifecycle_batched",
            {
                "database": laboratory.kind,
                "batch": BATCH,
                "callers": CALLERS,
                "runs_per_s": middle(many),
                "server_cpu_ms": server_ms,
                "client_cpu_ms": client_ms,
                "database_cpu_ms": database_ms,
                "one_caller_runs_per_s": middle(one),
                **{f"one_caller_{step}_us": round(1e6 * first.seconds[step] / runs, 2) for step in STEPS},
            },
            {"runs_per_s": at_least(5000, limit="batched_runs_per_s")} if laboratory.kind == "postgresql" else {},
        )


async def _round(callers: Sequence[_Caller]) -> float:
    """Runs a second."""
    begin = perf_counter()
    async with asyncio.TaskGroup() as group:
        for caller in callers:
            group.create_task(caller.go_round(BATCHES_A_ROUND // len(callers)))
    return BATCHES_A_ROUND * BATCH / (perf_counter() - begin)
