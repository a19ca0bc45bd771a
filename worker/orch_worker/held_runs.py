"""What the worker holds: its attempts, what it was ordered to do with each, and how much room is left."""

import asyncio
from collections.abc import Iterator
from enum import IntEnum

from orch_client.leases import LeaseKey
from orch_proto.v1.lease_pb2 import LEASE_PHASE_STARTING, LeasePhase
from orch_worker.attempt_facts import AttemptFacts


class Order(IntEnum):
    """Why an attempt is to end, the graver the higher: a graver order replaces a lighter one, never the other way."""

    WORKER_STOPS = 1
    """The worker was told to end and not to wait."""
    CANCEL = 2
    """Somebody wants the run to stop."""
    FINISHED = 3
    """The control plane knows the run's end already, most often from the run's own process."""
    LOST = 4
    """The run is somebody else's by now."""
    OVERDUE = 5
    """An exclusive run whose lease may expire before a heartbeat is answered."""


class HeldRun:
    """One attempt that the worker holds."""

    def __init__(self, key: LeaseKey, facts: AttemptFacts) -> None:
        self.key = key
        self.facts = facts
        self.phase: LeasePhase.ValueType = LEASE_PHASE_STARTING
        self.known_phase: LeasePhase.ValueType | None = None
        """The phase that the control plane was last told, and has answered."""
        self.named = True
        """Whether heartbeats name it: until the control plane has said that it is lost or ended."""
        self.order: Order | None = None
        self.why = ""
        """Why it was ordered to end, for people."""
        self._ordered = asyncio.Event()

    @property
    def log_fields(self) -> dict[str, str | int]:
        """What names it in the worker's own log."""
        return {"run": self.key.flow_run_id, "token": self.key.token, "run_name": self.facts.flow_run_name}

    def hear(self, order: Order, *, why: str = "") -> None:
        """Takes an order in, unless a graver one was given."""
        if self.order is None or order > self.order:
            self.order, self.why = order, why
            self._ordered.set()

    async def graver_than(self, known: Order | None) -> Order:
        """Waits for an order that is graver than `known`."""
        while self.order is None or (known is not None and self.order <= known):
            self._ordered.clear()
            await self._ordered.wait()
        return self.order


class HeldRuns:
    """All attempts that the worker holds, and its slots: as many as it may have alive at once."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._runs: dict[LeaseKey, HeldRun] = {}
        self._alive: set[LeaseKey] = set()
        self._changed = asyncio.Event()

    def __iter__(self) -> Iterator[HeldRun]:
        return iter(tuple(self._runs.values()))

    def __len__(self) -> int:
        return len(self._runs)

    def __contains__(self, key: LeaseKey) -> bool:
        return key in self._runs

    @property
    def alive(self) -> int:
        """How many take a slot."""
        return len(self._alive)

    @property
    def free(self) -> int:
        """How many slots are free. Attempts that an earlier worker had started may take more than there are."""
        return max(self.slots - len(self._alive), 0)

    def add(self, run: HeldRun) -> None:
        """A new attempt, which takes a slot."""
        self._runs[run.key] = run
        self._alive.add(run.key)

    def vacate(self, run: HeldRun) -> None:
        """Its process has ended: the slot is free, though the end may not have been reported yet."""
        self._alive.discard(run.key)
        self._changed.set()

    def remove(self, run: HeldRun) -> None:
        """Nothing more is to be done for it."""
        self._runs.pop(run.key, None)
        self.vacate(run)

    async def room(self) -> int:
        """Waits until a slot is free; how many are."""
        while not self.free:
            await self._change()
        return self.free

    async def none_alive(self) -> None:
        """Waits until no slot is taken."""
        while self._alive:
            await self._change()

    async def empty(self) -> None:
        """Waits until nothing is held."""
        while self._runs:
            await self._change()

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()
