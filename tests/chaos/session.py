"""One chaos, from an empty folder to its report."""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic, monotonic_ns

from orch_proto.v1.log_pb2 import LogEntry
from orch_proto.v1.log_service_pb2 import ListLogsRequest
from tests.chaos import checks, figures, ledger, records
from tests.chaos.director import Director, Event
from tests.chaos.faults import possible
from tests.chaos.figures import Clocks, Spread
from tests.chaos.installation import Installation, Size, installation
from tests.chaos.load import Load
from tests.chaos.sampling import Sampler

_WARM_SECONDS = 5.0
_SETTLE_SECONDS = 240.0
_CALM_SECONDS = 2.0
_LOOK_SECONDS = 0.5
_FULL_SECONDS = 60.0


@dataclass(frozen=True)
class Plan:
    """What is asked for. `seconds`: how long faults come."""

    seed: int
    seconds: float
    runs_a_second: float = 2.0
    most_open: int = 60
    size: Size = field(default_factory=Size)


@dataclass(frozen=True)
class Outcome:
    """What came of it. `settled_seconds`: from the last fault's end until nothing was open; None: it never was."""

    plan: Plan
    events: Sequence[Event]
    lacking: Mapping[str, str]
    ends: Mapping[tuple[str, str], int]
    steps: int
    cancels: int
    refusals: Mapping[str, int]
    unplanned: Mapping[str, int]
    settled_seconds: float | None
    detections: Mapping[str, Spread]
    recoveries: Mapping[str, Spread]
    violations: Mapping[str, Sequence[str]]


async def chaos(plan: Plan, folder: Path, say: Callable[[str], None]) -> Outcome:
    """Bring everything up, do harm for so long, heal it, wait until all has ended, and look at what is there.

    say: is told how it goes, a line at a time.
    """
    chance = random.Random(plan.seed)
    clocks = Clocks(datetime.now(UTC), monotonic_ns())
    async with installation(folder, plan.size, random.Random(chance.random()), say) as found:
        load = Load(found.client, found.ledger, random.Random(chance.random()))
        sampler = Sampler(found.postgres.url)
        faults, lacking = possible(found)
        for kind, reason in lacking.items():
            say(f"left out: {kind}, since {reason}")
        director = Director(found, faults, random.Random(chance.random()), say)
        await load.prepare()
        async with _beside(found.keep_alive(), sampler.go_on()):
            async with asyncio.TaskGroup() as group:
                group.create_task(
                    load.go_on(
                        runs_a_second=plan.runs_a_second, most_open=plan.most_open, open_runs=lambda: sampler.open_runs
                    )
                )
                await asyncio.sleep(_WARM_SECONDS)
                await director.work(plan.seconds)
                found.heal()
                healed = monotonic()
                load.enough = True
            say(f"healed; waiting for {sampler.open_runs} runs to end")
            settled = await _settled(found, load, sampler, calm_seconds=_CALM_SECONDS)
            settled_seconds = monotonic() - healed - _CALM_SECONDS if settled else None
            slots_back = settled and await _slots_are_back(found, load, sampler, say)
        exits = [await machine.worker.stop() for machine in found.machines] if settled else []
        say("reading what is there")
        evidence = await _evidence(found, load, sampler, director, clocks)
    names = [each.name for each in found.machines]
    told = dict(checks.violations(evidence))
    if not settled:
        told["everything ends in time"] = [f"after {_SETTLE_SECONDS:g} s, {sampler.open_runs} runs are open"]
    elif not slots_back:
        told["slots come back"] = ["not all slots could be taken, or given back, at once"]
    if told or any(exits):
        _keep_words(found, plan, say)
    if any(exits):
        told["workers drain"] = [f"the workers' exit codes are {exits}"]
    return Outcome(
        plan=plan,
        events=director.events,
        lacking=lacking,
        ends=Counter((run.kind or "subflow", run.state) for run in evidence.records.runs.values()),
        steps=len(evidence.entries),
        cancels=len(load.cancelled),
        refusals=load.refusals,
        unplanned=found.unplanned,
        settled_seconds=settled_seconds,
        detections=figures.detections(evidence.records, evidence.entries, director.events, clocks),
        recoveries=figures.recoveries(evidence.entries, director.events, names, until=int(healed * 1e9)),
        violations=told,
    )


def _keep_words(found: Installation, plan: Plan, say: Callable[[str], None]) -> None:
    """What all processes have said, for whoever looks for the reason."""
    folder = Path("build") / "chaos" / f"seed-{plan.seed}"
    folder.mkdir(parents=True, exist_ok=True)
    for name, process in found.processes().items():
        (folder / f"{name}.log").write_text("".join(f"{line}\n" for line in process.lines))
    if found.ledger.exists():
        (folder / "ledger.jsonl").write_bytes(found.ledger.read_bytes())
    say(f"what the processes have said, and the ledger, is in {folder}")


@asynccontextmanager
async def _beside(*endless: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Work that goes on until the end of the block. Where some of it fails, the block does."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each) for each in endless]
        yield
        for task in tasks:
            task.cancel()


async def _settled(found: Installation, load: Load, sampler: Sampler, *, calm_seconds: float) -> bool:
    """Wait until nothing is open and nothing is held, and stays so; whether that came about in time."""
    try:
        async with asyncio.timeout(_SETTLE_SECONDS):
            await found.everything_lives()
            await load.pause_schedule()
            await load.cancel_what_is_left()
            calm_since = monotonic()
            while monotonic() - calm_since < calm_seconds:
                await asyncio.sleep(_LOOK_SECONDS)
                if not await sampler.look() or sampler.open_runs or sampler.leases:
                    calm_since = monotonic()
    except TimeoutError:
        return False
    return True


async def _slots_are_back(found: Installation, load: Load, sampler: Sampler, say: Callable[[str], None]) -> bool:
    """Whether as many runs as there are slots can be held at once. They are cancelled again."""
    slots = found.size.workers * found.size.slots
    for _ in range(slots):
        await load.create("endless")
    full, most = False, 0
    with suppress(TimeoutError):
        async with asyncio.timeout(_FULL_SECONDS):
            while not full:
                await asyncio.sleep(_LOOK_SECONDS)
                full = await sampler.look() and sampler.leases == slots
                most = max(most, sampler.leases)
    say(f"{slots} slots: at most {most} runs were held at once")
    # A holder that had lost contact comes back within the time that its lease lasts, if ever.
    calm_seconds = found.size.lease_ttl.total_seconds() + _CALM_SECONDS
    return await _settled(found, load, sampler, calm_seconds=calm_seconds) and full


async def _evidence(
    found: Installation, load: Load, sampler: Sampler, director: Director, clocks: Clocks
) -> checks.Evidence:
    return checks.Evidence(
        records=await records.read(found.postgres.url, since=clocks.wall),
        entries=ledger.read(found.ledger),
        events=director.events,
        accepted=load.accepted,
        cancelled=load.cancelled,
        lines={run_id: await _lines(load, run_id) for run_id in load.accepted},
        schedule_id=load.schedule_id,
        most_limited=sampler.most["limited"],
    )


async def _lines(load: Load, run_id: str) -> Sequence[str]:
    """The log of a run, as those who ask for it get it."""

    async def read() -> list[str]:
        request = ListLogsRequest(flow_run_id=run_id, page_size=1000)
        pages = load.client.items(load.client.logs.ListLogs, request, of=LogEntry)
        return [each.record.message async for each in pages]

    return await load.insist(read)
