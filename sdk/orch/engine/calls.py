"""Calls of tasks and flows: from the decorated function to its engine and driver, and back to a result."""

from functools import partial
from typing import TYPE_CHECKING, Any

from orch.context import FlowRunContext, flow_run_context
from orch.engine.drivers import run_async, run_coroutine, run_sync
from orch.engine.flow_engine import FlowEngine
from orch.engine.outcomes import stopped_state
from orch.engine.streams import iterate, iterate_async
from orch.engine.task_engine import TaskEngine, new_task_record
from orch.errors import FutureError, MissingContextError
from orch.futures import OrchFuture, futures_in
from orch.logging.uncaught import shorten_uncaught
from orch.recording.recorder import current_recorder
from orch.states import LazyResult, Pending, State
from orch.task_runners.remote import remote_caller

if TYPE_CHECKING:
    from orch.flows import Flow
    from orch.tasks import Task


def call_task(task: "Task[..., Any]", parameters: dict[str, Any], *, return_state: bool, wait_for: object) -> Any:  # noqa: ANN401
    """Run a task where it is called. A coroutine for an async task."""
    flow = flow_run_context.get()
    if flow is None:
        return _call_alone(task, parameters, return_state=return_state, wait_for=wait_for)
    if task.isgenerator:
        return _stream(task, _engine(task, parameters, flow, wait_for))
    if task.isasync:
        return _call_async(task, parameters, flow, return_state=return_state, wait_for=wait_for)
    return _task_outcome(run_sync(_engine(task, parameters, flow, wait_for).steps()), return_state=return_state)


def _stream(definition: "Task[..., Any] | Flow[..., Any]", engine: TaskEngine | FlowEngine) -> Any:  # noqa: ANN401
    """A generator's items, one by one."""
    run = iterate_async if definition.isasync else iterate
    return run(engine.steps(), State.result)


async def _call_async(
    task: "Task[..., Any]", parameters: dict[str, Any], flow: FlowRunContext, *, return_state: bool, wait_for: object
) -> Any:  # noqa: ANN401
    return _task_outcome(await run_async(_engine(task, parameters, flow, wait_for).steps()), return_state=return_state)


def _engine(task: "Task[..., Any]", parameters: dict[str, Any], flow: FlowRunContext, wait_for: object) -> TaskEngine:
    upstream = _upstream_ids(futures_in([parameters, wait_for]))
    record = new_task_record(task, parameters, flow, upstream_ids=upstream)
    return TaskEngine(task, parameters, flow, current_recorder(), record=record, wait_for=wait_for)


def _upstream_ids(futures: list[OrchFuture[Any]]) -> tuple[str, ...]:
    return tuple([future.task_run_id for future in futures])


def _outcome(state: State[Any], *, return_state: bool) -> Any:  # noqa: ANN401
    return state if return_state else state.result()


def _task_outcome(state: State[Any], *, return_state: bool) -> Any:  # noqa: ANN401
    """A state that the task made itself is what it returned, also where it is answered from what was kept."""
    if return_state or state.handmade:
        return state
    if not (state.is_completed() and isinstance(state.data, LazyResult)):
        return state.result()
    found = state.data.returned()
    if isinstance(found, State) and not found.run_id:
        found.run_id, found.handmade = state.run_id, True
    return found


def _call_alone(task: "Task[..., Any]", parameters: dict[str, Any], *, return_state: bool, wait_for: object) -> Any:  # noqa: ANN401
    """A task outside of flows runs in a flow run of its own, which bears its name."""
    from orch.flows import flow_around

    states: list[State[Any]] = []
    alone = flow_around(task, parameters, wait_for=wait_for, tell=states.append)
    around = alone(return_state=True)
    if task.isasync:
        return _awaited_alone(around, states, return_state=return_state)
    return _task_outcome([*states, around][0], return_state=return_state)


async def _awaited_alone(around: Any, states: list[State[Any]], *, return_state: bool) -> Any:  # noqa: ANN401
    state = await around
    return _task_outcome([*states, state][0], return_state=return_state)


def submit_task(task: "Task[..., Any]", parameters: dict[str, Any], *, wait_for: object) -> OrchFuture[Any]:
    """Hand a task to its flow's task runner. Raises MissingContextError outside of flows."""
    flow = flow_run_context.get()
    if flow is None:
        raise MissingContextError(
            f"The {task.label} was submitted outside of a flow, where there is no task runner. Call it, or submit it "
            "inside of a flow."
        )
    after = futures_in([parameters, wait_for])
    _refuse_foreign(task, flow, after)
    recorder = current_recorder()
    record = new_task_record(task, parameters, flow, upstream_ids=_upstream_ids(after))
    future: OrchFuture[Any] = OrchFuture(record.id, name=record.name, flow_run_id=flow.record.id)
    engine = TaskEngine(task, parameters, flow, recorder, record=record, wait_for=wait_for, future=future)
    if flow.checkpoints is None:
        engine.enter(Pending())
    flow.open_runner().submit(partial(_run_submitted, engine, task, flow), future, after)
    return future


def _refuse_foreign(task: "Task[..., Any]", flow: FlowRunContext, futures: list[OrchFuture[Any]]) -> None:
    """Raise FutureError for a future that nobody here could wait for."""
    for future in futures:
        if (
            future.flow_run_id not in {flow.record.id, ""}
            and not future.done()
            and not flow.is_inside(future.flow_run_id)
        ):
            raise FutureError(
                f"The {task.label} was given the future of task run {future.name!r}, which belongs to another flow run "
                "that is still under way. Pass its result: future.result()."
            )


def _run_submitted(engine: TaskEngine, task: "Task[..., Any]", flow: FlowRunContext) -> State[Any]:
    """Carry out a submitted task, in the task runner's thread. Raises nothing: its end is told by its state."""
    try:
        with flow.held.target() as target:
            engine.target = target
            steps = engine.steps()
            is_async = task.isasync and remote_caller() is None
            state: State[Any] = run_coroutine(run_async(steps)) if is_async else run_sync(steps)
            return state
    except BaseException as error:
        return engine.ended(stopped_state(error))


def call_flow(flow: "Flow[..., Any]", parameters: dict[str, Any], *, return_state: bool, wait_for: object) -> Any:  # noqa: ANN401
    """Run a flow where it is called. A coroutine for an async flow."""
    if flow.isgenerator:
        return _stream(flow, _flow_engine(flow, parameters, wait_for))
    if flow.isasync:
        return _call_flow_async(flow, parameters, return_state=return_state, wait_for=wait_for)
    return _outcome(run_sync(_flow_engine(flow, parameters, wait_for).steps()), return_state=return_state)


async def _call_flow_async(
    flow: "Flow[..., Any]", parameters: dict[str, Any], *, return_state: bool, wait_for: object
) -> Any:  # noqa: ANN401
    return _outcome(await run_async(_flow_engine(flow, parameters, wait_for).steps()), return_state=return_state)


def _flow_engine(flow: "Flow[..., Any]", parameters: dict[str, Any], wait_for: object) -> FlowEngine:
    # Before anything can be wrong with the settings.
    shorten_uncaught()
    return FlowEngine(flow, parameters, current_recorder(), wait_for=wait_for)
