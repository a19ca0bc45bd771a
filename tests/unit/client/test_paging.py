import pytest

from orch_client.errors import ServerError
from orch_client.paging import items_of, request_after
from orch_proto.v1.flow_pb2 import Flow
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.flow_run_service_pb2 import (
    GetFlowRunResponse,
    ListFlowRunsRequest,
    ListFlowRunsResponse,
    ListFlowRunStatesResponse,
)
from orch_proto.v1.schedule_service_pb2 import PreviewScheduleResponse
from orch_proto.v1.state_pb2 import StateChange


def test_items_are_found_in_the_one_repeated_field() -> None:
    runs = [FlowRun(flow_run_id="a"), FlowRun(flow_run_id="b")]

    assert items_of(ListFlowRunsResponse(flow_runs=runs), FlowRun) == runs
    changes = [StateChange(version=1)]
    assert items_of(ListFlowRunStatesResponse(changes=changes), StateChange) == changes


def test_items_of_another_type_are_refused() -> None:
    with pytest.raises(TypeError, match="ListFlowRunsResponse is a page of FlowRun, not of Flow"):
        items_of(ListFlowRunsResponse(), Flow)


def test_what_is_no_page_is_refused() -> None:
    with pytest.raises(TypeError, match="needs one repeated field, and has 0"):
        items_of(GetFlowRunResponse(), FlowRun)
    with pytest.raises(TypeError, match="has no next_page_token"):
        request_after(ListFlowRunsRequest(), PreviewScheduleResponse())


def test_the_next_page_is_asked_for_by_token_and_the_request_is_left_alone() -> None:
    request = ListFlowRunsRequest(page_size=5)

    following = request_after(request, ListFlowRunsResponse(next_page_token="t1"))

    assert following == ListFlowRunsRequest(page_size=5, page_token="t1")
    assert request == ListFlowRunsRequest(page_size=5)


def test_the_last_page_has_no_token() -> None:
    assert request_after(ListFlowRunsRequest(page_token="t1"), ListFlowRunsResponse()) is None


def test_a_page_that_leads_to_itself_is_an_error() -> None:
    with pytest.raises(ServerError, match="same page for ever"):
        request_after(ListFlowRunsRequest(page_token="t1"), ListFlowRunsResponse(next_page_token="t1"))
