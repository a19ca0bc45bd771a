"""Forms of any schema: what goes round in circles, and numbers that no browser can hold."""

import json
import re
from collections.abc import Mapping
from uuid import uuid4

import pytest
from playwright.sync_api import expect

from orch_proto.v1.deployment_pb2 import Deployment
from orch_proto.v1.deployment_service_pb2 import CreateDeploymentRequest
from orch_proto.v1.flow_run_service_pb2 import CreateFlowRunRequest, GetFlowRunRequest
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest
from tests.e2e.web.screen import Seen, Stage

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]
expect.set_options(timeout=45_000)

TREE = {"type": "object", "properties": {"left": {"$ref": "#/$defs/Tree"}, "right": {"$ref": "#/$defs/Tree"}}}
ENDLESS = {
    "type": "object",
    "required": ["first", "second"],
    "properties": {"first": {"$ref": "#/$defs/Endless"}, "second": {"$ref": "#/$defs/Endless"}},
}
CIRCLES = {
    "Tree": TREE,
    "Endless": ENDLESS,
    "Round": {"allOf": [{"$ref": "#/$defs/Round"}]},
    "Either": {"anyOf": [{"$ref": "#/$defs/Either"}, {"type": "null"}]},
}


def deployed(stage: Stage, schema: Mapping[str, object]) -> str:
    """The id of a deployment whose parameters have this schema; its pool is served by nobody."""
    name = uuid4().hex[:8]
    stage.client.work_pools.CreateWorkPool(CreateWorkPoolRequest(work_pool=WorkPool(name=name)))
    wanted = Deployment(
        flow_name="forms",
        name=name,
        work_pool_name=name,
        parameter_schema_json=json.dumps(schema),
        launch_spec=LaunchSpec(entrypoint="forms.py:forms"),
    )
    request = CreateDeploymentRequest(deployment=wanted)
    return stage.client.deployments.CreateDeployment(request).deployment.deployment_id


@pytest.mark.parametrize("definition", CIRCLES)
def test_a_schema_that_holds_itself_can_be_entered(seen: Seen, stage: Stage, definition: str) -> None:
    properties = {"node": {"$ref": f"#/$defs/{definition}"}, "share": {"$ref": "#/$defs/100%"}}
    schema = {"type": "object", "properties": properties, "$defs": {**CIRCLES, "100%": {"type": "integer"}}}
    page = seen.go(f"/deployments/{deployed(stage, schema)}/run")
    expect(page.get_by_text("node", exact=True)).to_be_visible()
    expect(page.get_by_role("textbox", name="share")).to_be_visible()


def test_a_part_that_may_be_left_out_is_there_once_it_is_given(seen: Seen, stage: Stage) -> None:
    schema = {"type": "object", "properties": {"node": {"$ref": "#/$defs/Tree"}}, "$defs": CIRCLES}
    page = seen.go(f"/deployments/{deployed(stage, schema)}/run")
    page.get_by_role("button", name="Give left").click()
    page.get_by_role("button", name="Give left").click()
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.get_by_role("region", name="Parameters").last).to_contain_text("left")
    expect(page).to_have_url(re.compile("/runs/"))
    parameters = parameters_of(stage, page.url.rsplit("/", 1)[-1])
    assert json.loads(parameters) == {"node": {"left": {"left": {}}}}


def test_numbers_stay_as_they_were_written(seen: Seen, stage: Stage) -> None:
    number, ratio = {"type": "integer"}, {"type": "number", "minimum": 1.0}
    properties = {"large": number, "ratio": ratio, "typed": ratio, "any": {}}
    deployment_id = deployed(stage, {"type": "object", "properties": properties})
    given = '{"large": 9007199254740993, "ratio": 1.0, "any": [9007199254740995, 2.0]}'
    first = stage.client.flow_runs.CreateFlowRun(
        CreateFlowRunRequest(deployment_id=deployment_id, parameters_json=given)
    ).flow_run
    page = seen.go(f"/deployments/{deployment_id}/run?from={first.flow_run_id}")
    expect(page.get_by_role("textbox", name="large")).to_have_value("9007199254740993")
    expect(page.get_by_role("textbox", name="ratio")).to_have_value("1.0")
    page.get_by_role("textbox", name="typed").fill("3.0")
    expect(page.get_by_role("textbox", name="typed")).to_have_value("3.0")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page).to_have_url(re.compile("/runs/"))
    parameters = parameters_of(stage, page.url.rsplit("/", 1)[-1])
    assert sorted(re.findall(r"[\d.]+", parameters)) == ["1.0", "2.0", "3.0", "9007199254740993", "9007199254740995"]


def parameters_of(stage: Stage, flow_run_id: str) -> str:
    """The parameters of a run, as they are kept."""
    request = GetFlowRunRequest(flow_run_id=flow_run_id)
    return stage.client.flow_runs.GetFlowRun(request).flow_run.parameters_json
