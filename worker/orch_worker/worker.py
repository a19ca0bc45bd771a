"""The worker: its parts put together, started, and brought to an end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from orch_client.async_client import AsyncClient
from orch_client.leases import LeaseKey, holder_clock
from orch_worker.acquiring import Acquirer
from orch_worker.errors import StartupError, WorkerError
from orch_worker.health import Health
from orch_worker.heartbeat import Heartbeat
from orch_worker.held_runs import HeldRuns
from orch_worker.hints import Hints
from orch_worker.home import WorkerHome
from orch_worker.jobs import JobMaker
from orch_worker.journal import Journal
from orch_worker.launchers.base import Launcher
from orch_worker.lifecycle import Lifecycle
from orch_worker.log_streams import LogCalls
from orch_worker.meters import LEASES_HELD, SLOTS, SLOTS_TAKEN, Telemetry
from orch_worker.patience import Contact
from orch_worker.racing import first, unless
from orch_worker.relay import Relay
from orch_worker.reporting import Reporter
from orch_worker.resting import Rest
from orch_worker.sessions import Session, Sessions, WorkerIdentity
from orch_worker.strays import StraySweep
from orch_worker.supervising import Supervision
from orch_worker.surroundings import Surroundings

logger = logging.getLogger(__name__)

_REPORTING_SECONDS = 60.0
"""When all runs have ended, their ends are reported and their lines stored within this time, or by the next worker of
this name."""
_LAST_REPORTS_SECONDS = 15.0
"""The same where the runs were stopped, and somebody waits for the worker's end."""


@dataclass(frozen=True, slots=True)
class WorkerParts:
    """What a worker is made of from outside."""

    client: AsyncClient
    """For heartbeats and all that must not wait."""
    log_client: AsyncClient
    """A connection of its own, for lines."""
    relay: Relay | None
    """Through which runs of this machine call; None: they do without."""
    launcher: Launcher
    """Open."""
    home: WorkerHome
    identity: WorkerIdentity
    lifecycle: Lifecycle
    telemetry: Telemetry
    health: Health


