"""Long polls for runs: one claim a pool and server, shared out among its waiting workers. Nothing sleeps and polls.

A pool's loop lives while somebody waits. It claims at once when somebody comes or something changes: a run was queued,
a limited slot became free, the next timed run came due.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from uuid import UUID

from orch_server.application.errors import Unavailable
from orch_server.application.grants import GrantedLease, Grants, grant
from orch_server.application.lease_rows import NO_BACKLOG, Wish
from orch_server.application.ports import (
    Lane,
    Store,
    Topic,
    Transaction,
    Turn,
    Wakeups,
    pool_topic,
    session_topic,
    slot_topic,
)
from orch_server.application.session_hints import SessionHints
from orch_server.application.telemetry import LEASES_GRANTED, RUN_LATENESS, SPAN_GRANT, Span, Telemetry
from orch_server.application.waiting import RELOOK_SECONDS, Bell


@dataclass(frozen=True, slots=True)
class Acquired:
    """The answer to a wish: leases, or none where the wait ran out or the session should sync first."""

    leases: tuple[GrantedLease, ...] = ()
    sync_now: bool = False
    closed: bool = False
    """The session is closed, unknown or draining: nothing will be granted to it."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """The wishes of all who wait in one pool."""

    work_pool_id: UUID
    wishes: tuple[Wish, ...]
    weight: int
    """How many runs it may well be granted: no more than there were last time, however many are wished for."""


def _grant_each(tx: Transaction, claims: Sequence[_Claim]) -> list[Grants | Exception]:
    return [grant(tx, claim.work_pool_id, claim.wishes) for claim in claims]


@dataclass(slots=True, eq=False)
class _Waiter:
    wish: Wish
    future: asyncio.Future[Acquired]
    in_claim: bool = False
    looked: bool = False
    """Whether a claim was made for it: even who does not wait at all is looked at once."""
    give_up: bool = False
    sync_now: bool = False

    def settle(self, answer: Acquired) -> None:
        if not self.future.done():
            self.future.set_result(answer)


class Dispatcher:
    """Shares out runs among those who wait for them on this server."""

    def __init__(self, store: Store, wakeups: Wakeups, hints: SessionHints, telemetry: Telemetry) -> None:
        claims: Lane[_Claim, Grants] = store.lane(_grant_each, turn=Turn.GRANT, weigh=lambda claim: claim.weight)
        self._make_pool = partial(_PoolLoop, claims, wakeups, telemetry)
        self._wakeups = wakeups
        self._hints = hints
        self._pools: dict[UUID, _PoolLoop] = {}

    async def acquire(self, work_pool_id: UUID, wish: Wish, *, wait_seconds: float) -> Acquired:
        """Wait for runs of a pool, at most so long. Returns earlier, with none, when the session should sync."""
        if self._wakeups.closing:
            raise Unavailable("This server stops. Ask again.", retry_after_seconds=0.5, reason="SERVER_STOPPING")
        self._hints.watch(wish.session_id)
        if self._hints.due(wish.session_id):
            return Acquired(sync_now=True)
        waiter = _Waiter(wish, asyncio.get_running_loop().create_future())
        pool = self._pools.get(work_pool_id)
        if pool is None:
            pool = self._pools[work_pool_id] = self._make_pool(work_pool_id)
        silence = self._wakeups.listen(session_topic(wish.session_id), partial(pool.dismiss, waiter, sync_now=True))
        timer = asyncio.get_running_loop().call_later(wait_seconds, partial(pool.dismiss, waiter))
        try:
            pool.join(waiter)
            return await waiter.future
        finally:
            silence()
            timer.cancel()
            pool.leave(waiter)

    async def close(self) -> None:
        """Answer everybody with nothing, and stop. Claims under way are finished."""
        for pool in self._pools.values():
            pool.dismiss_all()
        await asyncio.gather(*(pool.stopped() for pool in self._pools.values()))

    def waiting(self) -> int:
        """How many wishes wait."""
        return sum(pool.waiting for pool in self._pools.values())


class _PoolLoop:
    """Those who wait in one pool. Its task runs while there are any."""

    def __init__(
        self, claims: Lane[_Claim, Grants], wakeups: Wakeups, telemetry: Telemetry, work_pool_id: UUID
    ) -> None:
        self._claims = claims
        self._telemetry = telemetry
        self._id = work_pool_id
        self._waiters: dict[_Waiter, None] = {}
        self._backlog = NO_BACKLOG
        self._bell = Bell(wakeups, ())
        self._listen: Callable[[Topic, Callable[[], None]], Callable[[], None]] = wakeups.listen
        self._granted = 1
        """How many runs the last claim brought, or 1."""
        self._freed = False
        """Whether a slot has become free since the last claim began."""
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many wishes wait here."""
        return len(self._waiters)

    def join(self, waiter: _Waiter) -> None:
        """A wish comes: it is looked at at once, or together with others after the claim under way."""
        self._waiters[waiter] = None
        self._bell.ring()
        if self._task is None:
            # It works for all who wait: its spans are not those of the call that happens to be first.
            self._task = asyncio.create_task(self._run(), context=Context())

    def leave(self, waiter: _Waiter) -> None:
        """A wish was answered, or its caller went away."""
        if self._waiters.pop(waiter, waiter) is None and not self._waiters:
            self._bell.ring()

    def dismiss(self, waiter: _Waiter, *, sync_now: bool = False) -> None:
        """Answer with nothing; where a claim is under way for the wish, or none has been yet, with what that brings."""
        if waiter.in_claim or not (waiter.looked or sync_now):
            waiter.give_up = True
            waiter.sync_now |= sync_now
        else:
            waiter.settle(Acquired(sync_now=sync_now))

    def dismiss_all(self) -> None:
        """Answer everybody with nothing."""
        for waiter in list(self._waiters):
            waiter.looked = True
            self.dismiss(waiter)

    async def stopped(self) -> None:
        """Wait until the loop has ended."""
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        silences = [
            self._listen(pool_topic(self._id), self._bell.ring),
            self._listen(slot_topic(self._id), self._slot_freed),
        ]
        try:
            while self._waiters:
                self._bell.reset()
                if not await self._claim() and self._waiters:
                    await self._bell.wait(self._patience())
        except Unavailable:  # the server stops; `close` answers those who wait
            self.dismiss_all()
        finally:
            for silence in silences:
                silence()
            self._task = None

    def _slot_freed(self) -> None:
        self._freed = True
        if self._backlog.blocked:
            self._bell.ring()

    def _patience(self) -> float:
        """How long to wait for a ring: until the next timed run is due, or for the slow look behind the bell."""
        if self._backlog.next_due is None:
            return RELOOK_SECONDS
        return min(max(self._backlog.next_due.total_seconds(), 0.001), RELOOK_SECONDS)

    async def _claim(self) -> bool:
        """One claim for all who wait; whether anybody was answered."""
        batch = [waiter for waiter in self._waiters if not waiter.future.done()]
        if not batch:
            return False
        for waiter in batch:
            waiter.in_claim = True
        self._freed = False
        try:
            with self._telemetry.span(SPAN_GRANT, {"orch.lease.wishes": len(batch)}) as span:
                grants = await self._claims.submit(self._claim_for([waiter.wish for waiter in batch]))
                _note(span, grants)
        except Exception as error:  # whatever it was belongs to the callers
            for waiter in batch:
                self._waiters.pop(waiter, None)
                if not waiter.future.done():
                    waiter.future.set_exception(error)
            return True
        self._backlog = grants.backlog
        if self._freed and grants.backlog.blocked:  # perhaps after the claim had counted
            self._bell.ring()
        return self._answer(batch, grants)

    def _claim_for(self, wishes: list[Wish]) -> _Claim:
        return _Claim(self._id, tuple(wishes), min(sum(wish.limit for wish in wishes), self._granted))

    def _answer(self, batch: list[_Waiter], grants: Grants) -> bool:
        answered = False
        for waiter, leases in zip(batch, grants.answers, strict=True):
            waiter.in_claim = False
            if leases is None or leases or waiter.give_up:
                self._waiters.pop(waiter, None)
                waiter.settle(Acquired(leases or (), sync_now=waiter.sync_now, closed=leases is None))
                self._measure(leases or ())
                answered = True
        self._granted = max(sum(len(leases) for leases in grants.answers if leases), 1)
        return answered

    def _measure(self, leases: tuple[GrantedLease, ...]) -> None:
        if not leases:
            return
        pool = leases[0].run.work_pool_name
        late = [(each.lease.grant_time - each.run.facts.scheduled_time).total_seconds() for each in leases]
        self._telemetry.count(LEASES_GRANTED, len(leases), work_pool=pool)
        self._telemetry.record(RUN_LATENESS, *(max(seconds, 0.0) for seconds in late), work_pool=pool)


def _note(span: Span, grants: Grants) -> None:
    """What came of a claim. Its pool is known by name once a run is."""
    leases = [lease for leases in grants.answers if leases for lease in leases]
    span.set("orch.lease.granted", len(leases))
    if leases:
        span.set("work_pool", leases[0].run.work_pool_name)
