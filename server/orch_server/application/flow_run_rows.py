"""The port to flow runs in the store: one method an intention, its guard inside the statement."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from orch_server.application.run_counts import Buckets, RunCount
from orch_server.domain.flow_runs import FlowRun, FlowRunFilter
from orch_server.domain.leases import Lease, ProcessHolder
from orch_server.domain.results import Result
from orch_server.domain.runs import RunFacts
from orch_server.domain.states import StateChange, StateType
from orch_server.domain.values import value


@value
class Change:
    """What is to be written of one locked run: what it was, and all that it passed through; the last is what it is."""

    before: RunFacts
    passed: tuple[RunFacts, ...]

    @property
    def after(self) -> RunFacts:
        """What the run is from now on."""
        return self.passed[-1]


class FlowRunRows(Protocol):
    """Flow runs, their results, tags and histories."""

    def add(self, runs: Sequence[FlowRun], *, granted: Sequence[Lease] = ()) -> None:
        """Insert new runs with their tags and first states, and in the same statement leases of some of them."""
        ...

    def find_by_key(self, keys: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], UUID]:
        """Runs by idempotency scope (a deployment's or flow's id) and key."""
        ...

    def get(self, ids: Sequence[UUID]) -> dict[UUID, FlowRun]:
        """Whole runs by id; those that are not there are left out."""
        ...

    def page(self, run_filter: FlowRunFilter, *, before: UUID | None, limit: int) -> list[FlowRun]:
        """Runs that match, newest first, older than `before`, at most `limit`; without their results' bytes."""
        ...

    def upcoming(self, run_filter: FlowRunFilter, *, after: tuple[datetime, UUID] | None, limit: int) -> list[FlowRun]:
        """Runs that match in the order of the times at which they may start, past a time and id, at most `limit`."""
        ...

    def count(self, run_filter: FlowRunFilter, *, buckets: Buckets | None, most: int) -> list[RunCount]:
        """How many runs match, the newest `most` of them. No run that matches was created before the buckets."""
        ...

    def lock(self, ids: Sequence[UUID], *, skip_locked: bool = False) -> dict[UUID, RunFacts]:
        """Lock runs in the order of their ids and return what decisions need; absent ones are left out."""
        ...

    def hold(self, ids: Sequence[UUID]) -> dict[UUID, RunFacts]:
        """The same for those who write only runs, what is new, and what the runs themselves guard: in a first try they
        are not locked. Where one has changed before the write, nothing is written, and the use case runs again.
        """
        ...

    def change(self, changes: Sequence[Change], *, granted: Sequence[Lease] = (), ended: Sequence[UUID] = ()) -> None:
        """Write locked runs, each guarded by the token and version of `before`, and add what they passed through to
        their histories. In the same statement insert `granted` leases, and end those of the runs in `ended`.

        Raises RuntimeError, which rolls everything back, where a guard does not hold.
        """
        ...

    def set_results(self, results: Sequence[tuple[UUID, Result]]) -> None:
        """Store what runs returned, over what they returned before."""
        ...

    def state_types(self, ids: Sequence[UUID]) -> dict[UUID, tuple[StateType, int]]:
        """State type and newest token of runs, without locking them."""
        ...

    def states(self, run_id: UUID, *, after_version: int, limit: int) -> list[StateChange]:
        """A run's history, oldest first, past a version."""
        ...

    def set_holder(self, run_id: UUID, holder: ProcessHolder, *, flow_version: str) -> None:
        """Another process holds a locked run of no pool from now on, and runs this version of its flow."""
        ...

    def set_flow_version(self, run_id: UUID, flow_version: str) -> None:
        """A locked run's process runs this version of its flow."""
        ...

    def rename(self, run_id: UUID, *, name: str, tags: Sequence[str], version: int) -> bool:
        """Set a run's name and tags where it still has this version; False where not."""
        ...

    def delete(self, ids: Sequence[UUID]) -> None:
        """Delete runs that have ended, with all that belongs to them."""
        ...
