"""The service of workers' sessions: convert, call, convert."""

from collections.abc import AsyncIterator
from contextlib import aclosing

from orch_proto.v1.worker_service_pb2 import (
    SESSION_HINT_DRAIN,
    SESSION_HINT_SYNC,
    SESSION_HINT_UNSPECIFIED,
    CloseSessionRequest,
    CloseSessionResponse,
    DrainWorkerRequest,
    DrainWorkerResponse,
    GetWorkerRequest,
    GetWorkerResponse,
    ListWorkersRequest,
    ListWorkersResponse,
    OpenSessionRequest,
    OpenSessionResponse,
    SessionHint,
    WatchSessionRequest,
    WatchSessionResponse,
)
from orch_server.application.errors import InvalidArgument
from orch_server.application.lease_rows import Session
from orch_server.application.leases import Leases
from orch_server.application.ports import Clock
from orch_server.application.workers import NewSession, OpenedSession, Workers
from orch_server.rpc.context import Context
from orch_server.rpc.convert.basics import check_text, page_request, parse_id, to_duration
from orch_server.rpc.convert.leases import worker_message
from orch_server.rpc.replies import reply_with

_LONGEST_NAME = 256
_MOST_NAMES = 64


class WorkerServicer:
    """Opens and closes sessions, hints to them, lists them."""

    def __init__(self, workers: Workers, leases: Leases, clock: Clock) -> None:
        self._workers = workers
        self._leases = leases
        self._clock = clock

    async def OpenSession(self, request: OpenSessionRequest, context: Context) -> OpenSessionResponse:
        """Begin a session."""
        return await self._workers.open(
            _new_session(request), reply_with(request, OpenSessionResponse, self._opened_message)
        )

    def _opened_message(self, opened: OpenedSession) -> OpenSessionResponse:
        return OpenSessionResponse(
            session_id=str(opened.session.id),
            next_sync=to_duration(self._leases.next_sync(opened.pool.lease_ttl)),
            lease_ttl=to_duration(opened.pool.lease_ttl),
            work_pool_type=opened.pool.type,
            job_template_json=opened.pool.job_template,
        )

    async def CloseSession(self, request: CloseSessionRequest, context: Context) -> CloseSessionResponse:
        """End a session."""
        released = await self._workers.close(parse_id(request.session_id, "session_id"))
        return CloseSessionResponse(released_leases=released)

    async def WatchSession(self, request: WatchSessionRequest, context: Context) -> AsyncIterator[WatchSessionResponse]:
        """Send hints."""
        said: Session | None = None
        async with aclosing(self._workers.watch(parse_id(request.session_id, "session_id"))) as sessions:
            async for session in sessions:
                yield WatchSessionResponse(hint=_hint(session, said))
                said = session

    async def GetWorker(self, request: GetWorkerRequest, context: Context) -> GetWorkerResponse:
        """Read one."""
        session = await self._workers.get(parse_id(request.session_id, "session_id"))
        return GetWorkerResponse(worker=worker_message(session, now=self._clock.now()))

    async def ListWorkers(self, request: ListWorkersRequest, context: Context) -> ListWorkersResponse:
        """Read many."""
        page = await self._workers.page(
            page_request(request), work_pool_name=request.work_pool_name, include_closed=request.include_closed
        )
        now = self._clock.now()
        return ListWorkersResponse(
            workers=[worker_message(each, now=now) for each in page.items], next_page_token=page.next_token
        )

    async def DrainWorker(self, request: DrainWorkerRequest, context: Context) -> DrainWorkerResponse:
        """Ask one to drain."""

        def answer(session: Session) -> DrainWorkerResponse:
            return DrainWorkerResponse(worker=worker_message(session, now=self._clock.now()))

        return await self._workers.drain(
            parse_id(request.session_id, "session_id"), reply_with(request, DrainWorkerResponse, answer)
        )


def _hint(session: Session, said: Session | None) -> SessionHint.ValueType:
    """DRAIN once, when draining begins; a sync after that, which also brings cancels of what is still held."""
    if session.draining and (said is None or not said.draining):
        return SESSION_HINT_DRAIN
    return SESSION_HINT_UNSPECIFIED if said is None else SESSION_HINT_SYNC


def _new_session(request: OpenSessionRequest) -> NewSession:
    for field in ("work_queue_names", "capabilities", "labels"):
        if len(getattr(request, field)) > _MOST_NAMES:
            raise InvalidArgument.of(field, f"more than {_MOST_NAMES} entries.")
    if request.slots < 0:
        raise InvalidArgument.of("slots", f"{request.slots} is negative.")
    if request.protocol_version < 0:
        raise InvalidArgument.of("protocol_version", f"{request.protocol_version} is negative.")
    return NewSession(
        worker_name=check_text(request.worker_name, "worker_name", longest=_LONGEST_NAME, required=True),
        work_pool_name=check_text(request.work_pool_name, "work_pool_name", longest=_LONGEST_NAME, required=True),
        work_queue_names=tuple(
            check_text(name, "work_queue_names", longest=_LONGEST_NAME) for name in request.work_queue_names
        ),
        slots=request.slots,
        labels={
            check_text(key, "labels", longest=_LONGEST_NAME): check_text(value, "labels", longest=_LONGEST_NAME)
            for key, value in request.labels.items()
        },
        capabilities=tuple(check_text(name, "capabilities", longest=_LONGEST_NAME) for name in request.capabilities),
        worker_version=check_text(request.version, "version", longest=_LONGEST_NAME),
        protocol_version=request.protocol_version,
    )
