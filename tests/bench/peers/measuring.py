"""The bench `peers`: what other orchestrators take for what ours do, where they are installed.

Nothing of theirs is compared with a budget: these are the figures that ours stand beside in the table.
"""

from collections.abc import AsyncIterator

from tests.bench.figures import Report
from tests.bench.laboratory import Laboratory
from tests.bench.peers import dbos, prefect
from tests.bench.peers.programs import VARIABLE, home, python_of


async def bench(laboratory: Laboratory) -> AsyncIterator[Report]:
    """Prefect and DBOS, each of them where there is an environment that has it."""
    with_dbos, with_prefect = python_of("dbos"), python_of("prefect")
    if with_dbos is None and with_prefect is None:
        said = f"No peers are installed in {home()}: `make bench-peers` installs them, {VARIABLE} names another folder."
        yield Report("peers", {"skipped": said})
    if with_dbos is not None:
        async for report in dbos.measured(with_dbos, laboratory):
            yield report
    if with_prefect is not None:
        async for report in prefect.measured(with_prefect):
            yield report
