"""Asks for runs: a long poll, as long as slots are free and the worker does not drain."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from uuid import uuid4

from google.protobuf.duration_pb2 import Duration

from orch_client.async_client import AsyncClient
from orch_client.errors import NotFoundError, OrchClientError
from orch_client.leases import LeaseKey
from orch_proto.v1.lease_pb2 import LEASE_PHASE_STARTING, Lease
from orch_proto.v1.lease_service_pb2 import AcquireLeasesRequest, AcquireLeasesResponse
from orch_worker.heartbeat import Heartbeat
from orch_worker.held_runs import HeldRuns
from orch_worker.lifecycle import Lifecycle
from orch_worker.patience import Contact
from orch_worker.racing import unless
from orch_worker.reporting import Reporter
from orch_worker.resting import Rest
from orch_worker.sessions import Sessions
from orch_worker.supervising import Supervision

logger = logging.getLogger(__name__)

_WAIT_SECONDS = 30
_MOST_LEASES = 1000
_DRAIN_SECONDS = 2.0
"""A poll under way when the worker drains is ended by the control plane, once a heartbeat has told it; or else given up
after this time. What it grants nevertheless goes back to its queue with the session."""


class Acquirer:
    """Fills the slots."""

    def __init__(
        self,
        client: AsyncClient,
        contact: Contact,
        *,
        sessions: Sessions,
        runs: HeldRuns,
        heartbeat: Heartbeat,
        reporter: Reporter,
        supervision: Supervision,
        rest: Rest,
        lifecycle: Lifecycle,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._contact = contact
        self._sessions = sessions
        self._runs = runs
        self._heartbeat = heartbeat
        self._reporter = reporter
        self._supervision = supervision
        self._rest = rest
        self._lifecycle = lifecycle
        self._clock = clock

    async def acquire(self) -> None:
        """Takes runs until the worker drains."""
        while not self._lifecycle.draining.is_set():
            room = await unless(self._lifecycle.draining.wait(), self._room())
            if room:
                await unless(self._lifecycle.draining.wait(), self._poll(room), patience_seconds=_DRAIN_SECONDS)

    async def _room(self) -> int:
        """Waits until something may be taken; how much."""
        await self._rest.over()
        room = await self._runs.room()
        return self._rest.admitted(room)

    async def _poll(self, room: int) -> None:
        session = self._sessions.current
        wish = AcquireLeasesRequest(
            session_id=session.id,
            request_id=str(uuid4()),
            max_leases=min(room, _MOST_LEASES),
            wait=Duration(seconds=_WAIT_SECONDS),
        )
        sent_at = self._clock()

        async def ask() -> AcquireLeasesResponse:
            nonlocal sent_at
            sent_at = self._clock()
            return await self._client.leases.AcquireLeases(wish)

        try:
            answer = await self._contact.patiently("AcquireLeases", ask)
        except NotFoundError:
            await self._sessions.replace(session.id)
            self._heartbeat.sync_within()
            return
        await self._hear(answer, sent_at=sent_at)

    async def _hear(self, answer: AcquireLeasesResponse, *, sent_at: float) -> None:
        if answer.sync_now:
            self._heartbeat.sync_within()
        if answer.drain:
            self._lifecycle.drain(why="the control plane asked for it")
        if self._lifecycle.draining.is_set():
            await self._release(answer.leases, why="Its worker drains.")
            return
        taken = self._rest.admitted(len(answer.leases))
        for lease in answer.leases[:taken]:
            self._supervision.take(lease, sent_at=sent_at)
        # They were asked for before a launch failed.
        await self._release(answer.leases[taken:], why=f"Its worker cannot launch anything now: {self._rest.why}")
        if answer.sync_now and not answer.leases:
            # The next poll would be answered in the same way until the heartbeat was heard.
            await self._heartbeat.settled()

    async def _release(self, leases: Iterable[Lease], *, why: str) -> None:
        await asyncio.gather(*(self._release_one(lease, why=why) for lease in leases))

    async def _release_one(self, lease: Lease, *, why: str) -> None:
        key = LeaseKey(lease.flow_run_id, lease.token)
        with suppress(OrchClientError):  # It goes back with the session.
            await self._reporter.release(key, LEASE_PHASE_STARTING, why=why)
