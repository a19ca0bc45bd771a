"""A deployment's parameter schema: kept wherever runs are made, so that none begins with parameters it cannot take."""

import json
from uuid import UUID

import pytest

from orch_server.application.backfilling import Backfill
from orch_server.application.creation import CreatedFlowRun, Creation, FlowRunCreation
from orch_server.application.deployments import Deployments
from orch_server.application.errors import FailedPrecondition, InvalidArgument
from orch_server.application.pages import PageRequest
from orch_server.application.schedules import Schedules
from orch_server.application.telemetry import NoTelemetry
from orch_server.background.scheduler import Scheduler
from orch_server.clock import TimeOrderedIds
from orch_server.domain.deployments import Deployment
from orch_server.domain.states import StateType
from orch_server.storage.store import SqlStore
from tests.support.catalog import Catalog, minutes
from tests.support.clock import START, FakeClock
from tests.support.plane import new_run
from tests.support.replies import plain

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"day": {"type": "integer"}, "region": {"type": "string"}},
        "required": ["day"],
        "additionalProperties": False,
    }
)
STRICTER = json.dumps({"type": "object", "properties": {"day": {"type": "integer", "minimum": 10}}})


@pytest.fixture
def creation(store: SqlStore, ids: TimeOrderedIds) -> FlowRunCreation[CreatedFlowRun]:
    """Creates runs."""
    return FlowRunCreation(store, ids, NoTelemetry())


@pytest.fixture
def schedules(store: SqlStore, ids: TimeOrderedIds) -> Schedules:
    """The use cases of schedules."""
    return Schedules(store, ids)


@pytest.fixture
def deployments(store: SqlStore, ids: TimeOrderedIds) -> Deployments:
    """The use cases of deployments."""
    return Deployments(store, ids)


@pytest.fixture
async def deployment(catalog: Catalog) -> Deployment:
    """A deployment that wants a day, and brings a region."""
    return await catalog.deployment(parameter_schema=SCHEMA, parameters='{"region": "eu"}')


async def create(
    creation: FlowRunCreation[CreatedFlowRun], deployment_id: UUID, parameters: str, *, key: str = ""
) -> CreatedFlowRun:
    """A run of the deployment."""
    new = new_run(
        deployment_id=deployment_id,
        parameters=json.loads(parameters),
        parameters_text=parameters,
        idempotency_key=key,
    )
    return await creation.create(Creation(new, plain()))


def fields(error: InvalidArgument) -> list[str]:
    """The fields that were named."""
    return [each.field for each in error.violations]


async def test_a_run_is_created_with_parameters_that_fit_over_the_defaults(
    creation: FlowRunCreation[CreatedFlowRun], deployment: Deployment
) -> None:
    run = (await create(creation, deployment.id, '{"day": 1}')).run

    assert json.loads(run.parameters) == {"day": 1, "region": "eu"}


async def test_a_run_with_others_is_refused_and_not_made(
    creation: FlowRunCreation[CreatedFlowRun], deployment: Deployment, catalog: Catalog
) -> None:
    with pytest.raises(InvalidArgument, match=r"parameters_json\.day: must be a whole number") as caught:
        await create(creation, deployment.id, '{"day": "one", "zone": 1}')

    assert caught.value.reason == "PARAMETERS_INVALID"
    assert sorted(fields(caught.value)) == ["parameters_json.day", "parameters_json.zone"]
    assert await catalog.runs() == []


async def test_a_run_that_is_there_already_is_the_answer_whatever_the_parameters(
    creation: FlowRunCreation[CreatedFlowRun], deployment: Deployment
) -> None:
    first = await create(creation, deployment.id, '{"day": 1}', key="k")

    again = await create(creation, deployment.id, '{"day": "other"}', key="k")

    assert (again.run.id, again.created) == (first.run.id, False)


async def test_of_many_runs_none_is_made_where_one_does_not_fit(
    creation: FlowRunCreation[CreatedFlowRun], deployment: Deployment, catalog: Catalog
) -> None:
    wishes = [
        new_run(deployment_id=deployment.id, parameters=each, parameters_text=json.dumps(each))
        for each in ({"day": 1}, {"day": 2, "dya": 3})
    ]

    with pytest.raises(InvalidArgument) as caught:
        await creation.create_all(wishes, plain())

    assert fields(caught.value) == ["requests[1].parameters_json.dya"]
    assert await catalog.runs() == []


async def test_a_schedule_whose_runs_would_not_fit_is_refused(
    schedules: Schedules, deployment: Deployment, catalog: Catalog
) -> None:
    with pytest.raises(InvalidArgument) as missing:
        await catalog.schedule(deployment.id)
    fitting = await catalog.schedule(deployment.id, parameters='{"day": 1}')
    with pytest.raises(InvalidArgument) as changed:
        await schedules.update(fitting.id, {"parameters": '{"day": "x"}'}, "", reply=plain())
    paused = await schedules.update(fitting.id, {"paused": True}, "", reply=plain())

    assert (fields(missing.value), fields(changed.value)) == (
        ["schedule.parameters_json.day"],
        ["schedule.parameters_json.day"],
    )
    assert (paused.paused, paused.parameters) == (True, '{"day": 1}')


