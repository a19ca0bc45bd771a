"""Workers that hold many runs: each heartbeat names all of them, and renews them in one transaction."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from time import perf_counter

from orch_proto.v1.lease_pb2 import LeaseVerdict
from orch_proto.v1.lease_service_pb2 import SyncLeasesRequest
from tests.bench.api import Api, heartbeat
from tests.bench.figures import Report, middle, milliseconds
from tests.bench.laboratory import Laboratory

SESSIONS = 100
LEASES_A_SESSION = 100
ROUNDS = 5
ROUND_SECONDS = 3.0


@dataclass(frozen=True)
class Holder:
    """One worker's session and what it holds."""

    api: Api
    request: SyncLeasesRequest

    async def sync(self) -> float:
        """One heartbeat. Returns how long it took, in seconds; RuntimeError where a lease was not renewed."""
        begin = perf_counter()
        answer = await self.api.leases.SyncLeases(self.request)
        seconds = perf_counter() - begin
        if any(lease.verdict != LeaseVerdict.LEASE_VERDICT_OK for lease in answer.leases):
            raise RuntimeError("a lease was not renewed")
        return seconds


async def bench(laboratory: Laboratory) -> AsyncIterator[Report]:
    """10 000 leases held by 100 sessions, each of which sends its next heartbeat when the last one is answered."""
    async with laboratory.api() as (server, api):
        holders: list[Holder] = []
        for number in range(SESSIONS):
            holders.append(await _holder(api, number))
            if number % 10 == 9:
                await _sync_all(holders)
        await _round(holders, 2.0)
        before = server.cpu_seconds()
        rounds = [await _round(holders, ROUND_SECONDS) for _ in range(ROUNDS)]
        syncs = [seconds for each in rounds for seconds in each.syncs]
        yield Report(
            "heartbeats",
            {
                "database": laboratory.kind,
                "leases": SESSIONS * LEASES_A_SESSION,
                "sessions": SESSIONS,
                "renewals_per_s": middle(LEASES_A_SESSION * len(each.syncs) / each.wall for each in rounds),
                "syncs_per_s": middle(len(each.syncs) / each.wall for each in rounds),
                "p50_ms": milliseconds(syncs, 0.50),
                "p99_ms": milliseconds(syncs, 0.99),
                "server_cpu_ms_per_sync": round(1000 * (server.cpu_seconds() - before) / len(syncs), 2),
            },
        )


@dataclass(frozen=True)
class _Round:
    wall: float
    syncs: Sequence[float]


async def _holder(api: Api, number: int) -> Holder:
    session = await api.open_session(f"bench-{number}", slots=LEASES_A_SESSION)
    leases = await api.running(session, LEASES_A_SESSION)
    return Holder(api, heartbeat(session, leases))


async def _sync_all(holders: Sequence[Holder]) -> None:
    """While others still acquire, those that have leases must keep them."""
    for holder in holders:
        await holder.sync()


async def _round(holders: Sequence[Holder], seconds: float) -> _Round:
    taken: list[float] = []
    end = perf_counter() + seconds

    async def go(holder: Holder) -> None:
        while perf_counter() < end:
            taken.append(await holder.sync())

    begin = perf_counter()
    async with asyncio.TaskGroup() as group:
        for holder in holders:
            group.create_task(go(holder))
    return _Round(perf_counter() - begin, taken)
