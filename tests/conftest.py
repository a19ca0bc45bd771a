"""Fixtures for every folder of tests."""

import signal
from collections.abc import Iterator

import pytest

from tests.support.postgres import PostgresServer, running_postgres


def pytest_configure() -> None:
    """Ctrl-C is what it is in a terminal: the processes of a suite run in parallel are started with it ignored."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
