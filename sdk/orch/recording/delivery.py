"""Sends requests until they are answered, and decides about answers.

passing (away, overloaded)       again, until it is answered
the key is not accepted          a run that begins is refused; of others the records wait
wrong in itself, too large       halved, until the one item is found that is wrong: that is dropped, and told
somebody else's run              nothing more is sent of it; the run is told LOST
the control plane's own fault    again a few times, then as if wrong in itself
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import TypeVar

from orch.errors import LeaseLostError, RecordingError
from orch.recording.adoption import adopted
from orch.recording.contact import Contact
from orch.recording.heartbeat import Heartbeat, seconds
from orch.recording.parcels import Parcel, Wave
from orch.recording.records import Verdict
from orch.recording.tracking import FIRST_SHARED_TOKEN, RunKey, Tracking, log_stream
from orch.recording.transport import Transport
from orch_client.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    OrchClientError,
    OverloadedError,
)
from orch_proto.v1.flow_run_service_pb2 import UpdateFlowRunRequest
from orch_proto.v1.lease_pb2 import Lease, ReportVerdict
from orch_proto.v1.lease_service_pb2 import (
    AdoptLeaseRequest,
    AdoptLeaseResponse,
    ReportedRun,
    ReportRunsRequest,
    ReportRunsResponse,
    ResumeFlowRunRequest,
    ResumeFlowRunResponse,
    RunReport,
    StartFlowRunRequest,
    StartFlowRunResponse,
)
from orch_proto.v1.log_service_pb2 import AppendLogsRequest, GetLogOffsetRequest
from orch_proto.v1.state_pb2 import StateType
from orch_proto.v1.task_run_service_pb2 import ReportTaskRunsRequest

logger = logging.getLogger(__name__)

T = TypeVar("T")

_MOST_AT_ONCE = 32
_MOST_TRIES = 5
"""Of a request that the control plane fails at."""
_FIRST_DELAY_SECONDS = 0.2
_OLDEST_SECONDS = 7 * 86_400
_NEWS_NS = 2_000_000
"""A report that waited for less is taken for new."""
_MOST_SHIFTS = 1000
_MOST_TOLD = 1000
_LOST_REASONS = frozenset({"LEASE_LOST", "RUN_ENDED", "ALREADY_ADOPTED"})
_ENDS = frozenset(
    {
        StateType.STATE_TYPE_COMPLETED,
        StateType.STATE_TYPE_FAILED,
        StateType.STATE_TYPE_CANCELLED,
        StateType.STATE_TYPE_CRASHED,
    }
)
_TAKEN = frozenset({ReportVerdict.REPORT_VERDICT_ACCEPTED, ReportVerdict.REPORT_VERDICT_DUPLICATE})


class Delivery:
    """Delivers waves. For the courier's loop alone."""

    def __init__(
        self,
        contact: Contact,
        tracking: Tracking,
        heartbeat: Heartbeat,
        *,
        clock: Callable[[], float],
        wall_ns: Callable[[], int],
    ) -> None:
        """`clock`: the leases' clock. `wall_ns`: nanoseconds since 1970."""
        self._contact = contact
        self._tracking = tracking
        self._heartbeat = heartbeat
        self._clock = clock
        self._wall_ns = wall_ns
        self._room = asyncio.Semaphore(_MOST_AT_ONCE)
        self._shifts: OrderedDict[tuple[RunKey, str], int] = OrderedDict()
        """By how much the lines of a stream have moved up, since some before them were lost."""
        self._told: set[str] = set()

    async def deliver(self, wave: Wave) -> None:
        """Deliver a wave, or find that some of it cannot be delivered. Takes as long as the control plane is away."""
        if len(wave.parcels) == 1:
            await self._deliver(wave.parcels[0])
            return
        async with asyncio.TaskGroup() as group:
            for parcel in wave.parcels:
                group.create_task(self._in_turn(parcel))

    async def _in_turn(self, parcel: Parcel) -> None:
        async with self._room:
            await self._deliver(parcel)

    async def _deliver(self, parcel: Parcel) -> None:
        try:
            await self._send(parcel)
        except OrchClientError as error:
            await self._refused(parcel, error)
        except Exception as error:
            logger.error("Records could not be sent; a bug of Orch, please report it.", exc_info=error)

    async def _send(self, parcel: Parcel) -> None:
        match parcel.request:
            case StartFlowRunRequest() as request:
                await self._start(request, parcel.start_ns)
            case ResumeFlowRunRequest() as request:
                await self._resume(request)
            case AdoptLeaseRequest() as request:
                await self._adopt(request)
            case ReportTaskRunsRequest() as request:
                await self._report_tasks(request)
            case AppendLogsRequest() as request:
                await self._append_logs(request)
            case ReportRunsRequest() as request:
                await self._report_runs(request)
            case UpdateFlowRunRequest() as request:
                await self._call(lambda transport: transport.update_flow_run(request))

    async def _call(self, send: Callable[[Transport], Awaitable[T]], *, patient: bool = True) -> T:
        """The answer. What the control plane fails at is tried a few times."""
        delay = _FIRST_DELAY_SECONDS
        for tries in range(1, _MOST_TRIES + 1):
            try:
                return await self._contact.call(send, patient=patient)
            except OrchClientError as error:
                if error.code not in {"INTERNAL", "UNKNOWN", "ABORTED"} or tries == _MOST_TRIES:
                    raise
            await asyncio.sleep(delay)
            delay *= 2
        raise AssertionError("unreachable")

    # Runs that begin

    async def _start(self, request: StartFlowRunRequest, start_ns: int) -> None:
        key = RunKey(request.flow_run_id, 1)
        if self._tracking.is_gone(key) or self._without_parent(request, key):
            return
        sent_at = 0.0

        async def send(transport: Transport) -> StartFlowRunResponse:
            nonlocal sent_at
            # Each try is sent later than the one before.
            sent_at = self._clock()
            if start_ns:
                request.age.FromNanoseconds(self._age_ns(start_ns))
            return await transport.start_flow_run(request)

        answer = await self._call(send, patient=False)
        await self._granted(key, answer.lease, sent_at=sent_at, next_sync_seconds=seconds(answer.next_sync))

    def _age_ns(self, moment_ns: int) -> int:
        """How long ago it was; no longer than the control plane believes."""
        return min(max(self._wall_ns() - moment_ns, 0), _OLDEST_SECONDS * 1_000_000_000)

    def _without_parent(self, request: StartFlowRunRequest, key: RunKey) -> bool:
        """Whether the run's caller is gone: then it is, too."""
        parent = RunKey(request.parent.flow_run_id, request.parent.token)
        if not request.HasField("parent") or not self._tracking.is_gone(parent):
            return False
        run = self._tracking.by_key(key)
        if run is not None:
            caller = self._tracking.parent_of(run)
            self._tracking.refuse(run, (caller and caller.refusal) or LeaseLostError("Its calling run is gone."))
        return True

    async def _resume(self, request: ResumeFlowRunRequest) -> None:
        sent_at = 0.0

        async def send(transport: Transport) -> ResumeFlowRunResponse:
            nonlocal sent_at
            sent_at = self._clock()
            return await transport.resume_flow_run(request)

        answer = await self._call(send, patient=False)
        key = RunKey(request.flow_run_id, request.expected_token + 1)
        await self._granted(key, answer.lease, sent_at=sent_at, next_sync_seconds=seconds(answer.next_sync))

    async def _adopt(self, request: AdoptLeaseRequest) -> None:
        sent_at = 0.0

        async def send(transport: Transport) -> AdoptLeaseResponse:
            nonlocal sent_at
            sent_at = self._clock()
            return await transport.adopt_lease(request)

        answer = await self._call(send, patient=False)
        key = RunKey(request.flow_run_id, request.token)
        run = self._tracking.by_key(key)
        if run is not None and answer.lease.HasField("flow_run"):
            adopted(run, answer.lease.flow_run, adopter_id=request.adopter_id)
        await self._granted(key, answer.lease, sent_at=sent_at, next_sync_seconds=seconds(answer.next_sync))

    async def _granted(self, key: RunKey, lease: Lease, *, sent_at: float, next_sync_seconds: float) -> None:
        run = self._tracking.by_key(key)
        if lease.token != key.token:
            self._lost(key, "Another grant of this run is newer.")
        elif run is not None:
            await self._find_log_end(key)
            self._tracking.granted(run)
            transport = await self._contact.transport()
            self._heartbeat.hold(
                run,
                sent_at=sent_at,
                ttl_seconds=seconds(lease.ttl),
                next_sync_seconds=min(next_sync_seconds or 5.0, transport.longest_sync_seconds),
                hint_after_seconds=transport.hint_after_seconds,
            )

    async def _find_log_end(self, key: RunKey) -> None:
        if key.token >= FIRST_SHARED_TOKEN:
            request = GetLogOffsetRequest(flow_run_id=key.flow_run_id, stream=log_stream(key.token))
            answer = await self._call(lambda transport: transport.get_log_offset(request))
            self._shift(key, request.stream, answer.offset)

    def _not_begun(self, key: RunKey, error: OrchClientError) -> None:
        run = self._tracking.by_key(key)
        if run is None:
            self._tracking.forget(key, str(error))
            self._tell_once(f"Records of flow run {key.flow_run_id} were refused: {error}", logging.WARNING)
            return
        lost = error.reason in _LOST_REASONS
        text = f"Flow run '{run.record.name}' was refused by the control plane: {error}"
        refusal = LeaseLostError(text) if lost else RecordingError(text)
        refusal.__cause__ = error
        if lost:
            run.tell(Verdict.FINISHED if error.reason == "RUN_ENDED" else Verdict.LOST, str(error))
        others = "" if lost else ", nor is any other while this lasts"
        text = f"{error} Flow run '{run.record.name}' is not recorded{others}."
        self._tell_once(text, logging.ERROR, key=str(error))
        self._tracking.refuse(run, refusal)

    # What they do and say

    async def _report_tasks(self, request: ReportTaskRunsRequest) -> None:
        key = RunKey(request.flow_run_id, request.token)
        if self._tracking.is_gone(key):
            return
        answer = await self._call(lambda transport: transport.report_task_runs(request))
        if answer.verdict == ReportVerdict.REPORT_VERDICT_LOST:
            self._lost(key)

    async def _append_logs(self, request: AppendLogsRequest) -> None:
        key = RunKey(request.flow_run_id, request.token)
        if self._tracking.is_gone(key):
            return
        offset = request.offset
        try:
            request.offset = offset + self._shifts.get((key, request.stream), 0)
            answer = await self._call(lambda transport: transport.append_logs(request))
            if answer.verdict == ReportVerdict.REPORT_VERDICT_INVALID:
                # Lines before these were lost here, for want of room: the rest moves up.
                self._shift(key, request.stream, answer.committed_offset - offset)
                request.offset = answer.committed_offset
                answer = await self._call(lambda transport: transport.append_logs(request))
        finally:
            request.offset = offset
        if answer.verdict == ReportVerdict.REPORT_VERDICT_LOST:
            self._lost(key)

    def _shift(self, key: RunKey, stream: str, by: int) -> None:
        self._shifts[key, stream] = by
        while len(self._shifts) > _MOST_SHIFTS:
            self._shifts.popitem(last=False)

    async def _report_runs(self, request: ReportRunsRequest) -> None:
        reports = [each for each in request.reports if not self._tracking.is_gone(RunKey(each.flow_run_id, each.token))]
        if not reports:
            return
        remaining = request if len(reports) == len(request.reports) else ReportRunsRequest(reports=reports)

        async def send(transport: Transport) -> ReportRunsResponse:
            for report in remaining.reports:
                age_ns = self._age_ns(report.state.state_time.ToNanoseconds())
                if age_ns > _NEWS_NS:
                    report.age.FromNanoseconds(age_ns)
            return await transport.report_runs(remaining)

        answer = await self._call(send)
        for report, reported in zip(reports, answer.reports, strict=True):
            self._reported(report, reported)

    def _reported(self, report: RunReport, reported: ReportedRun) -> None:
        key = RunKey(report.flow_run_id, report.token)
        if reported.verdict == ReportVerdict.REPORT_VERDICT_LOST:
            self._lost(key, reported.message)
            return
        if reported.verdict not in _TAKEN:
            name = StateType.Name(report.state.type).removeprefix("STATE_TYPE_")
            logger.warning("Flow run %s could not be recorded as %s: %s", key.flow_run_id, name, reported.message)
        if report.state.type in _ENDS:
            self._heartbeat.drop(key)
            run = self._tracking.by_key(key)
            if run is not None:
                self._tracking.ended(run)

    def _lost(self, key: RunKey, why: str = "Another holder has it.") -> None:
        self._heartbeat.drop(key)
        run = self._tracking.by_key(key)
        if run is not None:
            self._tracking.lose(run, why)
        elif not self._tracking.is_gone(key):
            self._tracking.forget(key, why)
            logger.info("Records of flow run %s came too late: %s", key.flow_run_id, why)

    # Refusals

    async def _refused(self, parcel: Parcel, error: OrchClientError) -> None:
        match parcel.request:
            case StartFlowRunRequest() | ResumeFlowRunRequest() | AdoptLeaseRequest():
                self._not_begun(next(parcel.grants()), error)
            case ReportTaskRunsRequest() | AppendLogsRequest() as request if _is_loss(error):
                self._lost(RunKey(request.flow_run_id, request.token), str(error))
            case _ if (halves := parcel.halves()) is not None and _may_be_one_item(error):
                for half in halves:
                    await self._deliver(half)
            case _:
                self._drop(parcel, error)

    def _drop(self, parcel: Parcel, error: OrchClientError) -> None:
        what = parcel.kind.name.lower()
        runs = ", ".join(sorted({key.flow_run_id for key in parcel.grants()}))
        text = f"Records ({parcel.item_count} of {what}) of flow run {runs} were refused, and are lost: {error}"
        self._tell_once(text, logging.ERROR, key=f"{what} {runs} {error.reason or error}")

    def _tell_once(self, text: str, level: int, *, key: str = "") -> None:
        """A fault that many runs share is told once."""
        if len(self._told) >= _MOST_TOLD:
            self._told.clear()
        if (key or text) not in self._told:
            self._told.add(key or text)
            logger.log(level, "%s", text)


def _is_loss(error: OrchClientError) -> bool:
    """Whether the run is not there any more, or not this holder's."""
    return isinstance(error, NotFoundError) or (
        isinstance(error, FailedPreconditionError) and error.reason in _LOST_REASONS
    )


def _may_be_one_item(error: OrchClientError) -> bool:
    """Whether parts of the request may be taken where the whole is not."""
    return isinstance(error, InvalidArgumentError | OverloadedError) or error.code in {"INTERNAL", "UNKNOWN"}
