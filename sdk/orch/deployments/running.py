"""Runs deployments from Python, and waits for them.

    run = run_deployment("etl/nightly", parameters={"day": "2026-11-22"})
    run.state.result()

Inside of a flow the run is a child of that flow's run, and a task run stands for it. A durable flow that is taken up
again finds the child that its earlier attempt had started.
"""

import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING, Any, NoReturn
from uuid import UUID

from orch.blocking import result_of
from orch.context import flow_run_context, task_run_context
from orch.deployments.deployed_run import DeployedRun, Parent, Wanted
from orch.deployments.json_values import json_object
from orch.errors import CancelInterrupt, ConfigurationError
from orch.states import State

if TYPE_CHECKING:
    from orch.deployments.child_run import ChildRun
    from orch.tasks import Task


def run_deployment(
    name: str | UUID,
    *,
    parameters: Mapping[str, Any] | None = None,
    scheduled_time: datetime | None = None,
    flow_run_name: str | None = None,
    timeout: float | timedelta | None = None,
    poll_interval: float | None = None,
    tags: Iterable[str] | None = None,
    idempotency_key: str | None = None,
    work_queue_name: str | None = None,
    as_subflow: bool = True,
    job_variables: Mapping[str, Any] | None = None,
) -> DeployedRun:
    """Run a deployment ("flow/name", or its id), and wait for its end, or for `timeout` seconds; with 0, not at all.

    `as_subflow`: a run inside of a flow is its child. `scheduled_time`: start then. `idempotency_key`: a second call
    with the same key gives the run of the first. `poll_interval` has no effect: nothing here polls.

    Returns the run as it is then, however it ended. Raises errors of `orch_client` where there is no such deployment or
    its parameters do not fit, DeploymentError where no control plane is known. In async code, where it would hold up
    the event loop, it returns an awaitable: `await run_deployment(…)`; `arun_deployment` is the same for type checkers.
    """
    wanted = _wanted(
        str(name),
        parameters=parameters,
        scheduled_time=scheduled_time,
        flow_run_name=flow_run_name,
        timeout=timeout,
        tags=tags,
        idempotency_key=idempotency_key,
        work_queue_name=work_queue_name,
        job_variables=job_variables,
    )
    if _in_async_code():
        return _run_async(wanted, as_subflow=as_subflow)  # type: ignore[return-value]
    if as_subflow and flow_run_context.get() is not None:
        return _as_subflow(wanted)
    return _waited(_child(wanted))


def arun_deployment(name: str | UUID, **options: Any) -> Coroutine[Any, Any, DeployedRun]:  # noqa: ANN401
    """As `run_deployment`, for async code: `await arun_deployment("etl/nightly", timeout=60)`."""
    as_subflow = options.pop("as_subflow", True)
    options.pop("poll_interval", None)
    return _run_async(_wanted(str(name), **options), as_subflow=as_subflow)


def _wanted(
    name: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    scheduled_time: datetime | None = None,
    flow_run_name: str | None = None,
    timeout: float | timedelta | None = None,
    tags: Iterable[str] | None = None,
    idempotency_key: str | None = None,
    work_queue_name: str | None = None,
    job_variables: Mapping[str, Any] | None = None,
) -> Wanted:
    if isinstance(timeout, timedelta):
        timeout = timeout.total_seconds()
    if timeout is not None and not timeout >= 0:
        raise ConfigurationError(f"run_deployment: timeout is {timeout!r}; write seconds, 0 or more, or None.")
    if scheduled_time is not None and scheduled_time.tzinfo is None:
        scheduled_time = scheduled_time.astimezone()
    return Wanted(
        deployment=name,
        parameters_json=json_object(parameters or {}, "parameters"),
        scheduled_time=scheduled_time,
        flow_run_name=flow_run_name or "",
        timeout_seconds=timeout,
        tags=tuple(tags or ()),
        idempotency_key=idempotency_key or "",
        work_queue_name=work_queue_name or "",
        job_variables_json=json_object(job_variables or {}, "job variables"),
    )


