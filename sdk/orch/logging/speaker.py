"""For which run the code that runs now logs."""

from contextvars import ContextVar
from typing import NamedTuple

from orch.context import FlowRunContext, TaskRunContext, flow_run_context, task_run_context
from orch.recording.records import FlowRunRecord, TaskRunRecord


class Speaker(NamedTuple):
    """A run that says something."""

    flow_run: FlowRunRecord
    task_run: TaskRunRecord | None


# Set while a run's own logger is used, which may be in a thread or a callback that knows nothing of the run.
speaking: ContextVar[Speaker | None] = ContextVar("orch_speaker", default=None)


def innermost_run() -> FlowRunContext | TaskRunContext | None:
    """The context of the run around this code: the task's where there is one, else the flow's; None outside of runs."""
    flow, task = flow_run_context.get(), task_run_context.get()
    if task is None or (flow is not None and task.flow_context is not flow):  # a flow that a task has called
        return flow
    return task


def current_speaker() -> Speaker | None:
    """The run that a line belongs to which is logged here and now; None outside of runs."""
    explicit = speaking.get()
    if explicit is not None:
        return explicit
    run = innermost_run()
    if run is None:
        return None
    if isinstance(run, TaskRunContext):
        return Speaker(run.record.flow_run, run.record)
    return Speaker(run.record, None)
