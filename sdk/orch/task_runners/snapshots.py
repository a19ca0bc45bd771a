"""The runs around a task, as its process sees them."""

from dataclasses import dataclass, replace
from typing import Any

from orch.context import (
    FlowRunContext,
    TaskRunContext,
    current_tags,
    flow_run_context,
    task_run_context,
)
from orch.errors import ProcessTransferError
from orch.recording.records import FlowRunRecord, TaskRunRecord
from orch.task_runners.shipping import pack, unpack


@dataclass(frozen=True, slots=True)
class FlowSnapshot:
    """A flow run. Sent to a process once."""

    flow: Any
    record: FlowRunRecord
    parameters: dict[str, bytes]
    """Those that can be sent, each as bytes."""
    log_prints: bool
    has_checkpoints: bool

    @staticmethod
    def of(context: FlowRunContext) -> "FlowSnapshot":
        """Of a flow run that goes on here."""
        return FlowSnapshot(
            flow=context.flow,
            record=bare(context.record),
            parameters=_sendable(context.parameters),
            log_prints=context.log_prints,
            has_checkpoints=context.checkpoints is not None,
        )

    @staticmethod
    def unpacked(data: bytes) -> "FlowSnapshot":
        """From its bytes."""
        snapshot: FlowSnapshot = unpack(data, what="The flow")
        return snapshot

    def restored_parameters(self) -> dict[str, Any]:
        """The flow's parameters, without those that cannot be had in this process."""
        found: dict[str, Any] = {}
        for name, data in self.parameters.items():
            try:
                found[name] = unpack(data, what=f"The flow's parameter {name!r}")
            except ProcessTransferError:
                continue  # it is the flow's; a task that needs it is handed it
        return found


@dataclass(frozen=True, slots=True)
class CallSnapshot:
    """One call of a task's function, and the task run that it belongs to."""

    function: Any
    is_async: bool
    task: Any
    record: TaskRunRecord | None
    """Without its flow run, which the process has."""
    flow_run_id: str
    log_prints: bool
    tags: tuple[str, ...]
    parameters: dict[str, Any]

    @staticmethod
    def of(function: Any, *, is_async: bool) -> "CallSnapshot":  # noqa: ANN401 (the user's function)
        """Of the task run that this thread carries out."""
        flow, task = flow_run_context.get(), task_run_context.get()
        return CallSnapshot(
            function=function,
            is_async=is_async,
            task=task.task if task is not None else None,
            record=stripped(task.record) if task is not None else None,
            flow_run_id=flow.record.id if flow is not None else "",
            log_prints=task.log_prints if task is not None else False,
            tags=tuple(current_tags()),
            parameters=task.parameters if task is not None else {},
        )

    def task_context(self, flow: FlowRunContext) -> TaskRunContext | None:
        """The task run's context, in the process that runs it."""
        if self.record is None:
            return None
        return TaskRunContext(
            task=self.task,
            record=replace(self.record, flow_run=flow.record),
            parameters=self.parameters,
            flow_context=flow,
            log_prints=self.log_prints,
        )


def bare(record: FlowRunRecord) -> FlowRunRecord:
    """A flow run's record, and its parents', without what belongs to this process."""
    parent = bare(record.parent) if record.parent is not None else None
    return replace(record, parent=parent, on_verdict=None, state=None, parameters={})


NOWHERE = FlowRunRecord(id="", name="", flow_name="")
"""Stands for a flow run that the other side knows already."""


def stripped(record: TaskRunRecord) -> TaskRunRecord:
    """A task run's record without its flow run, its state and its result."""
    return replace(record, flow_run=NOWHERE, state=None, result=None)


def _sendable(parameters: dict[str, Any]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for name, value in parameters.items():
        try:
            found[name] = pack(value, what=f"The flow's parameter {name!r}")
        except ProcessTransferError:
            continue  # only the flow's own code needs it; tasks are handed what they need
    return found
