"""Runs that processes run themselves, without pool and worker: started, and taken up again."""

from collections.abc import Sequence
from typing import Generic, TypeVar

from orch_server.application.errors import OrchError
from orch_server.application.flows import KnownFlows
from orch_server.application.grants import GrantedLease
from orch_server.application.ports import Ids, Lane, Store, Transaction, Turn
from orch_server.application.replies import A, Reply, once, once_each
from orch_server.application.resuming import Resumption, resume_run
from orch_server.application.starting import NewProcessRun, start
from orch_server.application.telemetry import LEASES_GRANTED, RUNS_CREATED, Telemetry
from orch_server.domain.values import value

B = TypeVar("B")

_NO_POOL = ""
"""What metrics by pool call it."""


@value
class Start(Generic[A]):
    """One process's run, and how it wants to be answered."""

    new: NewProcessRun
    reply: Reply[GrantedLease, A]


class ProcessRuns(Generic[A]):
    """The use cases of runs of no pool. `A` is what callers that start one are answered with."""

    def __init__(self, store: Store, ids: Ids, telemetry: Telemetry) -> None:
        self._store = store
        self._ids = ids
        self._telemetry = telemetry
        self._flows = KnownFlows()
        self._lane: Lane[Start[A], A] = store.lane(self._start_each, turn=Turn.START)

    async def start(self, wish: Start[A]) -> A:
        """Create a run, leased and RUNNING. A run that this holder had started before is the answer to a repeat.

        Raises NotFound for an unknown parent, AlreadyExists for an id that another process used, and
        FailedPrecondition for a lost parent (LEASE_LOST), or where a repeat comes too late (LEASE_LOST, RUN_ENDED).
        """
        return await self._lane.submit(wish)

    async def resume(self, wish: Resumption, reply: Reply[GrantedLease, B]) -> B:
        """Take a run up again, under a new token. Raises as `resume_run`."""

        def work(tx: Transaction) -> GrantedLease:
            granted = resume_run(tx, wish)
            self._telemetry.count(LEASES_GRANTED, 1, work_pool=_NO_POOL)
            return granted

        return await self._store.write(lambda tx: once(tx, reply, lambda: work(tx)))

    def _start_each(self, tx: Transaction, wishes: Sequence[Start[A]]) -> list[A | Exception]:
        def work(places: Sequence[int]) -> Sequence[GrantedLease | OrchError]:
            started = start(tx, self._ids, self._flows, [wishes[place].new for place in places])
            if started.created:
                self._telemetry.count(RUNS_CREATED, started.created)
                self._telemetry.count(LEASES_GRANTED, started.created, work_pool=_NO_POOL)
            return started.outcomes

        return once_each(tx, [each.reply for each in wishes], work)
