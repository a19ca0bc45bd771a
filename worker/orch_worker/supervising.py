"""Attempts as tasks: each is seen through from its grant, or from where it was found, to its end."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Sequence
from contextlib import suppress
from typing import Any

from orch_client.errors import OrchClientError
from orch_client.leases import LeaseKey
from orch_proto.v1.lease_pb2 import (
    LEASE_PHASE_STARTING,
    REPORT_VERDICT_ACCEPTED,
    REPORT_VERDICT_DUPLICATE,
    REPORT_VERDICT_LOST,
    Lease,
)
from orch_worker import reports
from orch_worker.attempt_facts import AttemptFacts
from orch_worker.following import Following
from orch_worker.held_runs import HeldRun, Order
from orch_worker.launchers.base import Attempt
from orch_worker.launching import Launching
from orch_worker.shipping import Remarks
from orch_worker.surroundings import Surroundings

logger = logging.getLogger(__name__)


def facts_in_memo(attempt: Attempt) -> AttemptFacts:
    """What was known of an attempt when it was launched, as far as it can be read."""
    try:
        return AttemptFacts.from_memo(attempt.memo)
    except ValueError as error:
        logger.debug("no memo", extra={"run": attempt.key.flow_run_id, "cause": str(error)})
        return AttemptFacts(log_base=0 if attempt.key.token == 1 else None)


class Supervision:
    """All attempts' tasks."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, lease: Lease, *, sent_at: float) -> None:
        """A lease was granted, by a call that was sent at `sent_at`."""
        key = LeaseKey(lease.flow_run_id, lease.token)
        if key in self._around.runs:
            return  # A repeated wish is answered with the same grants.
        run = HeldRun(key, AttemptFacts(flow_run_name=lease.flow_run.name))
        self._hold(run, sent_at=sent_at, ttl_seconds=lease.ttl.ToTimedelta().total_seconds())
        remarks = Remarks(self._around.logs, key, fresh=key.token == 1)
        self._around.rest.launch_begins()
        self._start(run, self._see_through(run, remarks, lease), remarks)

    def take_up(self, attempts: Sequence[Attempt], *, sent_at: float, ttl_seconds: float) -> frozenset[LeaseKey]:
        """Attempts that an earlier worker of this name had launched, alive or ended.

        Returns those that it had known of, and that are not among them: see `settle`.
        """
        missing = frozenset(self._around.journal.keys()) - {LeaseKey(*attempt.key) for attempt in attempts}
        for attempt in attempts:
            key = LeaseKey(*attempt.key)
            run = HeldRun(key, self._facts_of(attempt))
            self._hold(run, sent_at=sent_at, ttl_seconds=ttl_seconds)
            remarks = Remarks(self._around.logs, key, fresh=False)
            remarks.say(f"Worker {self._around.worker_name!r} was started again, and watches {attempt.place}.")
            following = Following(run, self._around, remarks, fresh=False)
            self._start(run, following.follow(attempt), remarks)
        return missing

    def _facts_of(self, attempt: Attempt) -> AttemptFacts:
        """What was known of it, in this home, or where it is."""
        key = LeaseKey(*attempt.key)
        if (facts := self._around.journal.read(key)) is not None:
            return facts
        facts = facts_in_memo(attempt)
        with suppress(OSError):  # The memo is there at the next start, too.
            self._around.journal.begin(key, facts)
        return facts

    async def settle(self, missing: Iterable[LeaseKey]) -> None:
        """Attempts of which nothing is left: given back where they had not begun, CRASHED where they had."""
        for key in missing:
            try:
                await self._settle(key)
            except OrchClientError as error:
                # The run was deleted, most likely.
                logger.warning("cannot settle a run", extra={"run": key.flow_run_id, "cause": error.message})
            self._around.journal.forget(key)

    async def _settle(self, key: LeaseKey) -> None:
        reporter = self._around.reporter
        verdict = await reporter.release(key, LEASE_PHASE_STARTING, why="Its worker was stopped before it began.")
        if verdict not in {REPORT_VERDICT_ACCEPTED, REPORT_VERDICT_DUPLICATE, REPORT_VERDICT_LOST}:
            await reporter.report(key, reports.broken("Its worker was started again, and found nothing left of it."))

    def stop_all(self, *, why: str) -> None:
        """Do not wait for them any longer."""
        for run in self._around.runs:
            run.hear(Order.WORKER_STOPS, why=why)

    async def abandon(self) -> None:
        """Leave all attempts as they are, for the next worker of this name."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _hold(self, run: HeldRun, *, sent_at: float, ttl_seconds: float) -> None:
        self._around.runs.add(run)
        self._around.heartbeat.hold(run, sent_at=sent_at, ttl_seconds=ttl_seconds)

    async def _see_through(self, run: HeldRun, remarks: Remarks, lease: Lease) -> None:
        try:
            attempt = await Launching(run, self._around, remarks).launch(lease)
        finally:
            self._around.rest.launch_ended()
        if attempt is not None:
            await Following(run, self._around, remarks, fresh=True).follow(attempt)

    def _start(self, run: HeldRun, supervising: Coroutine[Any, Any, None], remarks: Remarks) -> None:
        task = asyncio.create_task(self._guarded(run, supervising, remarks))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _guarded(self, run: HeldRun, supervising: Coroutine[Any, Any, None], remarks: Remarks) -> None:
        """Whatever goes wrong in here is this run's end, in words, and nobody else's."""
        try:
            await supervising
        except Exception as error:
            logger.exception("a run's supervision failed", extra={"run": run.key.flow_run_id})
            remarks.complain(f"The worker failed: {error!r}. Its own log says more.")
            await self._around.reporter.report(run.key, reports.broken(f"The worker failed: {error!r}."))
        finally:
            self._around.heartbeat.drop(run.key)
            self._around.runs.vacate(run)
            run.named = False
        await remarks.flush()
        self._around.runs.remove(run)
