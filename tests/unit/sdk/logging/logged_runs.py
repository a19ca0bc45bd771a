"""Runs to log from, without an engine: contexts as the engine makes them, and a recorder that keeps lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

from orch.context import FlowRunContext, TaskRunContext, flow_run_context, task_run_context
from orch.recording.records import FlowRunRecord, LogLine, TaskRunRecord


class Lines(list[LogLine]):
    """A recorder, as far as logging knows it."""

    def log(self, line: LogLine) -> None:
        """Keep a line."""
        self.append(line)

    @property
    def messages(self) -> list[str]:
        """What was said."""
        return [line.message for line in self]


def flow_record(name: str = "quick-lynx", *, parent: FlowRunRecord | None = None) -> FlowRunRecord:
    """A flow run of the flow `etl`."""
    return FlowRunRecord(id=f"id-of-{name}", name=name, flow_name="etl", parent=parent)


def task_record(flow_run: FlowRunRecord, name: str = "load-0") -> TaskRunRecord:
    """A task run of the task `load`."""
    return TaskRunRecord(id=f"id-of-{name}", flow_run=flow_run, name=name, task_key="load", dynamic_key="0")


@contextmanager
def inside_flow(record: FlowRunRecord, *, log_prints: bool = False) -> Iterator[FlowRunContext]:
    """The block runs as the code of a flow run."""
    flow = cast("Any", SimpleNamespace(name=record.flow_name))
    context = FlowRunContext(
        flow=flow, record=record, parameters={}, held=cast("Any", None), log_prints=log_prints, checkpoints=None
    )
    flow_token, task_token = flow_run_context.set(context), task_run_context.set(None)
    try:
        yield context
    finally:
        task_run_context.reset(task_token)
        flow_run_context.reset(flow_token)


@contextmanager
def inside_task(
    flow_context: FlowRunContext, name: str = "load-0", *, log_prints: bool = False
) -> Iterator[TaskRunContext]:
    """The block runs as the code of a task run."""
    task = cast("Any", SimpleNamespace(name="load"))
    context = TaskRunContext(
        task=task,
        record=task_record(flow_context.record, name),
        parameters={},
        flow_context=flow_context,
        log_prints=log_prints,
    )
    token = task_run_context.set(context)
    try:
        yield context
    finally:
        task_run_context.reset(token)
