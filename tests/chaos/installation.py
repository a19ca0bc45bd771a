"""A whole installation of real processes, with everything around it that can break.

client ── proxy ──┐                          ┌── proxy ── Postgres, on a disk and a clock of its own
                  ├── servers, two of them ──┘
worker ── proxy ──┘   each worker in a network namespace, on a disk and a clock of its own, its runs with it
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from time import monotonic
from typing import Protocol
from uuid import uuid4

from google.protobuf.duration_pb2 import Duration

from orch_client import AsyncClient, connect_async
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest
from tests.chaos.clocks import Clock, compiled
from tests.chaos.database import Postgres
from tests.chaos.disks import Disk, mounted
from tests.chaos.proxy import Proxy
from tests.e2e.faults.worker_process import WorkerProcess
from tests.e2e.server_process import ServerProcess
from tests.support.network import Link, NoNamespacesError, close_link, open_link

POOL = "chaos"
_DATABASE_MEGABYTES = 768
_HOME_MEGABYTES = 96
_START_SECONDS = 90.0
_LOOK_SECONDS = 0.2
_LAST_WORDS = 15


class Process(Protocol):
    """Something that may be found dead. `lines`: what it has said, newest last."""

    @property
    def lines(self) -> Iterable[str]: ...

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        ...


@dataclass(frozen=True)
class Size:
    """How large the installation is. `slots`: of each worker."""

    servers: int = 2
    workers: int = 3
    slots: int = 8
    lease_ttl: timedelta = timedelta(seconds=5)


@dataclass(frozen=True)
class Machine:
    """A worker, its runs, and what they live on."""

    name: str
    worker: WorkerProcess
    line: Proxy
    link: Link | None
    disk: Disk | None
    clock: Clock | None


@dataclass(frozen=True)
class Installation:
    """What runs, and how to speak to it. `lines`: each server's to the database."""

    size: Size
    ledger: Path
    postgres: Postgres
    database_disk: Disk | None
    database_clock: Clock | None
    lines: Sequence[Proxy]
    servers: Sequence[ServerProcess]
    machines: Sequence[Machine]
    client: AsyncClient
    say: Callable[[str], None]
    unplanned: Counter[str] = field(default_factory=Counter)
    """What ended although nobody had ended it: told, and started again, as whoever supervises it would."""
    doomed: set[object] = field(default_factory=set)
    """What somebody ends on purpose."""
    absent: Counter[object] = field(default_factory=Counter)
    """What is not to be started again for now."""

    @contextmanager
    def away(self, what: object) -> Iterator[None]:
        """It is ended on purpose, and not started again before the end of the block."""
        self.doomed.add(what)
        self.absent[what] += 1
        try:
            yield
        finally:
            self.absent[what] -= 1

    async def keep_alive(self) -> None:
        """Start again what has ended, for ever: what systemd does, or Kubernetes."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep("postgres", self.postgres, self.postgres.start))
            for number, server in enumerate(self.servers):
                group.create_task(self._keep(f"server-{number}", server, partial(_start, server)))
            for machine in self.machines:
                group.create_task(self._keep(machine.name, machine.worker, partial(_begin, machine.worker)))

    async def _keep(self, name: str, process: Process, start: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            if process.is_alive() or self.absent[process]:
                continue
            if process not in self.doomed:
                self.unplanned[name] += 1
                self.say(f"{name} has ended by itself: {list(process.lines)[-_LAST_WORDS:]}")
            self.doomed.discard(process)
            try:
                await start()
            except (AssertionError, TimeoutError):
                # What it needs is away: it is tried again.
                self.doomed.add(process)

    def processes(self) -> Mapping[str, Process]:
        """All of them, by name."""
        servers = {f"server-{number}": server for number, server in enumerate(self.servers)}
        workers = {machine.name: machine.worker for machine in self.machines}
        return {"postgres": self.postgres, **servers, **workers}

    async def everything_lives(self) -> None:
        """Wait until all that should run does."""
        until = monotonic() + _START_SECONDS
        while gone := [name for name, process in self.processes().items() if not process.is_alive()]:
            if monotonic() > until:
                raise TimeoutError(f"these have not come back: {gone}")
            await asyncio.sleep(_LOOK_SECONDS)

    def heal(self) -> None:
        """Undo every fault that lasts."""
        for clock in (self.database_clock, *(each.clock for each in self.machines)):
            if clock is not None:
                clock.set(0)
        for disk in (self.database_disk, *(each.disk for each in self.machines)):
            if disk is not None:
                disk.clear()
        for line in (*self.lines, *(each.line for each in self.machines)):
            line.mend()
        for machine in self.machines:
            if machine.link is not None:
                machine.link.mend()


@asynccontextmanager
async def installation(
    folder: Path, size: Size, chance: random.Random, say: Callable[[str], None]
) -> AsyncIterator[Installation]:
    """Bring it up. What it leaves behind is for `clearing`."""
    library = await asyncio.to_thread(compiled, folder)
    async with AsyncExitStack() as stack:
        disk, clock, postgres = await _database(folder, library)
        lines = [await _proxy(stack, [("127.0.0.1", postgres.port)], chance) for _ in range(size.servers)]
        servers = [
            ServerProcess(folder / f"server-{number}", "--database-url", postgres.url_at(*line.address))
            for number, line in enumerate(lines)
        ]
        for server in servers:
            stack.push_async_callback(server.close)
            await server.start()
        addresses = [("127.0.0.1", server.port) for server in servers]
        front = await _proxy(stack, addresses, chance)
        client = await stack.enter_async_context(connect_async(front.url, timeout=10))
        pool = WorkPool(name=POOL, type="process", lease_ttl=Duration(seconds=int(size.lease_ttl.total_seconds())))
        await client.work_pools.CreateWorkPool(CreateWorkPoolRequest(request_id=str(uuid4()), work_pool=pool))
        machines = [
            await _machine(stack, folder, f"machine-{number}", addresses, library, size, chance)
            for number in range(size.workers)
        ]
        yield Installation(size, folder / "ledger", postgres, disk, clock, lines, servers, machines, client, say)


async def _start(server: ServerProcess) -> None:
    try:
        await server.start()
    except AssertionError:
        await server.close()
        raise


async def _begin(worker: WorkerProcess) -> None:
    worker.start()


async def _database(folder: Path, library: Path | None) -> tuple[Disk | None, Clock | None, Postgres]:
    clock = Clock(library, folder / "database.clock") if library is not None else None
    disk = mounted(folder / "database", _DATABASE_MEGABYTES)
    postgres = Postgres(folder / "database", clock.environment if clock is not None else {})
    await asyncio.to_thread(postgres.prepare)
    await postgres.start()
    return disk, clock, postgres


async def _proxy(
    stack: AsyncExitStack, targets: Sequence[tuple[str, int]], chance: random.Random, host: str = "127.0.0.1"
) -> Proxy:
    proxy = Proxy(targets, chance=chance)
    await proxy.open(host)
    stack.push_async_callback(proxy.close)
    return proxy


async def _machine(
    stack: AsyncExitStack,
    folder: Path,
    name: str,
    servers: Sequence[tuple[str, int]],
    library: Path | None,
    size: Size,
    chance: random.Random,
) -> Machine:
    link = _link(stack)
    line = await _proxy(stack, servers, chance, link.address if link is not None else "127.0.0.1")
    disk = mounted(folder / name, _HOME_MEGABYTES)
    clock = Clock(library, folder / f"{name}.clock") if library is not None else None
    variables = clock.environment if clock is not None else {}
    inside = [
        *(link.inside if link is not None else ()),
        "env",
        *(f"{key}={value}" for key, value in variables.items()),
    ]
    worker = WorkerProcess(folder / name, line.url, name, "--limit", str(size.slots), pool=POOL, inside=tuple(inside))
    stack.push_async_callback(worker.close)
    worker.start()
    return Machine(name, worker, line, link, disk, clock)


def _link(stack: AsyncExitStack) -> Link | None:
    try:
        link = open_link()
    except NoNamespacesError:
        return None
    stack.callback(close_link, link)
    return link
