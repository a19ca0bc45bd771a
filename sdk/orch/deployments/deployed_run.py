"""A run of a deployment: as it is asked for, and as it is then."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from orch.context import FlowRunContext, TaskRunContext
from orch.states import State, StateType


@dataclass(frozen=True, slots=True)
class DeployedRun:
    """A run of a deployment, as it was when it was last looked at."""

    id: str
    name: str
    flow_name: str
    deployment_id: str
    deployment_version: int
    state: State[Any]
    """Where it stands: `state.result()` is its result, or raises what went wrong."""
    parameters: Mapping[str, Any]
    tags: tuple[str, ...]
    created: datetime
    start_time: datetime | None = None
    end_time: datetime | None = None

    @property
    def state_type(self) -> StateType:
        """The type of its state."""
        return self.state.type

    @property
    def state_name(self) -> str:
        """The name of its state."""
        return self.state.name


@dataclass(frozen=True, slots=True)
class Wanted:
    """The run that is asked for."""

    deployment: str
    """"flow/name", or an id."""
    parameters_json: str
    scheduled_time: datetime | None
    flow_run_name: str
    timeout_seconds: float | None
    tags: tuple[str, ...]
    idempotency_key: str
    work_queue_name: str
    job_variables_json: str
    parent: "Parent | None" = None


@dataclass(frozen=True, slots=True)
class Parent:
    """The run that asks for it."""

    flow: FlowRunContext
    task: TaskRunContext
    key: str
    """Names the call in every attempt of a durable flow, so that the attempt after a crash finds what this one has
    started; empty: the flow is not durable, or its author gives a key.
    """
