"""What goes wrong. Each fault does its harm, lasts for a while, and is over when it returns.

Those that end a process leave it to whoever supervises it (`Installation.keep_alive`) to start it again.
"""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic_ns

import psutil

from tests.chaos.installation import Installation, Machine
from tests.chaos.proxy import Line, Proxy

CLOCK_BACK = timedelta(hours=2)
"""Clocks are set back by this much, always: so a time by such a clock says by itself how it was set."""
_MOST_KILLED = 3


@dataclass(frozen=True)
class Harm:
    """What a fault has done: to which machines (none: to all), which processes of runs it killed or froze, and when it
    killed them, in monotonic nanoseconds."""

    machines: tuple[str, ...] = ()
    killed: tuple[int, ...] = ()
    frozen: tuple[int, ...] = ()
    at: int = 0


Fault = Callable[[Installation, random.Random], Awaitable[Harm]]


def _beyond_the_lease(found: Installation, chance: random.Random) -> float:
    """Long enough for leases that nobody renews to expire, seconds."""
    return found.size.lease_ttl.total_seconds() + chance.uniform(2, 4)


# Processes that end


async def kill_runs(found: Installation, chance: random.Random) -> Harm:
    """SIGKILL to some runs of a worker that lives."""
    machine = chance.choice(found.machines)
    runs = await asyncio.to_thread(machine.worker.runs)
    victims = chance.sample(runs, min(_MOST_KILLED, len(runs)))
    at = monotonic_ns()
    for each in victims:
        with suppress(psutil.NoSuchProcess):
            each.kill()
    return Harm((machine.name,), killed=tuple(each.pid for each in victims), at=at)


async def kill_worker(found: Installation, chance: random.Random) -> Harm:
    """SIGKILL to a worker, whose runs live on."""
    machine = chance.choice(found.machines)
    with found.away(machine.worker):
        await machine.worker.kill()
    return Harm((machine.name,))


async def kill_machine(found: Installation, chance: random.Random) -> Harm:
    """SIGKILL to a worker and all of its runs at once. It stays away until its leases have expired."""
    machine = chance.choice(found.machines)
    runs = await asyncio.to_thread(machine.worker.runs)
    at = monotonic_ns()
    with found.away(machine.worker):
        await machine.worker.kill_all()
        await asyncio.sleep(_beyond_the_lease(found, chance))
    return Harm((machine.name,), killed=tuple(each.pid for each in runs), at=at)


async def kill_server(found: Installation, chance: random.Random) -> Harm:
    """SIGKILL to a server."""
    server = chance.choice(found.servers)
    with found.away(server):
        await server.close()
    return Harm()


async def kill_all_servers(found: Installation, chance: random.Random) -> Harm:
    """SIGKILL to all servers at the same time."""
    with ExitStack() as stack:
        for server in found.servers:
            stack.enter_context(found.away(server))
        await asyncio.gather(*(server.close() for server in found.servers))
    return Harm()


async def crash_database(found: Installation, chance: random.Random) -> Harm:
    """Postgres is stopped in the middle of everything, and recovers from its log."""
    with found.away(found.postgres):
        await found.postgres.crash()
    return Harm()


# Processes that stand still


async def freeze_worker(found: Installation, chance: random.Random) -> Harm:
    """SIGSTOP to a worker alone, for longer than a lease; then SIGCONT."""
    machine = chance.choice(found.machines)
    machine.worker.signal(signal.SIGSTOP)
    await asyncio.sleep(_beyond_the_lease(found, chance))
    machine.worker.signal(signal.SIGCONT)
    return Harm((machine.name,))


async def freeze_machine(found: Installation, chance: random.Random) -> Harm:
    """SIGSTOP to a worker and all that it has started, for longer than a lease: a laptop that sleeps."""
    machine = chance.choice(found.machines)
    machine.worker.signal(signal.SIGSTOP)
    runs = await asyncio.to_thread(machine.worker.others)
    for each in runs:
        with suppress(psutil.NoSuchProcess):
            each.suspend()
    await asyncio.sleep(_beyond_the_lease(found, chance))
    for each in runs:
        with suppress(psutil.NoSuchProcess):
            each.resume()
    machine.worker.signal(signal.SIGCONT)
    return Harm((machine.name,), frozen=tuple(each.pid for each in runs))


async def freeze_server(found: Installation, chance: random.Random) -> Harm:
    """SIGSTOP to a server whose connections stay open."""
    server = chance.choice(found.servers)
    if server.is_alive():
        server.signal(signal.SIGSTOP)
    await asyncio.sleep(chance.uniform(2, 8))
    if server.is_alive():
        server.signal(signal.SIGCONT)
    return Harm()


async def pause_database(found: Installation, chance: random.Random) -> Harm:
    """SIGSTOP to all of Postgres."""
    found.postgres.pause()
    await asyncio.sleep(chance.uniform(2, 8))
    found.postgres.go_on()
    return Harm()


# Lines


async def cut_link(found: Installation, chance: random.Random) -> Harm:
    """The network of a worker and its runs is down for longer than a lease."""
    return await _cut(found, chance, _beyond_the_lease(found, chance))


async def blink(found: Installation, chance: random.Random) -> Harm:
    """The network of a worker and its runs is down for a moment."""
    return await _cut(found, chance, chance.uniform(0.3, 2))


