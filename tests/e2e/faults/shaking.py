"""What goes wrong, at moments and in an order that a seed decides."""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress

import psutil

from tests.e2e.faults.house import House
from tests.support.stoppable_postgres import StoppablePostgres

Fault = Callable[[House, random.Random], Awaitable[None]]


async def kill_runs(house: House, chance: random.Random) -> None:
    """SIGKILL to up to five runs of one worker."""
    runs = chance.choice(house.workers).runs()
    for process in chance.sample(runs, min(5, len(runs))):
        with suppress(psutil.NoSuchProcess):
            process.kill()


async def kill_worker(house: House, chance: random.Random) -> None:
    """SIGKILL to a worker, whose runs live on; it is started again under its name."""
    worker = chance.choice(house.workers)
    await worker.kill()
    worker.start()


async def kill_machine(house: House, chance: random.Random) -> None:
    """SIGKILL to a worker and everything that it has started; the worker is started again."""
    worker = chance.choice(house.workers)
    await worker.kill_all()
    worker.start()


async def kill_server(house: House, chance: random.Random) -> None:
    """SIGKILL to a server, which is started again on its port."""
    server = chance.choice(house.servers)
    await server.kill()
    await server.start()


async def freeze_worker(house: House, chance: random.Random) -> None:
    """SIGSTOP to a worker until its leases, were they its own alone, have expired; then SIGCONT."""
    worker = chance.choice(house.workers)
    worker.signal(signal.SIGSTOP)
    await house.leases_expired()
    worker.signal(signal.SIGCONT)


FAULTS: Mapping[str, Fault] = {
    "kill runs": kill_runs,
    "kill worker": kill_worker,
    "kill machine": kill_machine,
    "kill server": kill_server,
    "freeze worker": freeze_worker,
}


def restart_of(postgres: StoppablePostgres) -> Fault:
    """The database is stopped and started again."""

    async def restart_postgres(house: House, chance: random.Random) -> None:
        await asyncio.to_thread(postgres.stop)
        await asyncio.to_thread(postgres.start)

    return restart_postgres


async def shake(
    house: House, faults: Mapping[str, Fault], chance: random.Random, *, runs: int, count: int
) -> list[str]:
    """So many faults while runs are under way; returns their names, in order."""
    moments = sorted(chance.sample(range(runs * 4 // 5), count))
    names = [chance.choice(sorted(faults)) for _ in moments]
    for moment, name in zip(moments, names, strict=True):
        await house.reached(moment)
        await faults[name](house, chance)
    return names
