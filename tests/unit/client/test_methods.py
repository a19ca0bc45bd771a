from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool

import orch_proto.v1
from orch_client.client import Client
from orch_client.methods import IDEMPOTENT, RESUMPTIONS, rule_for
from orch_client.services import Service
from orch_proto.v1.flow_run_service_pb2 import (
    BatchCreateFlowRunsRequest,
    CreateFlowRunRequest,
    GetFlowRunRequest,
    WatchFlowRunResponse,
)
from orch_proto.v1.lease_service_pb2 import AcquireLeasesRequest

SERVICE_MODULES = sorted(path.stem for path in Path(next(iter(orch_proto.v1.__path__))).glob("*_service_pb2.py"))


def contract() -> list[MethodDescriptor]:
    return [
        method
        for module in SERVICE_MODULES
        for service in import_module(f"orch_proto.v1.{module}").DESCRIPTOR.services_by_name.values()
        for method in service.methods
    ]


def path_of(method: MethodDescriptor) -> str:
    return f"/{method.containing_service.full_name}/{method.name}"


def test_every_method_of_the_contract_may_be_repeated() -> None:
    assert [path_of(method) for method in contract() if not rule_for(path_of(method)).repeatable] == []


def test_the_tables_name_methods_that_there_are() -> None:
    names = {method.full_name for method in contract()}

    assert set(IDEMPOTENT) <= names
    assert set(RESUMPTIONS) <= names


def test_no_method_is_promised_idempotent_that_is_so_by_its_request() -> None:
    with_id = {method.full_name for method in contract() if "request_id" in method.input_type.fields_by_name}

    assert not with_id & set(IDEMPOTENT)


def test_the_client_has_every_service_of_the_contract() -> None:
    attributes = [value for value in vars(Client).values() if isinstance(value, Service)]

    assert len(attributes) == len(SERVICE_MODULES)


def test_every_watch_but_that_of_hints_is_resumed() -> None:
    watches = {each.full_name for each in contract() if each.server_streaming and not each.client_streaming}

    assert watches - set(RESUMPTIONS) == {"orch.v1.WorkerService.WatchSession"}


def test_an_unknown_method_is_sent_once() -> None:
    rule = rule_for("/other.v1.Service/GetThing")

    assert not rule.repeatable
    assert rule.name == "Service.GetThing"


@pytest.mark.parametrize(
    ("name", "repeatable"), [("GetThing", True), ("Getaway", False), ("Get", False), ("DoThing", False)]
)
def test_a_method_without_request_id_is_repeated_only_where_its_verb_reads(name: str, repeatable: bool) -> None:
    file = FileDescriptorProto(name="t.proto", package="t", syntax="proto3")
    file.message_type.add(name="M")
    file.service.add(name="S").method.add(name=name, input_type=".t.M", output_type=".t.M")
    pool = DescriptorPool()
    pool.Add(file)

    assert rule_for(f"/t.S/{name}", pool).repeatable is repeatable


def test_an_empty_request_id_is_filled_in_a_copy() -> None:
    rule = rule_for("/orch.v1.FlowRunService/CreateFlowRun")
    request = CreateFlowRunRequest(flow_name="etl")

    prepared = rule.prepared(request, lambda: "id-1")

    assert prepared == CreateFlowRunRequest(flow_name="etl", request_id="id-1")
    assert request.request_id == ""


def test_a_request_id_of_the_callers_own_stays() -> None:
    rule = rule_for("/orch.v1.FlowRunService/CreateFlowRun")
    request = CreateFlowRunRequest(flow_name="etl", request_id="mine")

    assert rule.prepared(request, lambda: "other").request_id == "mine"


def test_the_entries_of_a_batch_get_no_ids_of_their_own() -> None:
    rule = rule_for("/orch.v1.FlowRunService/BatchCreateFlowRuns")
    request = BatchCreateFlowRunsRequest(requests=[CreateFlowRunRequest(flow_name="etl")])

    prepared = rule.prepared(request, lambda: "id-1")

    assert prepared.request_id == "id-1"
    assert prepared.requests[0].request_id == ""


def test_a_long_poll_waits_and_then_has_the_usual_time() -> None:
    rule = rule_for("/orch.v1.LeaseService/AcquireLeases")
    request = AcquireLeasesRequest()

    assert rule.timeout_seconds(request, 10) == 40

    request.wait.FromTimedelta(timedelta(seconds=2.5))
    assert rule.timeout_seconds(request, 10) == 12.5

    request.wait.FromTimedelta(timedelta())
    assert rule.timeout_seconds(request, 10) == 10


def test_other_calls_have_the_usual_time() -> None:
    assert rule_for("/orch.v1.FlowRunService/GetFlowRun").timeout_seconds(GetFlowRunRequest(), 10) == 10


def test_a_watch_of_a_run_is_resumed_by_version() -> None:
    resume = rule_for("/orch.v1.FlowRunService/WatchFlowRun").resume
    response = WatchFlowRunResponse()
    response.flow_run.version = 7

    assert resume is not None
    assert (resume.request_field, resume.position(response)) == ("after_version", 7)
