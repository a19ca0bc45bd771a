"""What people make and change on the screen beside runs: tags, schedules, pools; and what they look back at."""

import json
import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from orch_proto.v1.deployment_pb2 import Deployment
from orch_proto.v1.deployment_service_pb2 import CreateDeploymentRequest, UpdateDeploymentRequest
from orch_proto.v1.flow_run_service_pb2 import GetFlowRunRequest, ListFlowRunsRequest, UpdateFlowRunRequest
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.schedule_pb2 import CronSpec, Schedule
from orch_proto.v1.schedule_service_pb2 import CreateScheduleRequest, ListSchedulesRequest
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest, GetWorkPoolRequest
from tests.e2e.web.screen import Screen, Seen, Stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
expect.set_options(timeout=45_000)

VERSIONS = 105


@pytest.fixture
def unserved(stage: Stage) -> Deployment:
    """A deployment whose pool nobody serves: its runs wait."""
    name = uuid4().hex[:8]
    stage.client.work_pools.CreateWorkPool(CreateWorkPoolRequest(work_pool=WorkPool(name=name)))
    spec = LaunchSpec(entrypoint="changes.py:changes")
    wanted = Deployment(flow_name="changes", name=name, work_pool_name=name, launch_spec=spec)
    return stage.client.deployments.CreateDeployment(CreateDeploymentRequest(deployment=wanted)).deployment


def test_the_tags_of_a_run_are_changed(seen: Seen, stage: Stage) -> None:
    run = stage.until_ended(stage.create("checked"))
    page = seen.go(f"/runs/{run.flow_run_id}")
    page.get_by_role("button", name="Change the tags").click()
    page.get_by_label("Tags, one a line").fill("shop\n  looked at, by Ada \nshop\n")
    page.get_by_role("button", name="Save the tags").click()
    expect(page.locator(".strip .tag")).to_have_text(["looked at, by Ada", "shop"])
    found = stage.client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=run.flow_run_id)).flow_run
    assert list(found.tags) == ["looked at, by Ada", "shop"]


def test_tags_that_somebody_else_has_changed_are_not_overwritten(
    seen: Seen, stage: Stage, screens: Screen, unserved: Deployment
) -> None:
    screens.tolerated = re.compile("status of (400|409|412)")
    run = stage.until_ended(stage.create("checked"))
    page = seen.go(f"/runs/{run.flow_run_id}")
    page.get_by_role("button", name="Change the tags").click()
    request = UpdateFlowRunRequest(flow_run=run)
    request.flow_run.ClearField("etag")
    request.flow_run.tags[:] = ["theirs"]
    request.update_mask.paths.append("tags")
    stage.client.flow_runs.UpdateFlowRun(request)
    page.get_by_label("Tags, one a line").fill("mine")
    page.get_by_role("button", name="Save the tags").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Tags, one a line")).to_have_value("mine")
    found = stage.client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=run.flow_run_id)).flow_run
    assert list(found.tags) == ["theirs"]


def test_a_schedule_is_made_with_its_next_times_in_view(
    seen: Seen, stage: Stage, screens: Screen, unserved: Deployment
) -> None:
    screens.tolerated = re.compile("status of 400")
    page = seen.go(f"/deployments/{unserved.deployment_id}")
    page.get_by_role("button", name="New schedule").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("early")
    dialog.get_by_label("When").fill("30 4 * * 8 8")
    dialog.get_by_label("On the clocks of").fill("Europe/Berlin")
    dialog.get_by_role("button", name="Create the schedule").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    dialog.get_by_label("When").fill("30 4 * * *")
    expect(dialog.get_by_role("list", name="Next times").get_by_role("listitem")).to_have_count(5)
    expect(dialog.get_by_role("listitem").first).to_contain_text("04:30:00")
    dialog.get_by_role("button", name="Create the schedule").click()
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("region", name="Schedules")).to_contain_text("early")
    found = stage.client.schedules.ListSchedules(ListSchedulesRequest(deployment_id=unserved.deployment_id)).schedules
    assert [(one.name, one.cron.expression, one.cron.time_zone) for one in found] == [
        ("early", "30 4 * * *", "Europe/Berlin")
    ]
    page.get_by_role("button", name="Delete the schedule early").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("It runs only when somebody asks.")).to_be_visible()


def test_a_schedule_is_backfilled(seen: Seen, stage: Stage, unserved: Deployment) -> None:
    schedule = Schedule(
        deployment_id=unserved.deployment_id, name="daily", cron=CronSpec(expression="0 3 * * *", time_zone="UTC")
    )
    stage.client.schedules.CreateSchedule(CreateScheduleRequest(schedule=schedule))
    page = seen.go(f"/deployments/{unserved.deployment_id}")
    page.get_by_role("button", name="Backfill").click()
    today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    page.get_by_label("From").fill((today - timedelta(days=9)).strftime("%Y-%m-%dT%H:%M:%S"))
    page.get_by_label("Until").fill((today - timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%S"))
    expect(page.get_by_role("dialog").get_by_text("7 times.")).to_be_visible()
    page.get_by_role("button", name="Create the runs").click()
    expect(page.get_by_text("7 runs of daily created.")).to_be_visible()
    request = ListFlowRunsRequest(page_size=100)
    request.filter.deployment_ids.append(unserved.deployment_id)
    assert len(stage.client.flow_runs.ListFlowRuns(request).flow_runs) == 7


def test_a_pool_is_made(seen: Seen, stage: Stage, screens: Screen) -> None:
    screens.tolerated = re.compile("status of 4")
    name = f"pool-{uuid4().hex[:8]}"
    page = seen.go("/pools")
    page.get_by_role("button", name="New pool").click()
    page.get_by_label("Name").fill("default")
    page.get_by_label("Runs at once").fill("3")
    page.get_by_role("button", name="Create the pool").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("default")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Type").fill("docker")
    page.get_by_role("button", name="Create the pool").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(name)
    pool = stage.client.work_pools.GetWorkPool(GetWorkPoolRequest(name=name)).work_pool
    assert (pool.type, pool.concurrency_limit) == ("docker", 3)


def test_old_versions_are_reached(seen: Seen, stage: Stage, unserved: Deployment) -> None:
    for number in range(2, VERSIONS + 1):
        request = UpdateDeploymentRequest(deployment=Deployment(deployment_id=unserved.deployment_id))
        request.deployment.parameters_json = json.dumps({"number": number})
        request.update_mask.paths.append("parameters_json")
        stage.client.deployments.UpdateDeployment(request)
    page = seen.go(f"/deployments/{unserved.deployment_id}")
    versions = page.get_by_role("region", name="Versions")
    expect(versions.get_by_role("button", name="Look")).to_have_count(100)
    versions.get_by_role("button", name="Show older ones").click()
    expect(versions.get_by_role("button", name="Look")).to_have_count(VERSIONS)
    expect(versions.get_by_role("button", name="Show older ones")).to_have_count(0)
