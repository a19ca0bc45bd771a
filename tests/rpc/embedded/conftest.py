"""`calls`: one surface for two control planes, embedded and behind gRPC. What is asserted through it holds for both."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from orch_client import AsyncClient, connect_async
from orch_server.embedded import EmbeddedPlane, open_embedded
from tests.support.started_server import StartedServer, started_server

_SERVICES = {
    "flow_runs": (
        "create_flow_run",
        "get_flow_run",
        "list_flow_runs",
        "count_flow_runs",
        "list_flow_run_states",
        "cancel_flow_run",
    ),
    "leases": ("start_flow_run", "resume_flow_run", "adopt_lease", "sync_leases", "report_runs", "list_leases"),
    "task_runs": ("report_task_runs", "get_task_run", "list_task_runs", "list_task_run_states"),
    "logs": ("append_logs", "get_log_offset", "list_logs"),
    "server": ("get_server_info",),
}
_SERVICE_OF = {name: service for service, names in _SERVICES.items() for name in names}


class OverGrpc:
    """A client's calls under the names that the embedded control plane gives them."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Callable[[Any], Awaitable[Any]]:
        rpc = "".join(word.capitalize() for word in name.split("_"))
        method: Callable[[Any], Awaitable[Any]] = getattr(getattr(self._client, _SERVICE_OF[name]), rpc)
        return method


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedServer]:
    """A server in a process of its own."""
    with started_server(tmp_path_factory.mktemp("home")) as started:
        yield started


@pytest.fixture
async def plane(tmp_path: Path) -> AsyncIterator[EmbeddedPlane]:
    """An embedded control plane on a home of its own."""
    opened = await open_embedded(tmp_path / "home")
    yield opened
    await opened.close()


@pytest.fixture
async def grpc_calls(server: StartedServer) -> AsyncIterator[EmbeddedPlane]:
    """The server's calls, under the same names."""
    async with connect_async(server.url) as client:
        yield cast("EmbeddedPlane", OverGrpc(client))


@pytest.fixture(params=["plane", "grpc_calls"], ids=["embedded", "grpc"])
def calls(request: pytest.FixtureRequest) -> EmbeddedPlane:
    """Either of the two."""
    found: EmbeddedPlane = request.getfixturevalue(request.param)
    return found
