"""The worker's session with the control plane: opened at the start, opened anew where it is gone."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from orch_client.async_client import AsyncClient
from orch_client.errors import FailedPreconditionError, NotFoundError
from orch_proto.v1.worker_service_pb2 import CloseSessionRequest, OpenSessionRequest
from orch_worker.errors import StartupError
from orch_worker.patience import Contact

logger = logging.getLogger(__name__)

PROTOCOL_VERSION = 1
"""Of the worker protocol that this worker speaks."""
CAPABILITIES = ("cancel", "logs", "adopt")
_CLOSING_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class WorkerIdentity:
    """How the worker introduces itself."""

    name: str
    pool: str
    queues: tuple[str, ...]
    slots: int
    labels: Mapping[str, str]
    version: str


@dataclass(frozen=True, slots=True)
class Session:
    """An open session."""

    id: str
    sent_at: float
    """When it was asked for, on the holder's clock."""
    next_sync_seconds: float
    ttl_seconds: float
    job_template_json: str


class Sessions:
    """The session that is open now."""

    def __init__(
        self, client: AsyncClient, contact: Contact, identity: WorkerIdentity, clock: Callable[[], float]
    ) -> None:
        self._client = client
        self._contact = contact
        self._identity = identity
        self._clock = clock
        self._current: Session | None = None
        self._opening = asyncio.Lock()

    @property
    def current(self) -> Session:
        """The open session."""
        if self._current is None:
            raise RuntimeError("No session was opened.")
        return self._current

    async def open(self) -> Session:
        """Open a session. Raises StartupError where pool, queue or protocol do not fit."""
        self._current = await self._open()
        logger.info("session opened", extra={"session": self._current.id, "pool": self._identity.pool})
        return self._current

    async def replace(self, gone: str) -> Session:
        """A new session in place of one that the control plane does not know any more; asked by several, one."""
        async with self._opening:
            if self.current.id == gone:
                logger.warning("the session is gone; opening a new one", extra={"session": gone})
                await self.open()
            return self.current

    async def close(self, session_id: str) -> None:
        """End a session. What it holds and nobody has started goes back to its queue."""
        try:
            request = CloseSessionRequest(session_id=session_id)
            async with asyncio.timeout(_CLOSING_SECONDS):
                await self._contact.patiently("CloseSession", lambda: self._client.workers.CloseSession(request))
        except NotFoundError:
            logger.debug("the session was gone", extra={"session": session_id})
        except TimeoutError:
            logger.warning("the session could not be closed; it will lapse", extra={"session": session_id})

    async def _open(self) -> Session:
        who = self._identity
        request = OpenSessionRequest(
            worker_name=who.name,
            work_pool_name=who.pool,
            work_queue_names=who.queues,
            slots=who.slots,
            labels=who.labels,
            capabilities=CAPABILITIES,
            version=who.version,
            protocol_version=PROTOCOL_VERSION,
        )
        sent_at = self._clock()

        async def call() -> Session:
            nonlocal sent_at
            sent_at = self._clock()
            opened = await self._client.workers.OpenSession(request)
            return Session(
                id=opened.session_id,
                sent_at=sent_at,
                next_sync_seconds=opened.next_sync.ToTimedelta().total_seconds(),
                ttl_seconds=opened.lease_ttl.ToTimedelta().total_seconds(),
                job_template_json=opened.job_template_json,
            )

        try:
            return await self._contact.patiently("OpenSession", call)
        except (NotFoundError, FailedPreconditionError) as error:
            # The pool or a queue is gone, or this worker's protocol is not spoken.
            raise StartupError(error.message) from error
