"""Deploying from Python against a real control plane: what changes, what does not, and what is refused."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.field_mask_pb2 import FieldMask

from orch.deployments import Action, DeploymentSpec, Plan, apply, plan, rollback
from orch.deployments.deploying import deploy
from orch.errors import DeploymentError
from orch.schedules import Cron, Interval, RRule
from orch.settings import temporary_settings
from orch_client import Client, UnavailableError, connect
from orch_proto.v1.deployment_pb2 import Deployment
from orch_proto.v1.deployment_service_pb2 import GetDeploymentRequest, UpdateDeploymentRequest
from orch_proto.v1.schedule_pb2 import Schedule
from orch_proto.v1.schedule_service_pb2 import ListSchedulesRequest, UpdateScheduleRequest
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest
from tests.support.started_server import started_server

_numbers = count()
_SCHEMA = {"type": "object", "properties": {"day": {"type": "string"}}, "additionalProperties": False}


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A control plane, with a pool beside the default one."""
    with started_server(tmp_path_factory.mktemp("home")) as server, connect(server.url) as connected:
        connected.work_pools.CreateWorkPool(CreateWorkPoolRequest(work_pool=WorkPool(name="other")))
        yield connected


@pytest.fixture
def spec() -> DeploymentSpec:
    """A deployment of this test's own."""
    return DeploymentSpec(
        name=f"nightly-{next(_numbers)}",
        flow_name="etl",
        entrypoint="etl.py:etl",
        parameters={"day": "2026-01-02"},
        parameter_schema=_SCHEMA,
        pull_steps=({"step": "local", "path": "/srv"},),
        job_variables={"env": {"A": "1"}},
        tags=("b", "a"),
        schedules=(
            Cron("0 2 * * *", time_zone="Europe/Berlin", overlap="skip"),
            Interval("1d", name="daily", time_zone="Asia/Kolkata", jitter="5m", parameters={"day": "today"}),
            RRule("FREQ=MONTHLY;BYDAY=-1FR", name="monthly", catch_up="all", catch_up_window="2d"),
        ),
    )


def deployed(client: Client, spec: DeploymentSpec) -> Deployment:
    """Deploy it, and read it back."""
    (done,) = apply(client, plan(client, [spec]))
    return client.deployments.GetDeployment(GetDeploymentRequest(deployment_id=done.deployment_id)).deployment


def schedules_of(client: Client, deployment: Deployment) -> dict[str, Schedule]:
    """Its schedules, by name."""
    request = ListSchedulesRequest(deployment_id=deployment.deployment_id)
    return {each.name: each for each in client.items(client.schedules.ListSchedules, request, of=Schedule)}


def actions(planned: Plan) -> dict[str, Action]:
    """What happens to the one deployment's schedules, by name or times."""
    (change,) = planned.deployments
    return {each.label: each.action for each in change.schedules}


def test_deploying_twice_changes_nothing_the_second_time(client: Client, spec: DeploymentSpec) -> None:
    first = deployed(client, spec)
    schedules = schedules_of(client, first)

    again = plan(client, [spec])
    second = deployed(client, spec)

    assert again.is_empty
    assert again.deployments[0].fields == ()
    assert second == first
    assert schedules_of(client, first) == schedules
    assert len(schedules) == 3


@pytest.mark.parametrize(
    ("changes", "field", "is_version"),
    [
        ({"entrypoint": "other.py:etl"}, "entrypoint", True),
        ({"pull_steps": ({"step": "git", "url": "https://h/x.git"},)}, "code", True),
        ({"job_variables": {"env": {"A": "2"}}}, "job variables", True),
        ({"parameters": {"day": "2026-01-03"}}, "parameters", True),
        ({"parameter_schema": None}, "parameter schema", True),
        ({"tags": ("a",)}, "tags", False),
        ({"description": "New."}, "description", False),
        ({"work_pool_name": "other"}, "work pool", False),
        ({"concurrency_limit": 3}, "concurrency limit", False),
        ({"at_limit": "skip"}, "at the limit", False),
        ({"retries": 2, "retry_delays_seconds": (1.0, 60.0)}, "retries", False),
        ({"crash_restarts": 2, "exclusive": True}, "recovery", False),
        ({"paused": True}, "paused", False),
    ],
)
def test_one_change_is_one_change(
    client: Client, spec: DeploymentSpec, changes: dict[str, Any], field: str, is_version: bool
) -> None:
    before = deployed(client, spec)
    new = replace(spec, **changes)

    planned = plan(client, [new])
    after = deployed(client, new)

    (change,) = planned.deployments
    assert [each.name for each in change.fields] == [field]
    assert change.makes_version is is_version
    assert change.version == after.version == before.version + is_version
    assert plan(client, [new]).is_empty
    assert not plan(client, [replace(spec, paused=False)]).is_empty, "and back"


