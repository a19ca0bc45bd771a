"""Retries that somebody asks for: of the whole run, or from one of its tasks on."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from orch_server.application.errors import FailedPrecondition, NotFound
from orch_server.application.pages import PageRequest
from orch_server.application.task_runs import TaskReports, TaskRuns
from orch_server.domain.runs import ReportVerdict
from orch_server.domain.states import State, StateType
from orch_server.domain.task_runs import TaskRun, TaskRunReport
from orch_server.rpc.convert.flow_run_messages import flow_run_message
from tests.support.plane import Held, Plane, reply

S = StateType


async def reported(plane: Plane, held: Held, name: str, *, after_seconds: float = 1) -> TaskRun:
    """A task run of a run that goes on, created so long after what came before."""
    now = plane.clock.advance(timedelta(seconds=after_seconds))
    run = TaskRun(
        id=plane.ids.new(now),
        flow_run_id=held.run_id,
        name=name,
        task_key=name,
        dynamic_key="0",
        state=State(S.COMPLETED, "Completed", now),
        attempt=1,
        tags=(),
        upstream_task_run_ids=(),
        cache_key="",
        result=None,
        child_flow_run_id=None,
        create_time=now,
        start_time=now,
        end_time=now,
        version=1,
    )
    assert await report(plane, held, run) == ReportVerdict.ACCEPTED
    return run


async def report(plane: Plane, held: Held, run: TaskRun) -> ReportVerdict:
    """News of a task run."""
    return await TaskRuns(plane.store).report(TaskReports(held.run_id, held.token, (TaskRunReport(run, ()),)))


async def superseded(plane: Plane, held: Held) -> dict[str, bool]:
    """Which task runs of a run are superseded, by name."""
    page = await TaskRuns(plane.store).page(PageRequest(100, "", ""), held.run_id, ())
    return {run.name: run.superseded for run in page.page.items}


async def test_a_retry_leaves_everything_as_it_was(plane: Plane) -> None:
    held = await plane.running(await plane.open())
    await reported(plane, held, "extract")
    await plane.report(held, 2, S.FAILED)

    await plane.retry(held.run_id)

    assert await superseded(plane, held) == {"extract": False}


async def test_a_rerun_from_a_task_supersedes_it_and_what_came_after(plane: Plane) -> None:
    held = await plane.running(await plane.open())
    await reported(plane, held, "extract")
    transform = await reported(plane, held, "transform")
    await reported(plane, held, "beside", after_seconds=0)
    await reported(plane, held, "load")
    await plane.report(held, 2, S.COMPLETED)

    run = await plane.runs.retry(held.run_id, reply(), from_task_run_id=transform.id)

    assert await superseded(plane, held) == {"extract": False, "transform": True, "beside": True, "load": True}
    assert (run.facts.state.type, run.facts.state.message) == (
        S.SCHEDULED,
        "A rerun from the task 'transform' on was asked for.",
    )


async def test_what_was_superseded_stays_so_and_what_comes_anew_is_not(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.running(session)
    first = await reported(plane, held, "extract")
    await plane.report(held, 2, S.COMPLETED)
    await plane.runs.retry(held.run_id, reply(), from_task_run_id=first.id)
    [again] = await plane.acquire(session)

    await report(plane, again, replace(first, version=9, attempt=2))
    await reported(plane, again, "extract again")

    assert await superseded(plane, held) == {"extract": True, "extract again": False}


async def test_a_task_run_of_another_run_is_not_found(plane: Plane) -> None:
    session = await plane.open()
    held, other = await plane.running(session), await plane.running(session)
    foreign = await reported(plane, other, "extract")
    await plane.report(held, 2, S.FAILED)

    for task_run_id in (foreign.id, uuid4()):
        with pytest.raises(NotFound, match="has none of that id"):
            await plane.runs.retry(held.run_id, reply(), from_task_run_id=task_run_id)

    assert await plane.state(held.run_id) == S.FAILED
    assert await superseded(plane, other) == {"extract": False}


async def test_a_run_that_goes_on_is_not_rerun(plane: Plane) -> None:
    held = await plane.running(await plane.open())
    first = await reported(plane, held, "extract")

    with pytest.raises(FailedPrecondition, match="only a run that has ended"):
        await plane.runs.retry(held.run_id, reply(), from_task_run_id=first.id)

    assert await superseded(plane, held) == {"extract": False}


async def test_a_run_whose_deployment_is_gone_cannot_be_tried_again(plane: Plane) -> None:
    deployment = await plane.deployment()
    held = await plane.running(await plane.open(), deployment_id=deployment.id)
    assert flow_run_message(await plane.get(held.run_id)).deployment_name == "nightly"
    await plane.report(held, 2, S.FAILED)
    await plane.deployments.delete(deployment.id, "", reply=reply())

    with pytest.raises(FailedPrecondition, match="deployment has been deleted") as caught:
        await plane.retry(held.run_id)

    assert caught.value.reason == "RUN_HAS_NO_DEPLOYMENT"
    run = await plane.get(held.run_id)
    assert (run.facts.state.type, run.deployment_id, run.deployment_name) == (S.FAILED, deployment.id, "")


async def test_a_deployment_stays_while_a_run_of_it_is_tried_again(plane: Plane) -> None:
    deployment = await plane.deployment()
    held = await plane.running(await plane.open(), deployment_id=deployment.id)
    await plane.report(held, 2, S.FAILED)

    await plane.retry(held.run_id)

    with pytest.raises(FailedPrecondition, match="runs that have not ended"):
        await plane.deployments.delete(deployment.id, "", reply=reply())
