"""Looks into the database while chaos is under way, past all proxies."""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field

import asyncpg

_LOOK_SECONDS = 0.5
_PATIENCE_SECONDS = 5.0
_QUERY = """
    SELECT (SELECT count(*) FROM flow_run WHERE state_type < 6) AS open_runs,
           (SELECT count(*) FROM lease) AS leases,
           (SELECT count(*) FROM lease JOIN deployment ON deployment.id = lease.deployment_id
            WHERE deployment.concurrency_limit IS NOT NULL) AS limited
"""


@dataclass
class Sampler:
    """What the last look saw, and the most of it that ever was."""

    url: str
    open_runs: int = 0
    leases: int = 0
    looks: int = 0
    most: Counter[str] = field(default_factory=Counter)

    async def go_on(self) -> None:
        """Look, for ever. A database that is away is looked at later."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self.look()

    async def look(self) -> bool:
        """One look; whether the database answered."""
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            async with asyncio.timeout(_PATIENCE_SECONDS):
                connection = await asyncpg.connect(self.url)
                try:
                    row = await connection.fetchrow(_QUERY)
                finally:
                    connection.terminate()
            self.open_runs, self.leases, self.looks = row["open_runs"], row["leases"], self.looks + 1
            for name in ("open_runs", "leases", "limited"):
                self.most[name] = max(self.most[name], row[name])
            return True
        return False
