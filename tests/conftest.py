"""Fixtures for every folder of tests."""

import logging
import signal
from collections.abc import Iterator

import pytest

from tests.support.docker_fixtures import docker_engine, docker_image, give_time_for_images, private_docker
from tests.support.postgres import PostgresServer, running_postgres

__all__ = ["docker_engine", "docker_image", "private_docker"]


def pytest_configure() -> None:
    """Ctrl-C is what it is in a terminal: the processes of a suite run in parallel are started with it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    logging.getLogger("asyncio").addFilter(_is_of_this_test)


def _is_of_this_test(record: logging.LogRecord) -> bool:
    """gRPC's poller serves the loops of all tests of a process, and complains, in the loop of the test that runs then,
    of those that are closed."""
    error = record.exc_info[1] if record.exc_info else None
    told = "PollerCompletionQueue" in record.getMessage()
    return not (told and isinstance(error, RuntimeError) and "Event loop is closed" in str(error))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whichever test is the first to need an image for containers makes it. Files with slow tests come first, so that
    the processes of a suite run in parallel end together.
    """
    give_time_for_images(items)
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL server for the whole session."""
    with running_postgres() as server:
        yield server


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of a new, empty database, dropped after the test."""
    with postgres_server.database() as url:
        yield url
