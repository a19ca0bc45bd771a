"""Task runs: one execution of a task inside a flow run, as its flow run's process reports it."""

from datetime import datetime
from uuid import UUID

from orch_server.domain.results import Result
from orch_server.domain.states import TERMINAL, State, StateChange, StateType
from orch_server.domain.values import value


@value
class TaskRun:
    """One run of a task. `version` is the reporter's own count, from 1, rising with every change."""

    id: UUID
    flow_run_id: UUID
    name: str
    task_key: str
    dynamic_key: str
    state: State
    attempt: int
    tags: tuple[str, ...]
    upstream_task_run_ids: tuple[UUID, ...]
    cache_key: str
    result: Result | None
    child_flow_run_id: UUID | None
    create_time: datetime
    start_time: datetime | None
    end_time: datetime | None
    version: int
    superseded: bool = False
    """A rerun was asked for from here or from before: its result is no checkpoint. Reports do not change it."""


@value
class TaskRunReport:
    """News of a task run: as it is now, and the states since the report before, oldest first."""

    task_run: TaskRun
    changes: tuple[StateChange, ...]

    @property
    def is_first(self) -> bool:
        """Whether it tells of the task run's first state, as the first news of it does."""
        return bool(self.changes) and self.changes[0].version == 1


@value
class TaskRunStanding:
    """What is known of a task run when news of it comes."""

    flow_run_id: UUID
    state: StateType
    attempt: int
    version: int

    @classmethod
    def of(cls, run: TaskRun) -> "TaskRunStanding":
        """The standing of a task run."""
        return cls(run.flow_run_id, run.state.type, run.attempt, run.version)


def revives(stored: TaskRunStanding, reported: TaskRun) -> bool:
    """Whether news wants a task run out of its end without a new attempt. Ends absorb: such a report is dropped."""
    leaves_end = stored.state in TERMINAL and reported.state.type != stored.state
    return leaves_end and reported.version > stored.version and reported.attempt <= stored.attempt


def supersedes(stored: TaskRunStanding | None, reported: TaskRun) -> bool:
    """Whether a report changes what is stored: it is newer, and does not revive what has ended."""
    return stored is None or (reported.version > stored.version and not revives(stored, reported))
