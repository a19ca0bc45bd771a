"""From a launched attempt to its end: watched, stopped where ordered, its lines shipped, its end reported."""

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from orch_proto.v1.lease_pb2 import LEASE_PHASE_RUNNING, LEASE_PHASE_STOPPING, REPORT_VERDICT_LOST
from orch_worker import reports
from orch_worker.held_runs import HeldRun, Order
from orch_worker.launchers.base import Attempt, Ending, Outcome
from orch_worker.meters import RUNS_ENDED
from orch_worker.reports import Report
from orch_worker.shipping import OutputShipper, Remarks
from orch_worker.stopping import STOP_RULES
from orch_worker.surroundings import Surroundings

logger = logging.getLogger(__name__)

_CHECK_SECONDS = 0.3
"""Whether a process that ended well has reported the run's end, a heartbeat tells within this time."""

_HALTED_SECONDS = 0.25
"""A worker that notices so late that a lease may have run out was halted meanwhile."""
_ONE_MORE_SYNC_SECONDS = 1.0

# How long an end is held back for lines that are still to be stored: who follows a log stops at the run's end, and what
# comes after the next attempt was granted is refused. A crash is to be known within a second.
_SHIPPING_SECONDS = {Outcome.COMPLETED: 10.0, Outcome.FAILED: 10.0, Outcome.CRASHED: 0.4, Outcome.LAUNCH_FAILED: 0.4}


class Following:
    """Follows one attempt."""

    def __init__(self, run: HeldRun, around: Surroundings, remarks: Remarks, *, fresh: bool) -> None:
        """fresh: launched just now, by this very process."""
        self._run = run
        self._around = around
        self._remarks = remarks
        self._fresh = fresh
        self._stopped_by: Order | None = None
        self._tasks: list[asyncio.Task[None]] = []

    async def follow(self, attempt: Attempt) -> None:
        """Returns when its end is reported, its lines are stored, and it is forgotten."""
        self._run.phase = LEASE_PHASE_RUNNING
        shipping = self._beside(self._ship(attempt))
        self._beside(self._obey(attempt))
        if self._run.facts.command:
            self._beside(self._tell_of_start(attempt))
        if self._run.facts.exclusive:
            self._beside(self._watch_time())
        try:
            await self._end(await attempt.wait(), shipping)
        except Exception:
            await self._stop_unsupervised(attempt)
            raise
        finally:
            for task in self._tasks:
                task.cancel()
        await attempt.forget()
        self._around.journal.forget(self._run.key)

    async def _end(self, ending: Ending, shipping: "asyncio.Task[None]") -> None:
        self._around.runs.vacate(self._run)
        self._around.telemetry.count(RUNS_ENDED, outcome=ending.outcome.value)
        logger.info("run ended", extra=self._run.log_fields | {"how": ending.message})
        if ending.outcome == Outcome.COMPLETED:
            self._remarks.ended_well()
        else:
            self._remarks.say(f"Ended: {ending.message}")
        remarking = self._beside(self._remarks.flush())
        await asyncio.wait({shipping, remarking}, timeout=_SHIPPING_SECONDS[ending.outcome])
        await self._report(ending)
        await asyncio.gather(shipping, remarking)

    def _beside(self, doing: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        """Done beside, for as long as the attempt is followed."""
        task = asyncio.create_task(doing)
        self._tasks.append(task)
        return task

    async def _stop_unsupervised(self, attempt: Attempt) -> None:
        """Nothing runs that nobody looks after."""
        try:
            await attempt.stop(grace_seconds=self._run.facts.grace_seconds)
        except Exception:
            logger.exception("cannot stop a run", extra=self._run.log_fields)

    async def _tell_of_start(self, attempt: Attempt) -> None:
        verdict = await self._around.reporter.report(self._run.key, reports.launched(f"Runs as {attempt.place}."))
        if verdict == REPORT_VERDICT_LOST:
            self._run.hear(Order.LOST, why="The report of its start was refused: another grant of the run is newer.")

    async def _watch_time(self) -> None:
        while await self._around.heartbeat.overdue(self._run) > _HALTED_SECONDS and await self._keeps_itself():
            pass
        self._run.hear(Order.OVERDUE, why="The control plane could not be reached in time.")

    async def _keeps_itself(self) -> bool:
        """Whether the run's own process has kept the lease while the worker was halted: it stops by itself where it
        cannot. A command has nobody else to do so.
        """
        if self._run.facts.command:
            return False
        try:
            async with asyncio.timeout(_ONE_MORE_SYNC_SECONDS):
                await self._around.heartbeat.settled()
        except TimeoutError:
            return False
        return True

    async def _ship(self, attempt: Attempt) -> None:
        try:
            await self._shipper().ship(attempt, fresh=self._fresh)
        except Exception:
            # The lines of a run are not worth the run.
            logger.exception("output is not kept", extra=self._run.log_fields)

    def _shipper(self) -> OutputShipper:
        return OutputShipper(self._run, calls=self._around.logs, telemetry=self._around.telemetry)

    # --- orders

    async def _obey(self, attempt: Attempt) -> None:
        """Carries orders out until it is cancelled, at the attempt's end."""
        order = await self._run.graver_than(None)
        while True:
            stopping = asyncio.create_task(self._stop(attempt, order))
            try:
                order = await self._run.graver_than(order)
            finally:
                stopping.cancel()

    async def _stop(self, attempt: Attempt, order: Order) -> None:
        rule, facts = STOP_RULES[order], self._run.facts
        await asyncio.sleep(rule.patience_seconds(facts))
        self._stopped_by = order
        self._run.phase = LEASE_PHASE_STOPPING
        grace = 0.0 if rule.by_force else facts.grace_seconds
        logger.info("stopping a run", extra=self._run.log_fields | {"order": order.name})
        if rule.remark:
            self._remarks.say(f"{rule.remark} Stopping {attempt.place}, within {grace:g} s.")
        try:
            await attempt.stop(grace_seconds=grace)
        except Exception as error:
            logger.exception("cannot stop a run", extra=self._run.log_fields)
            self._remarks.complain(f"Cannot stop {attempt.place}: {error!r}")

    # --- the end

    async def _report(self, ending: Ending) -> None:
        report = await self._last_word(ending)
        if report is not None:
            await self._around.reporter.report(self._run.key, report)
        self._run.named = False
        self._around.heartbeat.drop(self._run.key)

    async def _last_word(self, ending: Ending) -> Report | None:
        """What is still to be reported; None: nothing."""
        if not self._run.named:
            return None
        if self._stopped_by is not None:
            return reports.after_order(self._stopped_by, self._run.why)
        if self._run.facts.command:
            return reports.ended(ending)
        if ending.outcome == Outcome.COMPLETED and await self._was_reported():
            return None
        return reports.unreported(ending)

    async def _was_reported(self) -> bool:
        """Whether the control plane knows the run's end by now."""
        await self._around.heartbeat.settled(within_seconds=_CHECK_SECONDS)
        return not self._run.named
