"""The heartbeat: names all that the worker holds, hears a verdict on each, and passes it on as an order."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from orch_client.async_client import AsyncClient
from orch_client.errors import NotFoundError
from orch_client.leases import LeaseKeeper, LeaseKey
from orch_proto.v1.lease_pb2 import (
    LEASE_VERDICT_CANCEL,
    LEASE_VERDICT_FINISHED,
    LEASE_VERDICT_LOST,
    LeaseVerdict,
)
from orch_proto.v1.lease_service_pb2 import HeldLease, SyncedLease, SyncLeasesRequest, SyncLeasesResponse
from orch_worker.held_runs import HeldRun, HeldRuns, Order
from orch_worker.lifecycle import Lifecycle
from orch_worker.meters import SYNC_DURATION, SYNCS_UNANSWERED, Telemetry
from orch_worker.patience import PASSING, Contact
from orch_worker.sessions import Sessions

logger = logging.getLogger(__name__)

# asyncio's clock stands still while the machine sleeps: nobody waits for longer than this without looking at ours.
_LONGEST_WAIT_SECONDS = 1.0
# A call takes at most this share of the time that a lease lasts, so that there is time for another.
_CALL_SHARE = 0.25
_SHORTEST_CALL_SECONDS = 1.0

_ORDERS: dict[LeaseVerdict.ValueType, Order] = {
    LEASE_VERDICT_CANCEL: Order.CANCEL,
    LEASE_VERDICT_FINISHED: Order.FINISHED,
    LEASE_VERDICT_LOST: Order.LOST,
}
"""What a verdict orders; others, known or not, order nothing. A pause is heard by the run's own process."""


@dataclass(frozen=True, slots=True)
class LastSync:
    """The newest heartbeat that was answered."""

    at: float
    ttl_seconds: float


