"""A server with the services of logs and task runs, over a real store, and a channel to it."""

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest

from orch_proto.v1.log_service_pb2_grpc import LogServiceStub, add_LogServiceServicer_to_server
from orch_proto.v1.task_run_service_pb2_grpc import TaskRunServiceStub, add_TaskRunServiceServicer_to_server
from orch_server.application.logs import Logs
from orch_server.application.task_runs import TaskRuns
from orch_server.clock import SystemClock, TimeOrderedIds
from orch_server.rpc.endpoint import Endpoint
from orch_server.rpc.grpc_servicers import (
    GrpcLogServicer,
    GrpcTaskRunServicer,
)
from orch_server.rpc.server import build_server
from orch_server.storage import schema
from orch_server.storage.opening import OpenStore, open_store
from tests.support.stored_runs import store_run

if TYPE_CHECKING:
    from orch_proto.v1.log_service_pb2_grpc import LogServiceAsyncStub
    from orch_proto.v1.task_run_service_pb2_grpc import TaskRunServiceAsyncStub


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[OpenStore]:
    url = f"sqlite:///{tmp_path / 'orch.db'}"
    await schema.upgrade(url)
    store = open_store(url, SystemClock())
    await store.start()
    yield store
    await store.close()


@pytest.fixture
async def channel(opened: OpenStore) -> AsyncIterator[grpc.aio.Channel]:
    services = [
        partial(add_LogServiceServicer_to_server, GrpcLogServicer(Logs(opened.store, opened.wakeups))),
        partial(add_TaskRunServiceServicer_to_server, GrpcTaskRunServicer(TaskRuns(opened.store))),
    ]
    rpc = build_server(endpoint=Endpoint(port=0), services=services)
    await rpc.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{rpc.port}") as channel:
        yield channel
    await rpc.stop(None)


@pytest.fixture
def logs(channel: grpc.aio.Channel) -> "LogServiceAsyncStub":
    return LogServiceStub(channel)


@pytest.fixture
def task_runs(channel: grpc.aio.Channel) -> "TaskRunServiceAsyncStub":
    return TaskRunServiceStub(channel)


@pytest.fixture
async def run_id(opened: OpenStore) -> str:
    """A running flow run under token 7."""
    return str(await store_run(opened.store, TimeOrderedIds(), SystemClock().now(), token=7))