async def test_a_time_that_does_not_fit_any_more_is_a_failed_run_that_says_so(
    store: SqlStore,
    ids: TimeOrderedIds,
    deployments: Deployments,
    deployment: Deployment,
    catalog: Catalog,
    clock: FakeClock,
) -> None:
    await catalog.schedule(deployment.id, parameters='{"day": 1}')
    await deployments.update(deployment.id, {"parameter_schema": STRICTER}, "", reply=plain())
    clock.advance(minutes(1))

    fired = await Scheduler(store, ids, NoTelemetry()).run_once()

    (run,) = await catalog.runs()
    state = run.facts.state
    assert (fired.fired, state.type, state.name) == (1, StateType.FAILED, "InvalidParameters")
    assert "parameters_json.day: must be at least 10, not 1." in state.message
    assert (run.facts.end_time, run.deployment_version) == (clock.now(), 2)
    assert await store.read(lambda tx: tx.flow_runs.states(run.id, after_version=0, limit=9))


async def test_names_that_no_database_stores_do_not_stop_the_scheduler(
    store: SqlStore, ids: TimeOrderedIds, deployments: Deployments, catalog: Catalog, clock: FakeClock
) -> None:
    deployment = await catalog.deployment()
    odd = json.dumps({"nul\x00": "\x00", "half\ud800": "\ud800", "x" * 1000: 1})
    await catalog.schedule(deployment.id, parameters=odd)
    strict = json.dumps({"additionalProperties": False, "properties": {"nul\x00": {"maxLength": 0}}})
    await deployments.update(deployment.id, {"parameter_schema": strict}, "", reply=plain())
    clock.advance(minutes(1))

    await Scheduler(store, ids, NoTelemetry()).run_once()

    (run,) = await catalog.runs()
    assert run.facts.state.name == "InvalidParameters"
    assert len(run.facts.state.message) < 1000


async def test_times_are_not_made_up_for_with_parameters_that_do_not_fit(
    schedules: Schedules, deployments: Deployments, deployment: Deployment, catalog: Catalog, clock: FakeClock
) -> None:
    schedule = await catalog.schedule(deployment.id, parameters='{"day": 1}')
    await deployments.update(deployment.id, {"parameter_schema": STRICTER}, "", reply=plain())
    clock.advance(minutes(5))

    with pytest.raises(FailedPrecondition, match=r"day: must be at least 10"):
        await schedules.backfill(Backfill(schedule.id, START, None, 10, None), plain())
    assert await catalog.runs() == []


async def test_a_deployment_that_contradicts_itself_is_refused(catalog: Catalog, deployments: Deployments) -> None:
    with pytest.raises(InvalidArgument) as no_schema:
        await catalog.deployment("a", parameter_schema='{"type": "int"}')
    with pytest.raises(InvalidArgument) as misfit:
        await catalog.deployment("b", parameter_schema=SCHEMA, parameters='{"region": 1}')
    fine = await catalog.deployment("c", parameter_schema=SCHEMA, parameters='{"region": "eu"}')
    with pytest.raises(InvalidArgument) as changed:
        await deployments.update(fine.id, {"parameters": '{"zone": 1}'}, "", reply=plain())

    assert fields(no_schema.value) == ["deployment.parameter_schema_json.type"]
    assert fields(misfit.value) == ["deployment.parameters_json.region"]
    assert fields(changed.value) == ["deployment.parameters_json.zone"]
    assert await deployments.get(deployment_id=fine.id) == fine


async def test_a_rollback_brings_back_what_the_version_had(
    creation: FlowRunCreation[CreatedFlowRun], deployments: Deployments, deployment: Deployment
) -> None:
    newer = {"parameter_schema": STRICTER, "parameters": '{"day": 12}'}
    await deployments.update(deployment.id, newer, "", reply=plain())
    await deployments.update(deployment.id, {"description": "no version"}, "", reply=plain())
    versions = (await deployments.versions(deployment.id, PageRequest(10, "", ""))).items
    first = versions[-1]

    back = {
        "launch_spec": first.launch_spec,
        "parameters": first.parameters,
        "parameter_schema": first.parameter_schema,
    }
    rolled = await deployments.update(deployment.id, back, "", reply=plain())

    assert [(each.number, each.parameters) for each in versions] == [(2, '{"day": 12}'), (1, '{"region": "eu"}')]
    assert (rolled.current_version, rolled.parameter_schema, rolled.parameters) == (3, SCHEMA, '{"region": "eu"}')
    run = (await create(creation, deployment.id, '{"day": 1}')).run
    assert (run.deployment_version, run.deployment_name) == (3, "nightly")
