"""Reports of states: those of many runs share a call, and each is repeated until it is answered."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from orch_client.async_client import AsyncClient
from orch_client.errors import OrchClientError
from orch_client.leases import LeaseKey
from orch_proto.v1.lease_pb2 import (
    REPORT_VERDICT_INVALID,
    REPORT_VERDICT_UNSPECIFIED,
    LeasePhase,
    ReportVerdict,
)
from orch_proto.v1.lease_service_pb2 import (
    HeldLease,
    ReleaseLeasesRequest,
    ReportedRun,
    ReportRunsRequest,
    ReportRunsResponse,
    RunReport,
)
from orch_worker.patience import Contact
from orch_worker.reports import Report
from orch_worker.sessions import Sessions

logger = logging.getLogger(__name__)

_MOST_REPORTS = 1000
_MOST_BYTES = 4 * 1024 * 1024
"""Of one call: well below what a message may have."""
_TOLD_AGE_SECONDS = 0.05
"""A report older than this says so: younger ones have just been made."""


@dataclass(slots=True)
class _Waiting:
    message: RunReport
    made_at: float
    answer: asyncio.Future[ReportedRun] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Reporter:
    """Sends reports, one call at a time: those that come meanwhile go together with the next."""

    def __init__(self, client: AsyncClient, contact: Contact, sessions: Sessions, clock: Callable[[], float]) -> None:
        self._client = client
        self._contact = contact
        self._sessions = sessions
        self._clock = clock
        self._queue: list[_Waiting] = []
        self._wake = asyncio.Event()

    async def report(self, key: LeaseKey, report: Report) -> ReportVerdict.ValueType:
        """Report a state, however long it takes until that is answered; what became of it.

        A report that the control plane refuses as such is INVALID.
        """
        message = RunReport(
            flow_run_id=key.flow_run_id,
            token=key.token,
            sequence=report.sequence,
            state=report.state,
            result=report.result,
        )
        waiting = _Waiting(message, self._clock())
        self._queue.append(waiting)
        self._wake.set()
        answer = await waiting.answer
        if answer.verdict == REPORT_VERDICT_INVALID:
            logger.debug("report not taken", extra={"run": key.flow_run_id, "cause": answer.message})
        return answer.verdict

    async def release(self, key: LeaseKey, phase: LeasePhase.ValueType, *, why: str) -> ReportVerdict.ValueType:
        """Give a run back that has not started."""
        request = ReleaseLeasesRequest(
            leases=[HeldLease(flow_run_id=key.flow_run_id, token=key.token, phase=phase)], reason=why
        )
        answer = await self._contact.patiently("ReleaseLeases", lambda: self._client.leases.ReleaseLeases(request))
        return answer.reports[0].verdict if answer.reports else REPORT_VERDICT_UNSPECIFIED

    async def keep(self) -> None:
        """Sends what comes, for ever."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                await self._send(self._take())

    def _take(self) -> list[_Waiting]:
        """The next call's reports: as many as fit, at least one."""
        size = 0
        for count, each in enumerate(self._queue[:_MOST_REPORTS]):
            size += each.message.ByteSize()
            if count and size > _MOST_BYTES:
                break
        else:
            count = min(len(self._queue), _MOST_REPORTS)
        taken, self._queue = self._queue[:count], self._queue[count:]
        return taken

    async def _send(self, batch: Sequence[_Waiting]) -> None:
        try:
            answer = await self._contact.patiently("ReportRuns", lambda: self._call(batch))
        except OrchClientError as error:
            if len(batch) > 1:
                # One of them is refused, and nothing of the call was done: each for itself.
                for each in batch:
                    await self._send([each])
                return
            logger.error("report refused", extra={"run": batch[0].message.flow_run_id, "cause": error.message})
            _settle(batch, [ReportedRun(verdict=REPORT_VERDICT_INVALID, message=error.message)])
            return
        _settle(batch, answer.reports)

    async def _call(self, batch: Sequence[_Waiting]) -> ReportRunsResponse:
        now = self._clock()
        for each in batch:
            if (age := now - each.made_at) > _TOLD_AGE_SECONDS:
                each.message.age.CopyFrom(_duration(age))
        request = ReportRunsRequest(session_id=self._sessions.current.id, reports=[each.message for each in batch])
        return await self._client.leases.ReportRuns(request)


def _duration(seconds: float) -> Duration:
    found = Duration()
    found.FromTimedelta(timedelta(seconds=seconds))
    return found


def _settle(batch: Sequence[_Waiting], answers: Sequence[ReportedRun]) -> None:
    for each, answer in zip(batch, answers, strict=True):
        if not each.answer.done():
            each.answer.set_result(answer)
