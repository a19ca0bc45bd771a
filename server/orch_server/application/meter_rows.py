"""The port to what gauges show: how much there is now, counted up to a bound."""

from collections.abc import Mapping, Set
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from orch_server.domain.states import StateType


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """How many runs of a queue are due and wait for a lease."""

    work_pool_name: str
    work_queue_name: str
    runs: int


@dataclass(frozen=True, slots=True)
class HeldLeases:
    """How many leases of a pool there are."""

    work_pool_name: str
    leases: int


@dataclass(frozen=True, slots=True)
class ActiveRuns:
    """How many runs that have not ended are in a state."""

    state: StateType
    runs: int


class MeterRows(Protocol):
    """Numbers for those who watch. Nothing here locks, and nothing is decided by it."""

    def queue_depths(self, *, most: int, queues: int) -> list[QueueDepth]:
        """Every queue's depth, none above `most`; of so many queues, by pool and name."""
        ...

    def held_leases(self, *, most: int) -> list[HeldLeases]:
        """Every pool's leases, `most` of all pools together; under an empty name, those of runs of no pool, if any."""
        ...

    def active_runs(self, *, most: int) -> list[ActiveRuns]:
        """Of every state that is not an end, how many runs are in it, none above `most`."""
        ...

    def pool_names(self, work_pool_ids: Set[UUID]) -> Mapping[UUID, str]:
        """Names of the pools that are there."""
        ...
