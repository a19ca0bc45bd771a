"""What a run can learn about itself, in and outside of runs: ``orch.runtime`` and ``orch.context``."""

from orch import flow, task
from orch.context import FlowRunContext, TaskRunContext, get_run_context
from orch.exceptions import MissingContextError
from orch.runtime import deployment, flow_run, task_run


@task(tags=["t"])
def in_a_task(number: int, text: str = "x") -> dict[str, object]:
    context = get_run_context()
    flow_context = FlowRunContext.get()
    return {
        "context": type(context).__name__,
        "task": isinstance(context, TaskRunContext) and context.task.name,
        "flow context": flow_context is not None and flow_context.flow is not None and flow_context.flow.name,
        "flow_run.flow_name": flow_run.flow_name,
        "flow_run.parameters": flow_run.parameters,
        "task_run.task_name": task_run.task_name,
        "task_run.parameters": task_run.parameters,
        "task_run.tags": sorted(task_run.tags),
        "task_run.run_count": task_run.run_count,
        "ids are texts": [isinstance(flow_run.id, str), isinstance(task_run.id, str)],
        "ids as in the context": isinstance(context, TaskRunContext) and str(context.task_run.id) == task_run.id,
    }


@flow(version="7")
def in_a_flow(count: int, extra: dict[str, int] | None = None) -> dict[str, object]:
    context = get_run_context()
    return {
        "flow": isinstance(context, FlowRunContext) and context.flow.name,
        "parameters": flow_run.parameters,
        "context parameters": isinstance(context, FlowRunContext) and context.parameters,
        "flow_version": flow_run.flow_version,
        "run_count": flow_run.run_count,
        "parent": [flow_run.parent_flow_run_id, flow_run.parent_deployment_id],
        "deployment": [deployment.id, deployment.name, deployment.version],
        "task_run": [task_run.id, task_run.name, task_run.task_name],
        "task run context": TaskRunContext.get() is None,
        "scheduled before": flow_run.scheduled_start_time is not None,
        "in a task": in_a_task(count),
        "submitted": in_a_task.submit(count, text="y").result()["task_run.parameters"],
    }


def outside() -> list[object]:
    try:
        get_run_context()
    except MissingContextError as error:
        raised = type(error).__name__
    return [
        raised,
        flow_run.id,
        flow_run.name,
        flow_run.flow_name,
        flow_run.parameters,
        flow_run.tags,
        task_run.id,
        task_run.parameters,
        FlowRunContext.get(),
        TaskRunContext.get(),
    ]


def main() -> object:
    return {"outside": outside(), "inside": in_a_flow(3), "afterwards": flow_run.id}
