"""A flow run as a whole: what decisions look at, and what it merely carries."""

from datetime import datetime
from uuid import UUID

from orch_server.domain.leases import ProcessHolder
from orch_server.domain.results import Result
from orch_server.domain.runs import RunFacts
from orch_server.domain.values import value


@value
class TraceContext:
    """W3C trace context of whoever asked for the run; empty texts where there was none."""

    traceparent: str = ""
    tracestate: str = ""


NO_TRACE = TraceContext()


@value
class FlowRun:
    """One run of a flow. `facts` is what changes and what decisions are made on; the rest is carried along.

    `parameters` and `job_variables` are JSON objects as text. `work_pool_name` and `work_queue_name` are empty where
    the pool has been deleted since, and for a run that its own process started.
    """

    facts: RunFacts
    name: str
    flow_id: UUID
    flow_name: str
    deployment_id: UUID | None
    deployment_version: int
    work_queue_id: UUID | None
    work_pool_name: str
    work_queue_name: str
    parameters: str
    job_variables: str
    tags: tuple[str, ...]
    idempotency_key: str
    parent_flow_run_id: UUID | None
    parent_task_run_id: UUID | None
    schedule_id: UUID | None
    nominal_time: datetime | None
    waits_for_schedule: bool
    """It may start only when every earlier run of its schedule has ended (overlap policies QUEUE and CANCEL_OLD)."""
    trace: TraceContext
    create_time: datetime
    update_time: datetime
    result: Result | None = None
    flow_version: str = ""
    """The version of the flow's code, as its author names it."""
    holder: ProcessHolder | None = None
    """The process that holds the run without a worker, or held it last; None for a run of a pool."""
    deployment_name: str = ""
    """Empty without a deployment, and where it has been deleted since."""

    @property
    def id(self) -> UUID:
        """Its id."""
        return self.facts.id


@value
class FlowRunFilter:
    """Conditions that must all hold; an empty one holds always. Types and names of states are one condition."""

    flow_names: tuple[str, ...] = ()
    deployment_ids: tuple[UUID, ...] = ()
    state_types: tuple[int, ...] = ()
    state_names: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    name_prefix: str = ""
    work_pool_names: tuple[str, ...] = ()
    parent_flow_run_id: UUID | None = None
    schedule_id: UUID | None = None
    create_time_from: datetime | None = None
    create_time_to: datetime | None = None
    ids: tuple[UUID, ...] = ()
