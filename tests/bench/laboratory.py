"""What every bench is given: databases and servers of the kind asked for, and where to write what it finds."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from tests.bench.api import Api
from tests.bench.databases import DatabaseKind, Databases
from tests.bench.figures import Report
from tests.bench.server_process import ServerProcess, server_process


@dataclass(frozen=True)
class Laboratory:
    """Where a bench runs."""

    databases: Databases
    profile: Path | None = None
    """Where to write a profile of the server; None: none."""
    explain: Path | None = None
    """Where to write the plans of statements that are over budget; None: nowhere."""

    @property
    def kind(self) -> DatabaseKind:
        """Which database."""
        return self.databases.kind

    @asynccontextmanager
    async def server(self) -> AsyncIterator[ServerProcess]:
        """A server on an empty database."""
        with self.databases.fresh() as url:
            async with self.server_on(url) as process:
                yield process

    @asynccontextmanager
    async def server_on(self, url: str) -> AsyncIterator[ServerProcess]:
        """A server on this database."""
        async with server_process(url, profile=self.profile) as process:
            yield process

    @asynccontextmanager
    async def api(self) -> AsyncIterator[tuple[ServerProcess, Api]]:
        """A server on an empty database, and one connection to it."""
        async with self.server() as process, process.channel() as channel:
            yield process, Api(channel)


Bench: TypeAlias = Callable[[Laboratory], AsyncIterator[Report]]
"""Measures, and reports each thing as soon as it is known."""
