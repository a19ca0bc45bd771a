"""Leases as holders use them: each call goes through the lane where such calls share transactions."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from uuid import UUID

from orch_server.application.dispatcher import Acquired, Dispatcher
from orch_server.application.errors import NotFound
from orch_server.application.grants import GrantedLease
from orch_server.application.holders import (
    Adoption,
    Heartbeat,
    HeldLease,
    Reported,
    Synced,
    adopt,
    release,
    report,
    sync,
)
from orch_server.application.lease_rows import Wish
from orch_server.application.ports import Chance, Lane, Store, Turn
from orch_server.application.session_hints import SessionHints
from orch_server.application.telemetry import RUNS_ENDED, Telemetry
from orch_server.domain.leases import next_sync
from orch_server.domain.runs import ReportVerdict, RunReport
from orch_server.domain.states import TERMINAL, StateType
from orch_server.domain.values import value


@value
class HeartbeatAnswer:
    """What a holder hears, and when it should speak next."""

    synced: Synced
    next_sync: timedelta


_MOST_KNOWN = 50_000
"""Sessions whose pool is remembered; many more than live at once, few enough for memory."""


class _Load:
    """How busy the server is, from 0 to 1, by how long heartbeats wait for their answer."""

    _SATURATED_SECONDS = 1.0
    _SHARE_OF_NEWEST = 0.1

    def __init__(self) -> None:
        self._seconds = 0.0

    def served(self, seconds: float) -> None:
        """A heartbeat took this long. A moving average forgets a single slow one."""
        self._seconds += (seconds - self._seconds) * self._SHARE_OF_NEWEST

    @property
    def level(self) -> float:
        """0 for heartbeats answered at once, 1 for those that take a second or more."""
        return min(self._seconds / self._SATURATED_SECONDS, 1.0)


class Leases:
    """The use cases of holders."""

    def __init__(
        self, store: Store, dispatcher: Dispatcher, hints: SessionHints, chance: Chance, telemetry: Telemetry
    ) -> None:
        self._store = store
        self._dispatcher = dispatcher
        self._hints = hints
        self._chance = chance
        self._telemetry = telemetry
        self._load = _Load()
        self._pools: dict[UUID, UUID] = {}
        self._sync: Lane[Heartbeat, Synced] = store.lane(sync, channel="heartbeat")
        self._report: Lane[Sequence[RunReport], list[Reported]] = store.lane(
            partial(report, chance=chance), turn=Turn.REPORT, weigh=len
        )
        self._release: Lane[tuple[Sequence[HeldLease], str], list[Reported]] = store.lane(release, turn=Turn.RELEASE)
        self._adopt: Lane[Adoption, GrantedLease] = store.lane(adopt, turn=Turn.ADOPT)

    async def acquire(self, wish: Wish, *, wait_seconds: float) -> Acquired:
        """Wait for runs. Raises NotFound for a session that is unknown or closed."""
        pool_id = self._pools.get(wish.session_id)
        if pool_id is None:
            session = await self._store.read(lambda tx: tx.sessions.get(wish.session_id))
            if session is None:
                raise NotFound("session", str(wish.session_id), "Open a session first.")
            if len(self._pools) >= _MOST_KNOWN:
                self._pools.clear()
            pool_id = self._pools[wish.session_id] = session.work_pool_id
        acquired = await self._dispatcher.acquire(pool_id, wish, wait_seconds=wait_seconds)
        if acquired.closed:
            await self._refuse_closed(wish.session_id)
        return acquired

    async def _refuse_closed(self, session_id: UUID) -> None:
        """A draining session gets nothing; a closed or unknown one is told so."""
        self._pools.pop(session_id, None)
        session = await self._store.read(lambda tx: tx.sessions.get(session_id))
        if session is None or session.closed:
            raise NotFound("session", str(session_id), "It was closed. Open a new one.")

    async def sync(self, heartbeat: Heartbeat) -> HeartbeatAnswer:
        """Take a heartbeat. Raises NotFound for a session that is unknown or closed."""
        if heartbeat.session_id is not None:
            self._hints.settled(heartbeat.session_id)
        begin = asyncio.get_running_loop().time()
        synced = await self._sync.submit(heartbeat)
        self._load.served(asyncio.get_running_loop().time() - begin)
        return HeartbeatAnswer(synced, self.next_sync(synced.shortest_ttl))

    def next_sync(self, ttl: timedelta) -> timedelta:
        """When a holder of leases of this TTL should speak next."""
        return next_sync(ttl, load=self._load.level, chance=self._chance())

    async def adopt(self, flow_run_id: UUID, token: int, adopter_id: UUID, *, flow_version: str = "") -> GrantedLease:
        """A run's process takes its place as holder. Raises FailedPrecondition and NotFound."""
        return await self._adopt.submit(Adoption(flow_run_id, token, adopter_id, flow_version))

    async def report(self, reports: Sequence[RunReport]) -> list[Reported]:
        """Take reports of states; one verdict each, in their order."""
        return self._count_ended(await self._report.submit(reports))

    async def release(self, leases: Sequence[HeldLease], reason: str) -> list[Reported]:
        """Take work back that has not started; one verdict each, in their order."""
        return self._count_ended(await self._release.submit((leases, reason)))

    def _count_ended(self, answers: list[Reported]) -> list[Reported]:
        ended: dict[StateType, int] = {}
        for answer in answers:
            if answer.verdict == ReportVerdict.ACCEPTED and answer.state in TERMINAL:
                ended[answer.state] = ended.get(answer.state, 0) + 1
        for state, count in ended.items():
            self._telemetry.count(RUNS_ENDED, count, state=state.name)
        return answers