def test_planning_writes_nothing(client: Client, spec: DeploymentSpec) -> None:
    planned = plan(client, [spec])

    assert planned.deployments[0].action is Action.CREATE
    assert plan(client, [spec]).deployments[0].action is Action.CREATE


def test_a_new_schedule_shows_its_next_times(client: Client, spec: DeploymentSpec) -> None:
    (change,) = plan(client, [spec]).deployments

    cron = change.schedules[0]
    assert len(cron.next_times) == 3
    assert list(cron.next_times) == sorted(cron.next_times)


def test_schedules_that_nothing_is_said_of_stay(client: Client, spec: DeploymentSpec) -> None:
    deployment = deployed(client, spec)
    silent = replace(spec, schedules=None)

    planned = plan(client, [silent])
    deployed(client, silent)

    assert planned.is_empty
    assert set(actions(planned).values()) == {Action.LEAVE}
    assert len(schedules_of(client, deployment)) == 3


@pytest.mark.parametrize(
    ("properties", "required", "says"),
    [({"limit": {}}, [], "'daily'.*gives 'day', which is no parameter"), ({"day": {}, "x": {}}, ["x"], "lacks 'x'")],
)
def test_a_schedule_that_stays_must_go_on_fitting(
    client: Client, spec: DeploymentSpec, properties: dict[str, Any], required: list[str], says: str
) -> None:
    deployed(client, replace(spec, schedules=(spec.schedules or ())[1:2]))
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}

    with pytest.raises(DeploymentError, match=says):
        plan(client, [replace(spec, schedules=None, parameters={}, parameter_schema=schema)])


def test_schedules_that_are_not_listed_are_deleted(client: Client, spec: DeploymentSpec) -> None:
    deployment = deployed(client, spec)
    fewer = replace(spec, schedules=(spec.schedules or ())[1:2])

    planned = plan(client, [fewer])
    deployed(client, fewer)

    assert sorted(each.value for each in actions(planned).values()) == ["delete", "delete", "nothing"]
    assert list(schedules_of(client, deployment)) == ["daily"]


def test_a_named_schedule_changes_in_place(client: Client, spec: DeploymentSpec) -> None:
    deployment = deployed(client, spec)
    before = schedules_of(client, deployment)["daily"]

    deployed(client, replace(spec, schedules=(Cron("@weekly", name="daily"),)))

    after = schedules_of(client, deployment)["daily"]
    assert after.schedule_id == before.schedule_id
    assert after.cron.expression == "@weekly"
    assert not after.jitter.ToTimedelta()
    assert not after.parameters_json


def test_what_was_paused_by_hand_stays_paused(client: Client, spec: DeploymentSpec) -> None:
    deployment = deployed(client, spec)
    daily = schedules_of(client, deployment)["daily"]
    paused = FieldMask(paths=["paused"])
    changed = Schedule(schedule_id=daily.schedule_id, paused=True)
    client.schedules.UpdateSchedule(UpdateScheduleRequest(schedule=changed, update_mask=paused))
    halted = Deployment(deployment_id=deployment.deployment_id, paused=True)
    client.deployments.UpdateDeployment(UpdateDeploymentRequest(deployment=halted, update_mask=paused))

    after = deployed(client, replace(spec, description="New."))

    assert after.paused
    assert schedules_of(client, deployment)["daily"].paused
    assert not deployed(client, replace(spec, paused=False)).paused


