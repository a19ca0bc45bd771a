"""Which trace a run is part of: its caller's, or, where the caller has none, the one that its creation begins."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from orch_proto.v1.flow_run_service_pb2 import BatchCreateFlowRunsRequest, CreateFlowRunRequest
from orch_proto.v1.flow_run_service_pb2_grpc import FlowRunServiceStub
from orch_proto.v1.policy_pb2 import TraceContext
from orch_server.app import ControlPlane
from orch_server.application.telemetry import SPAN_TRANSACTION, NoTelemetry, Telemetry
from orch_server.application.work_pools import ensure_default_pool
from orch_server.clock import SystemClock, TimeOrderedIds
from orch_server.rpc.endpoint import Endpoint
from orch_server.rpc.server import build_server
from orch_server.rpc.tracing import TracingInterceptor
from orch_server.settings import DatabaseSettings, Settings
from orch_server.storage import schema
from orch_server.storage.opening import open_store
from tests.support.seen_telemetry import Seen, seen

if TYPE_CHECKING:
    from orch_proto.v1.flow_run_service_pb2_grpc import FlowRunServiceAsyncStub

__all__ = ["seen"]

TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"
METADATA = (("traceparent", TRACEPARENT), ("tracestate", "vendor=1"))
RUN = CreateFlowRunRequest(flow_name="etl")


@pytest.fixture(params=["on", "off"])
def telemetry(request: pytest.FixtureRequest) -> Telemetry:
    """The server's telemetry; most tests here need it only on."""
    if request.param == "off":
        return NoTelemetry()
    watching: Seen = request.getfixturevalue("seen")
    return watching.telemetry


@pytest.fixture
async def runs(tmp_path: Path, telemetry: Telemetry) -> AsyncIterator["FlowRunServiceAsyncStub"]:
    """Calls to a whole control plane."""
    url = f"sqlite:///{tmp_path / 'orch.db'}"
    await schema.upgrade(url)
    opened = open_store(url, SystemClock(), telemetry=telemetry)
    await opened.store.write(lambda tx: ensure_default_pool(tx, TimeOrderedIds()))
    plane = ControlPlane(opened, telemetry, Settings(tmp_path, DatabaseSettings(url)))
    interceptors = [TracingInterceptor(telemetry)]
    rpc = build_server(endpoint=Endpoint(port=0), services=plane.servicers(), interceptors=interceptors)
    await rpc.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{rpc.port}") as channel:
        yield FlowRunServiceStub(channel)
    await rpc.stop(None)
    await opened.close()


only_on = pytest.mark.parametrize("telemetry", ["on"], indirect=True)
only_off = pytest.mark.parametrize("telemetry", ["off"], indirect=True)


async def test_a_run_is_part_of_its_callers_trace(runs: "FlowRunServiceAsyncStub") -> None:
    created = await runs.CreateFlowRun(RUN, metadata=METADATA)

    assert created.flow_run.trace_context == TraceContext(traceparent=TRACEPARENT, tracestate="vendor=1")


@only_on
async def test_a_run_whose_caller_has_no_trace_joins_the_servers(runs: "FlowRunServiceAsyncStub", seen: Seen) -> None:
    created = await runs.CreateFlowRun(RUN)

    [call] = seen.spans("orch.v1.FlowRunService/CreateFlowRun")
    [transaction] = [span for span in seen.spans(SPAN_TRANSACTION) if span.parent]
    assert call.context is not None
    assert transaction.parent is not None
    _, trace, parent, _ = created.flow_run.trace_context.traceparent.split("-")
    assert (int(trace, 16), int(parent, 16)) == (call.context.trace_id, call.context.span_id)
    assert transaction.parent.span_id == call.context.span_id


@only_on
async def test_every_run_of_a_batch_joins_it_but_those_that_name_their_own(runs: "FlowRunServiceAsyncStub") -> None:
    own = CreateFlowRunRequest(flow_name="etl", trace_context=TraceContext(traceparent=TRACEPARENT))

    created = await runs.BatchCreateFlowRuns(BatchCreateFlowRunsRequest(requests=[RUN, RUN, own]))

    first, second, third = (each.flow_run.trace_context.traceparent for each in created.responses)
    assert first == second != ""
    assert third == TRACEPARENT


@only_off
async def test_without_telemetry_such_a_run_has_no_trace(runs: "FlowRunServiceAsyncStub") -> None:
    created = await runs.CreateFlowRun(RUN)

    assert not created.flow_run.HasField("trace_context")
