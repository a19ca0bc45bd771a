"""From a granted lease to a launched attempt; or to the words why there is none."""

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from orch_client.errors import OrchClientError
from orch_proto.v1.lease_pb2 import LEASE_PHASE_RUNNING, Lease
from orch_worker import reports
from orch_worker.attempt_facts import AttemptFacts
from orch_worker.held_runs import HeldRun, Order
from orch_worker.jobs import facts_of
from orch_worker.launchers.base import Attempt, Job, LaunchError, LauncherUnavailableError, PlaceUnavailableError
from orch_worker.meters import LAUNCH_DURATION, LAUNCH_FAILURES, RUNS_LAUNCHED
from orch_worker.racing import unless
from orch_worker.shipping import OUTPUT_STREAM, Remarks
from orch_worker.surroundings import Surroundings

logger = logging.getLogger(__name__)

T = TypeVar("T")

_LONG_LAUNCH_SECONDS = 1.0
"""A launch that takes longer is told of in the run's state."""


class Launching:
    """Launches one attempt."""

    def __init__(self, run: HeldRun, around: Surroundings, remarks: Remarks) -> None:
        self._run = run
        self._around = around
        self._remarks = remarks

    async def launch(self, lease: Lease) -> Attempt | None:
        """The attempt; None where there is none, and that was told."""
        try:
            attempt = await self._begun(lease)
        except LaunchError as error:
            await self._fail(error)
        except LauncherUnavailableError as error:
            await self._take_back(error)
        else:
            if attempt is not None:
                return attempt
            await self._give_back()
        self._around.journal.forget(self._run.key)
        return None

    async def _fail(self, error: LaunchError) -> None:
        self._around.telemetry.count(LAUNCH_FAILURES)
        logger.warning("run not launched", extra=self._run.log_fields | {"cause": str(error)})
        self._remarks.complain(f"Not launched: {error}")
        await self._around.reporter.report(self._run.key, reports.not_launched(str(error)))

    async def _take_back(self, error: LauncherUnavailableError) -> None:
        """The run waits in its queue again, and where nothing can be launched, the worker rests."""
        self._around.telemetry.count(LAUNCH_FAILURES)
        logger.warning("run given back", extra=self._run.log_fields | {"cause": str(error)})
        what = "this run"
        if not isinstance(error, PlaceUnavailableError):
            self._around.rest.begin(str(error))
            what = "anything"
        await self._release(why=f"Worker {self._around.worker_name!r} cannot launch {what} now: {error}")

    async def _begun(self, lease: Lease) -> Attempt | None:
        """None where it was ordered to end before it began. Raises LaunchError, LauncherUnavailableError."""
        job = self._around.jobs.make(lease, self._around.sessions.current.job_template_json, self._remarks.say)
        log_base = await self._unless_ordered(self._log_base(lease))
        if log_base is None:
            return None
        facts = facts_of(lease, job.variables, log_base=log_base)
        job = replace(job, memo=facts.to_memo())
        self._remember(facts)
        if not await self._is_certain():
            return None
        telling = asyncio.create_task(self._tell_of_long_launch())
        try:
            return await self._launched(job)
        finally:
            telling.cancel()

    async def _is_certain(self) -> bool:
        """An entrypoint's process adopts the lease before it begins. Others begin under a lease that is held for sure,
        and a command only when the control plane knows: should contact be lost now, it must not begin again elsewhere.
        """
        if self._run.facts.command:
            self._run.phase = LEASE_PHASE_RUNNING
        elif not self._run.facts.exclusive:
            return True
        return bool(await self._unless_ordered(self._around.heartbeat.sure_of(self._run)))

    async def _log_base(self, lease: Lease) -> int:
        """Where the attempt's output begins, known before any of it is sent: who ships the rest after a restart, of
        this worker or in its stead, must know which line is the next.
        """
        if lease.token == 1:
            return 0
        try:
            return await self._around.logs.offset(lease.flow_run_id, OUTPUT_STREAM)
        except OrchClientError as error:
            raise LaunchError(f"The run's log cannot be found: {error.message}") from error

    def _remember(self, facts: AttemptFacts) -> None:
        self._run.facts = facts
        try:
            self._around.journal.begin(self._run.key, facts)
        except OSError as error:
            raise LauncherUnavailableError(
                f"The worker cannot write to its own directory: {error}. Make room there, or start the worker with"
                " another --home."
            ) from error

    async def _launched(self, job: Job) -> Attempt | None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        attempt = await self._unless_ordered(self._around.launcher.launch(job))
        if attempt is not None:
            self._around.rest.end()
            self._run.phase = LEASE_PHASE_RUNNING
            self._around.telemetry.record(LAUNCH_DURATION, loop.time() - began)
            self._around.telemetry.count(RUNS_LAUNCHED)
            logger.info("run launched", extra=self._run.log_fields | {"place": attempt.place})
            self._remarks.begin(f"Launched by worker {self._around.worker_name!r} as {attempt.place}.")
        return attempt

    async def _tell_of_long_launch(self) -> None:
        await asyncio.sleep(_LONG_LAUNCH_SECONDS)
        message = f"Being launched by worker {self._around.worker_name!r}."
        await self._around.reporter.report(self._run.key, reports.launching(message))

    async def _unless_ordered(self, doing: Coroutine[Any, Any, T]) -> T | None:
        """None where an order to end came first."""
        return await unless(self._run.graver_than(None), doing)

    async def _give_back(self) -> None:
        """It was not launched, and will not be: not here."""
        run = self._run
        if run.order == Order.CANCEL:
            await self._around.reporter.report(run.key, reports.cancelled("Stopped before it began, as asked."))
        elif run.order == Order.WORKER_STOPS:
            await self._release(why="Its worker ends.")

    async def _release(self, *, why: str) -> None:
        with suppress(OrchClientError):  # It will lapse.
            await self._around.reporter.release(self._run.key, self._run.phase, why=why)
