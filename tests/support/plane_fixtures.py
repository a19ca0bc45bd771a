"""Fixtures for a control plane in process. They need those of `tests/conformance/conftest.py`."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.conformance.conftest import OpenServer
from tests.support.clock import FakeClock
from tests.support.plane import Plane

OpenPlane = Callable[[], Awaitable[Plane]]


@pytest.fixture
async def open_plane(open_server: OpenServer, clock: FakeClock) -> AsyncIterator[OpenPlane]:
    """Starts servers on the test's database, each with connections and wake-ups of its own."""
    opened: list[Plane] = []

    async def open_one() -> Plane:
        plane = Plane(open_server(), clock)
        opened.append(plane)
        return await plane.start()

    yield open_one
    for plane in opened:
        await plane.close()


@pytest.fixture
async def plane(open_plane: OpenPlane) -> Plane:
    """The server that most tests need only one of."""
    return await open_plane()
