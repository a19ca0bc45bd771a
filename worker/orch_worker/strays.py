"""Attempts that nobody looks after: left where they ran by workers that never came back."""

import asyncio
import logging
from collections.abc import Collection

from orch_client.async_client import AsyncClient
from orch_client.errors import NotFoundError
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.flow_run_service_pb2 import GetFlowRunRequest
from orch_worker.launchers.base import Attempt, AttemptKey, Launcher
from orch_worker.patience import Contact
from orch_worker.supervising import facts_in_memo

logger = logging.getLogger(__name__)

_SOON_SECONDS = 10.0
"""After the worker's start."""
_SWEEP_SECONDS = 300.0
_AGAIN_SECONDS = 60.0
"""Until those are looked at again whose run has ended: who launched them may be shipping their last lines."""


class StraySweep:
    """Asks now and then which attempts are there, and stops and forgets those whose run is gone, over, or elsewhere."""

    def __init__(self, client: AsyncClient, contact: Contact, launcher: Launcher) -> None:
        self._client = client
        self._contact = contact
        self._launcher = launcher
        self._suspects: frozenset[AttemptKey] = frozenset()
        """Their run had ended when they were looked at last."""
        self._ending: dict[AttemptKey, asyncio.Task[None]] = {}

    async def keep(self) -> None:
        """Sweeps, for ever."""
        try:
            await asyncio.sleep(_SOON_SECONDS)
            while True:
                await self._sweep()
                await asyncio.sleep(_AGAIN_SECONDS if self._suspects else _SWEEP_SECONDS)
        finally:
            for task in self._ending.values():
                task.cancel()

    async def _sweep(self) -> None:
        try:
            suspects = set()
            for attempt in await self._launcher.strays():
                if attempt.key not in self._ending and await self._is_over(attempt):
                    suspects.add(attempt.key)
            self._suspects = frozenset(suspects)
        except Exception:
            # What is wrong with the launcher, runs will say; what is left lies there until the next time.
            logger.exception("cannot look for what earlier workers have left")

    async def _is_over(self, attempt: Attempt) -> bool:
        """Whether it is to be looked at again soon. Those that nobody wants are ended beside."""
        run = await self._run_of(attempt)
        why = _unwanted(attempt.key, run, suspects=self._suspects)
        if why:
            self._ending[attempt.key] = asyncio.create_task(self._end(attempt, why))
        return run is not None and run.HasField("end_time") and not why

    async def _run_of(self, attempt: Attempt) -> FlowRun | None:
        request = GetFlowRunRequest(flow_run_id=attempt.key.flow_run_id)
        try:
            answer = await self._contact.patiently("GetFlowRun", lambda: self._client.flow_runs.GetFlowRun(request))
        except NotFoundError:
            return None
        return answer.flow_run

    async def _end(self, attempt: Attempt, why: str) -> None:
        run_id, token = attempt.key
        logger.info("ending what is left of a run", extra={"run": run_id, "token": token, "cause": why})
        try:
            await attempt.stop(grace_seconds=facts_in_memo(attempt).grace_seconds)
            await attempt.forget()
        except Exception:
            logger.exception("cannot end what is left of a run", extra={"run": run_id})
        finally:
            del self._ending[attempt.key]


def _unwanted(key: AttemptKey, run: FlowRun | None, *, suspects: Collection[AttemptKey]) -> str:
    """Why nobody wants an attempt; empty where somebody may."""
    if run is None:
        return "there is no such run"
    if run.token > key.token:
        return "a newer attempt of the run was granted"
    return "the run has ended" if run.HasField("end_time") and key in suspects else ""
