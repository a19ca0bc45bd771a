"""Each test that asks for `connected` runs with the sync and with the async client."""

from collections.abc import AsyncIterator

import pytest

from orch_client import TlsFiles
from tests.rpc.client.support import AsyncHarness, Connector, Harness, SyncHarness, settings_for


@pytest.fixture(params=[SyncHarness, AsyncHarness], ids=["sync", "async"])
async def connected(request: pytest.FixtureRequest) -> AsyncIterator[Connector]:
    """Connects to a port of this machine; closed after the test."""
    opened: list[Harness] = []

    def connect(
        port: int,
        *,
        scheme: str = "http",
        api_key: str = "",
        tls: TlsFiles | None = None,
        attempts: int | None = None,
    ) -> Harness:
        settings = settings_for(port, scheme=scheme, api_key=api_key, tls=tls, attempts=attempts)
        harness: Harness = request.param(settings)
        opened.append(harness)
        return harness

    yield connect
    for harness in opened:
        await harness.close()