class Worker:
    """One worker, from its session's begin to its end."""

    def __init__(self, parts: WorkerParts) -> None:
        self._parts = parts
        self._contact = Contact()
        self._clock: Callable[[], float] = holder_clock()
        self._runs = HeldRuns(parts.identity.slots)
        self._rest = Rest(self._clock)
        self._sessions = Sessions(parts.client, self._contact, parts.identity, self._clock)

    async def work(self) -> None:
        """Takes and supervises runs until it has drained. Raises WorkerError where that ends for good."""
        session = await unless(self._parts.lifecycle.draining.wait(), self._sessions.open())
        if session is None:
            return
        heartbeat = Heartbeat(
            self._parts.client,
            self._contact,
            self._sessions,
            self._runs,
            self._parts.lifecycle,
            clock=self._clock,
            telemetry=self._parts.telemetry,
            tell=self._parts.relay.hint if self._parts.relay is not None else _untold,
        )
        reporter = Reporter(self._parts.client, self._contact, self._sessions, self._clock)
        supervision = Supervision(self._surroundings(heartbeat, reporter))
        self._show(heartbeat)
        hints = Hints(self._parts.client, self._sessions, heartbeat, self._parts.lifecycle)
        missing = await self._take_up(supervision, session)
        tidying = self._tidy_up(supervision, heartbeat, missing)
        sweep = StraySweep(self._parts.client, self._contact, self._parts.launcher)
        async with _together(heartbeat.keep(), reporter.keep(), hints.listen(), tidying, sweep.keep()):
            try:
                await self._acquire(supervision, heartbeat, reporter)
                await self._end(supervision, heartbeat)
            finally:
                await supervision.abandon()
        await self._close()

    def _surroundings(self, heartbeat: Heartbeat, reporter: Reporter) -> Surroundings:
        parts = self._parts
        return Surroundings(
            worker_name=parts.identity.name,
            launcher=parts.launcher,
            jobs=JobMaker(parts.client.settings),
            journal=_journal(parts.home),
            runs=self._runs,
            sessions=self._sessions,
            heartbeat=heartbeat,
            reporter=reporter,
            rest=self._rest,
            logs=LogCalls.over(parts.log_client, self._contact),
            telemetry=parts.telemetry,
        )

    def _show(self, heartbeat: Heartbeat) -> None:
        telemetry, runs = self._parts.telemetry, self._runs
        telemetry.observe(SLOTS, lambda: runs.slots)
        telemetry.observe(SLOTS_TAKEN, lambda: runs.alive)
        telemetry.observe(LEASES_HELD, lambda: len(runs))
        self._parts.health.works(
            runs=runs, heartbeat=heartbeat, rest=self._rest, lifecycle=self._parts.lifecycle, clock=self._clock
        )

    async def _take_up(self, supervision: Supervision, session: Session) -> frozenset[LeaseKey]:
        """What an earlier worker of this name has left goes on in this session; returns what it has lost."""
        found = await self._parts.launcher.find()
        if found:
            logger.info("taking up runs again", extra={"runs": len(found)})
        return supervision.take_up(found, sent_at=session.sent_at, ttl_seconds=session.ttl_seconds)

    async def _tidy_up(self, supervision: Supervision, heartbeat: Heartbeat, missing: frozenset[LeaseKey]) -> None:
        """What is lost is settled; then the earlier session is closed, whose leases this one has by then."""
        await supervision.settle(missing)
        await heartbeat.settled()
        if earlier := self._parts.home.last_session():
            await self._sessions.close(earlier)
        self._parts.home.remember_session(self._sessions.current.id)

    async def _acquire(self, supervision: Supervision, heartbeat: Heartbeat, reporter: Reporter) -> None:
        acquirer = Acquirer(
            self._parts.client,
            self._contact,
            sessions=self._sessions,
            runs=self._runs,
            heartbeat=heartbeat,
            reporter=reporter,
            supervision=supervision,
            rest=self._rest,
            lifecycle=self._parts.lifecycle,
            clock=self._clock,
        )
        logger.info("worker started", extra={"worker": self._parts.identity.name, "slots": self._runs.slots})
        acquiring = asyncio.create_task(acquirer.acquire())
        try:
            await self._parts.lifecycle.draining.wait()
            # Told at once: from the answer on nothing more is granted.
            heartbeat.sync_within()
            await acquiring
        finally:
            acquiring.cancel()

    async def _end(self, supervision: Supervision, heartbeat: Heartbeat) -> None:
        """Let the runs end; where that is not wanted any more, stop them. Then report what is left to report."""
        stopping = self._parts.lifecycle.stopping
        await first(self._runs.none_alive(), stopping.wait())
        if not stopping.is_set():
            await first(self._runs.empty(), stopping.wait(), within_seconds=_REPORTING_SECONDS)
        if stopping.is_set():
            longest = max((run.facts.grace_seconds for run in self._runs), default=0.0)
            supervision.stop_all(why="a second signal to end")
            heartbeat.sync_within()
            await first(self._runs.empty(), within_seconds=longest + _LAST_REPORTS_SECONDS)

    async def _close(self) -> None:
        if len(self._runs):
            logger.warning("left to the next worker of this name", extra={"runs": len(self._runs)})
            return
        await self._sessions.close(self._sessions.current.id)
        self._parts.home.remember_session("")


def _untold(flow_run_id: str) -> None:
    """Without a relay, a run's process hears of its orders by itself."""


def _journal(home: WorkerHome) -> Journal:
    try:
        return Journal(home.attempts)
    except OSError as error:
        raise StartupError(f"The worker's directory {home.attempts} cannot be made: {error}.") from error


@asynccontextmanager
async def _together(*loops: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Loops that run for as long as the context lasts. One that fails ends the context with its error."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(loop) for loop in loops]
            yield
            for task in tasks:
                task.cancel()
    except* WorkerError as errors:
        raise errors.exceptions[0] from None
