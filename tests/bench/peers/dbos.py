"""DBOS: a library that keeps workflows in Postgres, in the user's own process, without server or worker."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from tests.bench.figures import Report
from tests.bench.laboratory import Laboratory
from tests.bench.peers.programs import SCRIPTS, figures_of, import_seconds, script_seconds, variables_of

NAME = "DBOS"
STEPS = 500
WORKFLOWS = 300


async def measured(python: Path, laboratory: Laboratory) -> AsyncIterator[Report]:
    """Each of its steps is durable: committed before the next one. Its workflows are started and awaited in process."""
    yield _report("import", seconds=await import_seconds(python, "from dbos import DBOS"))
    with tempfile.TemporaryDirectory(prefix="orch-bench-dbos-") as folder:
        variables = variables_of(BENCH_DATABASE_URL=f"sqlite:///{folder}/dbos.sqlite")
        yield _report("hello", seconds=await script_seconds(python, "dbos_hello.py", variables))
    if laboratory.kind != "postgresql":
        return
    with laboratory.databases.fresh() as url:
        variables = variables_of(BENCH_DATABASE_URL=url)
        script = str(SCRIPTS / "dbos_steps.py")
        steps = await figures_of(str(python), script, "steps", str(STEPS), variables=variables)
        yield _report("durable_tasks", where="server", **steps)
        yield _report(
            "lifecycle", **await figures_of(str(python), script, "workflows", str(WORKFLOWS), variables=variables)
        )


def _report(bench: str, **figures: float | str) -> Report:
    return Report(bench, figures, peer=NAME)
