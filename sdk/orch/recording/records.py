"""What the engine hands to the recorder: runs as they are now, and lines of their logs.

Records are mutable and shared: the engine changes them, the courier reads them when it makes its messages. What must
fit together in one message (state, version, attempt) travels beside the record, in the call.
"""

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from orch.results.stored import StoredResult
    from orch.states import State


class Verdict(Enum):
    """What the control plane says of a run that is held here."""

    CANCEL = "cancel"
    PAUSE = "pause"
    LOST = "lost"
    FINISHED = "finished"


class ResumeFrom(NamedTuple):
    """How a run is taken up again: under the token that its last holder had."""

    token: int
    take_over: bool
    """The last holder is known to be dead, though its lease may still live."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Where a run comes from that a worker was granted, as the control plane has it. Its subflows have the same."""

    flow_run_id: str
    """The run that was granted."""
    parameters_json: str = "{}"
    deployment_id: str = ""
    """Empty: it was made from a flow's name."""
    deployment_name: str = ""
    deployment_version: int = 0
    work_pool_name: str = ""
    work_queue_name: str = ""
    parent_flow_run_id: str = ""
    """The run in another process that asked for this one, where one did."""
    scheduled_ns: int = 0
    """When it was to start: nanoseconds since 1970."""


@dataclass(slots=True, eq=False)
class FlowRunRecord:
    """A flow run that this process holds."""

    id: str
    """UUID of version 7."""
    name: str
    flow_name: str
    flow_version: str = ""
    parameters_json: str = "{}"
    tags: tuple[str, ...] = ()
    parent: "FlowRunRecord | None" = None
    parent_task_run_id: str = ""
    durable: bool = False
    crash_restarts: int = 0
    exclusive: bool = False
    start_ns: int = 0
    """When it began: nanoseconds since 1970 by this machine's clock."""
    traceparent: str = ""
    resume_from: ResumeFrom | None = None
    adopted_token: int = 0
    """The token of a lease that a worker was granted for this run; 0 where this process starts the run itself."""
    adopter_id: str = ""
    """This process's name in the adopted lease."""
    grant: Grant | None = None
    """Of a run that a worker was granted, once its lease is adopted, and of its subflows."""
    token: int = 0
    """The fencing token; 0 until the control plane has granted the run."""
    on_verdict: "Callable[[Verdict, str], None] | None" = None
    """Called in the courier's thread with a verdict and its message."""
    heard: "list[tuple[Verdict, str]]" = field(default_factory=list)
    """All verdicts so far: an adopted run may hear some before there is anything of it that could be stopped."""
    state: "State[Any] | None" = None
    attempt: int = 0
    """Which attempt of this process is the newest, from 1: raised by the flow's own retries."""
    parameters: "dict[str, object]" = field(default_factory=dict)

    @property
    def run_count(self) -> int:
        """How often its code was begun."""
        return self.attempt


@dataclass(slots=True, eq=False)
class TaskRunRecord:
    """A task run of a flow run that this process holds."""

    id: str
    flow_run: FlowRunRecord
    name: str
    task_key: str
    dynamic_key: str
    tags: tuple[str, ...] = ()
    upstream_ids: tuple[str, ...] = ()
    cache_key: str = ""
    child_flow_run_id: str = ""
    create_ns: int = 0
    start_ns: int = 0
    end_ns: int = 0
    attempt: int = 0
    version: int = 0
    state: "State[Any] | None" = None
    result: "StoredResult | None" = None

    @property
    def run_count(self) -> int:
        """How often its code was begun."""
        return self.attempt


class LogLine(NamedTuple):
    """One line of a run's log."""

    flow_run: FlowRunRecord
    task_run_id: str
    """Empty: the flow run itself."""
    time_ns: int
    level: int
    """Python's numbers."""
    logger: str
    message: str
    trace_id: str = ""
    span_id: str = ""
