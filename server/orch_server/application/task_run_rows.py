"""The port to task runs in the store."""

from collections.abc import Mapping, Sequence
from typing import Protocol
from uuid import UUID

from orch_server.application.fence_rows import Fence
from orch_server.domain.states import StateChange, StateType
from orch_server.domain.task_runs import TaskRun, TaskRunStanding


class TaskRunRows(Protocol):
    """Task runs and their histories. Whoever writes holds their flow run's fence."""

    def hold(
        self, flow_run_ids: Sequence[UUID], ids: Sequence[UUID]
    ) -> tuple[dict[UUID, Fence], dict[UUID, TaskRunStanding]]:
        """Where flow runs stand, kept so (`FenceRows.hold`), and what is known of task runs; in one look if it may be.

        What is not there is left out. In a first try writers of the same run wait for each other only with their
        writes, each of which must have a guard of its own. Where a grant came before the write, nothing is written,
        and the use case runs again.
        """
        ...

    def expect_new(self, tokens: Mapping[UUID, int], ids: Sequence[UUID]) -> bool:
        """Instead of `hold`, take for granted that these are the newest tokens of flow runs that are not SCHEDULED, and
        that nothing is known of these task runs. False where that may not be, and `hold` must look.

        Where it turns out not to be so, nothing is written, and the use case runs again. So something must be written,
        for each of the flow runs.
        """
        ...

    def put(self, runs: Sequence[TaskRun]) -> None:
        """Insert task runs, or write them over what is stored, each id once.

        Guarded in the statement: only over a lower version, only of the same flow run, and over an end only with the
        same state or a new attempt.
        """
        ...

    def add_states(self, changes: Sequence[tuple[UUID, StateChange]]) -> None:
        """Add to histories what is not there yet."""
        ...

    def get(self, task_run_id: UUID) -> TaskRun | None:
        """One task run."""
        ...

    def page(
        self,
        flow_run_id: UUID,
        *,
        state_types: Sequence[StateType],
        after: UUID | None,
        limit: int,
        changed_after: int | None = None,
    ) -> list[TaskRun]:
        """A flow run's task runs in the order of their ids, past `after`; without their results' bytes.

        changed_after: only those that have changed after the change of this number.
        """
        ...

    def newest_change(self, flow_run_id: UUID, *, after: int) -> int | None:
        """The number of the last change of a flow run's task runs; None where there was none after that one.

        Whoever has seen a change has seen all of the flow run's that have lower numbers.
        """
        ...

    def result_sizes(self, ids: Sequence[UUID]) -> dict[UUID, int]:
        """How many bytes of results are stored with these task runs; those without are left out."""
        ...

    def result_data(self, ids: Sequence[UUID]) -> dict[UUID, bytes]:
        """The bytes of results that are stored with these task runs."""
        ...

    def supersede(self, first: TaskRun) -> None:
        """Mark a task run, and those of its flow run that were created at the same time or later, as superseded."""
        ...

    def states(self, task_run_id: UUID, *, after_version: int, limit: int) -> list[StateChange]:
        """A task run's history, oldest first, past a version."""
        ...