class Heartbeat:
    """Keeps the leases. One loop, `keep`; all else may be called from anywhere in the same event loop."""

    def __init__(
        self,
        client: AsyncClient,
        contact: Contact,
        sessions: Sessions,
        runs: HeldRuns,
        lifecycle: Lifecycle,
        *,
        clock: Callable[[], float],
        telemetry: Telemetry,
        tell: Callable[[str], None],
    ) -> None:
        """`tell` is called with the id of a run that has new orders."""
        self._client = client
        self._contact = contact
        self._sessions = sessions
        self._runs = runs
        self._lifecycle = lifecycle
        self._clock = clock
        self._telemetry = telemetry
        self._tell = tell
        session = sessions.current
        self._keeper = LeaseKeeper(next_sync_at=session.sent_at + session.next_sync_seconds, margin=None)
        self._sooner_at = float("inf")
        self._wake = asyncio.Event()
        self._sent = 0
        self._answered_number = 0
        self._answered = asyncio.Event()
        self.last = LastSync(session.sent_at, session.ttl_seconds)

    def hold(self, run: HeldRun, *, sent_at: float, ttl_seconds: float) -> None:
        """Takes a lease in. `sent_at`: when the call was sent that brought it."""
        self._keeper.hold(run.key, sent_at=sent_at, ttl_seconds=ttl_seconds)
        # What was said before this lease came was said without it (docs/worker_protocol.md).
        self.sync_within(ttl_seconds / 3)

    def drop(self, key: LeaseKey) -> None:
        """Forgets a lease that is lost, released or reported."""
        self._keeper.drop(key)

    def sync_within(self, seconds: float = 0.0) -> None:
        """The next heartbeat goes out within this time."""
        self._sooner_at = min(self._sooner_at, self._clock() + seconds)
        self._wake.set()

    async def settled(self, *, within_seconds: float = 0.0) -> None:
        """Waits until a heartbeat that was sent after this call has been answered."""
        number = self._sent + 1
        self.sync_within(within_seconds)
        while self._answered_number < number:
            await self._answered.wait()

    async def sure_of(self, run: HeldRun) -> bool:
        """Waits until it is certain that the lease is held now, in this phase as far as the control plane knows; False
        where it is not held (any more)."""
        while run.named and (clock := self._keeper.held.get(run.key)) is not None:
            if run.known_phase == run.phase and clock.may_go_on(self._clock()):
                return True
            await self.settled()
        return False

    async def overdue(self, run: HeldRun) -> float:
        """Waits until an exclusive run must have stopped, since no heartbeat was answered for so long; returns by how
        much that comes too late: after this process was halted, or slept with its machine.
        """
        while (clock := self._keeper.held.get(run.key)) is not None:
            left = clock.must_stop_at - self._clock()
            if left <= 0:
                return -left
            await asyncio.sleep(min(left, _LONGEST_WAIT_SECONDS / 4))
        never: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        return await never

    async def keep(self) -> None:
        """Sends heartbeats, for ever."""
        while True:
            await self._due()
            await self.sync()

    async def _due(self) -> None:
        while (left := min(self._keeper.next_sync_at, self._sooner_at) - self._clock()) > 0:
            self._wake.clear()
            try:
                async with asyncio.timeout(min(left, _LONGEST_WAIT_SECONDS)):
                    await self._wake.wait()
            except TimeoutError:
                continue

    async def sync(self) -> bool:
        """Send one heartbeat; whether it was answered. Opens a new session where this one is gone."""
        self._sooner_at = float("inf")
        self._sent += 1
        number, sent_at, session = self._sent, self._clock(), self._sessions.current
        named = self._to_name()
        request = SyncLeasesRequest(
            session_id=session.id,
            held=[HeldLease(flow_run_id=run.key.flow_run_id, token=run.key.token, phase=run.phase) for run in named],
            draining=self._lifecycle.draining.is_set(),
        )
        try:
            answer = await self._client.leases.SyncLeases(request, timeout=self._call_seconds())
        except PASSING as error:
            self._contact.failed("SyncLeases", error)
            self._telemetry.count(SYNCS_UNANSWERED)
            self._keeper.unanswered(now=self._clock())
            return False
        except NotFoundError:
            await self._sessions.replace(session.id)
            self.sync_within(0.0)
            return False
        self._contact.answered("SyncLeases")
        self._telemetry.record(SYNC_DURATION, self._clock() - sent_at)
        self._hear(named, request, answer, sent_at=sent_at)
        self._answered_number = number
        self._answered.set()
        self._answered = asyncio.Event()
        return True

    def _to_name(self) -> list[HeldRun]:
        """One attempt of each run, the newest: whoever was granted a run again has lost the attempt before, and may
        know it before any heartbeat says so (the worker was cut off, its lease expired, and it asked for more first).
        """
        newest: dict[str, int] = {}
        for run in self._runs:
            if run.named:
                newest[run.key.flow_run_id] = max(run.key.token, newest.get(run.key.flow_run_id, 0))
        for run in self._runs:
            if run.named and run.key.token < newest[run.key.flow_run_id]:
                self._order(run, Order.LOST, why="The run was granted to this worker again.")
        return [run for run in self._runs if run.named]

    def _call_seconds(self) -> float:
        return max(_CALL_SHARE * self.last.ttl_seconds, _SHORTEST_CALL_SECONDS)

    def _hear(
        self, named: list[HeldRun], request: SyncLeasesRequest, answer: SyncLeasesResponse, *, sent_at: float
    ) -> None:
        verdicts = {LeaseKey(each.flow_run_id, each.token): each for each in answer.leases}
        renewed = [(key, ttl) for key, each in verdicts.items() if (ttl := each.ttl.ToTimedelta().total_seconds()) > 0]
        self._keeper.synced(
            sent_at=sent_at, next_sync_seconds=answer.next_sync.ToTimedelta().total_seconds(), ttls=renewed
        )
        for run, said in zip(named, request.held, strict=True):
            if (verdict := verdicts.get(run.key)) is not None:
                run.known_phase = said.phase
                self._pass_on(run, verdict)
        self.last = LastSync(sent_at, min((ttl for _, ttl in renewed), default=self._sessions.current.ttl_seconds))
        if answer.drain and not self._lifecycle.draining.is_set():
            self._lifecycle.drain(why="the control plane asked for it")

    def _pass_on(self, run: HeldRun, verdict: SyncedLease) -> None:
        order = _ORDERS.get(verdict.verdict)
        if order is not None:
            self._order(run, order, why=verdict.message)

    def _order(self, run: HeldRun, order: Order, *, why: str) -> None:
        if order in {Order.FINISHED, Order.LOST}:
            run.named = False
            self._keeper.drop(run.key)
        logger.debug("verdict", extra={"run": run.key.flow_run_id, "order": order.name, "cause": why})
        run.hear(order, why=why)
        self._tell(run.key.flow_run_id)