def test_everything_that_is_wrong_is_told_at_once_and_nothing_written(client: Client, spec: DeploymentSpec) -> None:
    lost = replace(spec, work_pool_name="othr")
    queueless = replace(spec, name=f"{spec.name}-q", work_queue_name="nope")
    odd = replace(spec, name=f"{spec.name}-s", schedules=(Cron("61 * * * *"),))

    with pytest.raises(DeploymentError) as refused:
        plan(client, [lost, queueless, odd, odd])

    text = str(refused.value)
    assert f"'{lost.slug}': There is no work pool 'othr'. Did you mean 'other'?" in text
    assert "orch work-pool create othr" in text
    assert "no work queue 'default/nope'" in text
    assert "orch work-queue create default/nope" in text
    assert "bad minute field '61'" in text
    assert f"{odd.label} is there twice" in text


def test_parameters_that_do_not_fit_are_refused_in_words(client: Client, spec: DeploymentSpec) -> None:
    with pytest.raises(DeploymentError, match=r"was refused:\n  .*parameters_json\.day: must be a text"):
        deployed(client, replace(spec, parameters={"day": 5}))


def test_what_is_refused_takes_no_schedule_away(client: Client, spec: DeploymentSpec) -> None:
    deployment = deployed(client, spec)

    with pytest.raises(DeploymentError, match="was refused"):
        deployed(client, replace(spec, parameters={"day": 5}, schedules=()))

    assert len(schedules_of(client, deployment)) == 3


def test_a_plan_that_is_not_true_any_more_is_not_carried_out(client: Client, spec: DeploymentSpec) -> None:
    deployed(client, spec)
    mine = plan(client, [replace(spec, description="Mine.")])
    deployed(client, replace(spec, description="Somebody else's."))

    with pytest.raises(DeploymentError, match="somebody else"):
        apply(client, mine)

    there = plan(client, [replace(spec, description="Somebody else's.")])
    assert there.is_empty


def test_two_who_create_at_once_do_not_both(client: Client, spec: DeploymentSpec) -> None:
    one, other = plan(client, [spec]), plan(client, [spec])
    apply(client, one)

    with pytest.raises(DeploymentError, match="Deploy again"):
        apply(client, other)


def test_a_rollback_makes_a_new_version_like_an_old_one(client: Client, spec: DeploymentSpec) -> None:
    first = deployed(client, spec)
    second = deployed(client, replace(spec, entrypoint="new.py:etl", parameters={}, parameter_schema=None))

    back = rollback(client, first.deployment_id)

    assert (first.version, second.version, back.version) == (1, 2, 3)
    assert (back.launch_spec, back.parameters_json) == (first.launch_spec, first.parameters_json)
    assert back.parameter_schema_json == first.parameter_schema_json
    assert rollback(client, first.deployment_id, 1).version == 3, "it is like that already"
    assert rollback(client, first.deployment_id, 2).launch_spec == second.launch_spec


@pytest.mark.parametrize(("version", "says"), [(7, "no version 7: they are 1 to 1"), (None, "nothing to go back to")])
def test_a_rollback_to_nowhere_is_refused(client: Client, spec: DeploymentSpec, version: int | None, says: str) -> None:
    deployment = deployed(client, spec)

    with pytest.raises(DeploymentError, match=says):
        rollback(client, deployment.deployment_id, version)


def test_many_are_deployed_with_one_plan(client: Client, spec: DeploymentSpec) -> None:
    specs = [replace(spec, name=f"{spec.name}-{number}", schedules=None) for number in range(20)]

    applied = apply(client, plan(client, specs))

    assert [each.slug for each in applied] == [each.slug for each in specs]
    assert plan(client, specs).is_empty


def test_a_control_plane_that_is_away_is_told_of_and_not_waited_for(spec: DeploymentSpec, tmp_path: Path) -> None:
    with (
        temporary_settings(home=tmp_path, api_url="http://127.0.0.1:9"),
        pytest.raises(UnavailableError, match=r"Cannot reach the control plane .*`orch server start` starts one"),
    ):
        deploy(spec)