def _in_async_code() -> bool:
    """Whether whoever calls could await: the innermost run's code says so, or else a running event loop."""
    task, flow = task_run_context.get(), flow_run_context.get()
    if task is not None:
        return task.task.isasync
    if flow is not None:
        return flow.flow.isasync
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return False
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _child(wanted: Wanted) -> "ChildRun":
    from orch.deployments.child_run import ChildRun

    return ChildRun(wanted)


def _started(child: "ChildRun") -> "Future[DeployedRun]":
    """Ask and wait in a thread of its own: a wait for the network could not be interrupted here."""
    future: Future[DeployedRun] = Future()

    def work() -> None:
        try:
            run = child.run()
        except BaseException as error:  # the one who waits raises it
            future.set_exception(error)
        else:
            future.set_result(run)

    Thread(target=work, name="orch-run-deployment", daemon=True).start()
    return future


def _waited(child: "ChildRun") -> DeployedRun:
    future = _started(child)
    try:
        return result_of(future)
    except BaseException as error:
        _left(child, future, error)


async def _waited_async(child: "ChildRun") -> DeployedRun:
    import asyncio

    future = _started(child)
    try:
        return await asyncio.wrap_future(future)
    except BaseException as error:
        _left(child, future, error)


def _left(child: "ChildRun", future: "Future[DeployedRun]", error: BaseException) -> NoReturn:
    """The wait has ended by an error: the child's own, or one that struck the one who waits."""
    if not future.done() or future.cancelled():
        child.stop(cancel=_is_cancelled(error))
    raise error


def _is_cancelled(error: BaseException) -> bool:
    """Whether somebody asked for the waiting run to stop. A crash is another matter: the child is found again."""
    flow = flow_run_context.get()
    if isinstance(error, CancelInterrupt) or flow is None:
        return isinstance(error, CancelInterrupt)
    try:
        flow.held.raise_if_stopping()
    except CancelInterrupt:
        return True
    except BaseException:
        # It stops for another reason; what struck the one who waits is on its way already.
        return False
    return False


async def _run_async(wanted: Wanted, *, as_subflow: bool) -> DeployedRun:
    flow = flow_run_context.get()
    if not as_subflow or flow is None:
        return await _waited_async(_child(wanted))
    found: list[DeployedRun] = []

    async def run(deployment: str, parameters_json: str) -> object:
        found.append(await _waited_async(_child(_inside(wanted))))
        return _told(found[0])

    return _outcome(await _stand_in(run, wanted)(wanted.deployment, wanted.parameters_json, return_state=True), found)


def _as_subflow(wanted: Wanted) -> DeployedRun:
    """With a task run that stands for it."""
    found: list[DeployedRun] = []

    def run(deployment: str, parameters_json: str) -> object:
        found.append(_waited(_child(_inside(wanted))))
        return _told(found[0])

    return _outcome(_stand_in(run, wanted)(wanted.deployment, wanted.parameters_json, return_state=True), found)


def _stand_in(run: Callable[[str, str], object], wanted: Wanted) -> "Task[..., Any]":
    from orch.cache_policies import NO_CACHE
    from orch.tasks import Task

    task = Task(run, name=wanted.deployment, cache_policy=NO_CACHE)
    task.task_key = f"{run_deployment.__module__}.{wanted.deployment}"
    return task


def _inside(wanted: Wanted) -> Wanted:
    """What is asked for by the task run that stands for it: called in that task run."""
    task = task_run_context.get()
    assert task is not None
    flow = task.flow_context
    is_found_again = flow.checkpoints is not None and not wanted.idempotency_key
    key = f"{flow.record.id}/{task.record.dynamic_key}" if is_found_again else ""
    return replace(wanted, parent=Parent(flow, task, key))


def _told(run: DeployedRun) -> object:
    """What the task run that stands for a run returns: its id; or its state, where it has failed."""
    if run.state.is_final() and not run.state.is_completed():
        message = (
            f"Flow run {run.name!r} of the flow {run.flow_name!r} has ended: {run.state.message or run.state.name}"
        )
        return State(run.state.type, run.state.name, message)
    return {"flow_run_id": run.id}


def _outcome(state: State[Any], found: list[DeployedRun]) -> DeployedRun:
    if found:
        return found[0]
    # Answered by a durable flow's checkpoint; or else it raises what has failed.
    from orch.deployments.child_run import read_run

    return read_run(state.result()["flow_run_id"])