async def _cut(found: Installation, chance: random.Random, seconds: float) -> Harm:
    machine = chance.choice([each for each in found.machines if each.link is not None])
    assert machine.link is not None
    machine.link.cut()
    await asyncio.sleep(seconds)
    machine.link.mend()
    return Harm((machine.name,))


SLOW = Line(latency_seconds=0.05, jitter_seconds=0.2, stall_chance=0.03, stall_seconds=1.5)
NARROW = Line(bytes_per_second=30_000)
BLACK_HOLE = Line(swallows=True)
_SLOW_DATABASE = Line(latency_seconds=0.01, jitter_seconds=0.06, stall_chance=0.01, stall_seconds=1.0)


def bad_line(line: Line, *, database: bool = False, seconds: tuple[float, float] = (4, 8)) -> Fault:
    """A line is like this for a while."""

    async def fault(found: Installation, chance: random.Random) -> Harm:
        proxy, harm = _line_of(found, chance, database=database)
        proxy.line = line
        await asyncio.sleep(chance.uniform(*seconds))
        proxy.mend()
        return harm

    return fault


def resets(*, database: bool = False) -> Fault:
    """All connections of a line are reset, several times."""

    async def fault(found: Installation, chance: random.Random) -> Harm:
        proxy, harm = _line_of(found, chance, database=database)
        for _ in range(chance.randint(1, 4)):
            proxy.reset()
            await asyncio.sleep(chance.uniform(0.1, 1.5))
        return harm

    return fault


def half_open(*, database: bool = False) -> Fault:
    """The connections of a line are dead, and neither end knows; new ones are good."""

    async def fault(found: Installation, chance: random.Random) -> Harm:
        proxy, harm = _line_of(found, chance, database=database)
        proxy.swallow()
        await asyncio.sleep(chance.uniform(5, 10))
        proxy.mend()
        return harm

    return fault


def _line_of(found: Installation, chance: random.Random, *, database: bool) -> tuple[Proxy, Harm]:
    """The line of a worker and its runs to the servers, or of a server to the database."""
    if database:
        return chance.choice(found.lines), Harm()
    machine: Machine = chance.choice(found.machines)
    return machine.line, Harm((machine.name,))


# Disks and clocks


async def full_worker_disk(found: Installation, chance: random.Random) -> Harm:
    """No room on the disk of a worker's home."""
    machine = chance.choice([each for each in found.machines if each.disk is not None])
    assert machine.disk is not None
    machine.disk.fill()
    await asyncio.sleep(chance.uniform(2, 6))
    machine.disk.clear()
    return Harm((machine.name,))


async def full_database_disk(found: Installation, chance: random.Random) -> Harm:
    """No room on the disk of Postgres, which may end of it."""
    assert found.database_disk is not None
    found.doomed.add(found.postgres)
    found.database_disk.fill()
    await asyncio.sleep(chance.uniform(2, 4))
    found.database_disk.clear()
    return Harm()


async def worker_clock_back(found: Installation, chance: random.Random) -> Harm:
    """The wall clock of a worker and its runs is set back, and later put right."""
    machine = chance.choice([each for each in found.machines if each.clock is not None])
    assert machine.clock is not None
    machine.clock.set(-int(CLOCK_BACK.total_seconds()))
    await asyncio.sleep(chance.uniform(3, 7))
    machine.clock.set(0)
    return Harm((machine.name,))


async def database_clock_back(found: Installation, chance: random.Random) -> Harm:
    """The wall clock of Postgres, by which leases and schedules go, is set back, and later put right."""
    assert found.database_clock is not None
    found.database_clock.set(-int(CLOCK_BACK.total_seconds()))
    await asyncio.sleep(chance.uniform(3, 7))
    found.database_clock.set(0)
    return Harm()


FAULTS: Mapping[str, Fault] = {
    "kill runs": kill_runs,
    "kill worker": kill_worker,
    "kill worker and runs": kill_machine,
    "kill server": kill_server,
    "kill all servers": kill_all_servers,
    "crash database": crash_database,
    "freeze worker": freeze_worker,
    "freeze worker and runs": freeze_machine,
    "freeze server": freeze_server,
    "pause database": pause_database,
    "cut link": cut_link,
    "blink of a link": blink,
    "slow line": bad_line(SLOW),
    "narrow line": bad_line(NARROW),
    "black hole": bad_line(BLACK_HOLE, seconds=(7, 9)),
    "resets": resets(),
    "half-open connections": half_open(),
    "slow database line": bad_line(_SLOW_DATABASE, database=True),
    "black hole to database": bad_line(BLACK_HOLE, database=True),
    "resets of database line": resets(database=True),
    "half-open database line": half_open(database=True),
    "full worker disk": full_worker_disk,
    "full database disk": full_database_disk,
    "worker clock back": worker_clock_back,
    "database clock back": database_clock_back,
}


def possible(found: Installation) -> tuple[Mapping[str, Fault], Mapping[str, str]]:
    """The faults that this machine can do, and why it cannot do the others."""
    machine = found.machines[0]
    lacking: dict[str, str] = {}
    if machine.link is None:
        lacking |= dict.fromkeys(("cut link", "blink of a link"), "network namespaces need root and `ip`")
    if machine.disk is None:
        lacking |= dict.fromkeys(("full worker disk", "full database disk"), "disks of their own need root and `mount`")
    if machine.clock is None:
        lacking |= dict.fromkeys(("worker clock back", "database clock back"), "a clock needs a C compiler, `cc`")
    return {name: fault for name, fault in FAULTS.items() if name not in lacking}, lacking
