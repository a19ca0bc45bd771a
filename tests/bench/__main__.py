"""`python -m tests.bench [name …]`: measures Orch on this machine. One JSON object a line, and a table at the end.

The exit code is 1 where a budget is broken.
"""

import argparse
import asyncio
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from tests.bench import (
    command_line,
    dispatch,
    docker_runs,
    heartbeats,
    imports,
    lifecycle,
    lifecycle_batched,
    list_runs,
    logs,
    machine,
    peers,
    schedules,
    sdk,
    server,
    tasks,
)
from tests.bench.databases import databases
from tests.bench.figures import Report, table
from tests.bench.laboratory import Bench, Laboratory

BENCHES: dict[str, Bench] = {
    "machine": machine.bench,
    "import": imports.bench,
    "command_line": command_line.bench,
    "hello": sdk.hello,
    "no_op_tasks": sdk.no_op_tasks,
    "scripts_at_once": sdk.many_scripts,
    "server": server.bench,
    "lifecycle": lifecycle.concurrent,
    "lifecycle_single": lifecycle.single,
    "lifecycle_batched": lifecycle_batched.bench,
    "heartbeats": heartbeats.bench,
    "tasks": tasks.bench,
    "logs": logs.bench,
    "schedules": schedules.bench,
    "list": list_runs.bench,
    "worker": dispatch.bench,
    "docker": docker_runs.bench,
    "prefect_worker": peers.bench,
}
ON_REQUEST: dict[str, Bench] = {"lifecycle_channels": lifecycle.concurrent_channels}
"""Run only where they are named."""
POSTGRES_ONLY = frozenset({"schedules", "list"})
"""They fill tables with Postgres' own SQL."""
LONGEST_SECONDS = 60
LONGER_SECONDS = {"list": 120, "no_op_tasks": 180, "worker": 180, "docker": 400, "prefect_worker": 300}
"""Filling the database takes half a minute."""


def main(arguments: Sequence[str]) -> int:
    """Run the benches named, or all."""
    known = BENCHES | ON_REQUEST
    parser = _parser(known)
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.names) - set(known)):
        parser.error(f"there is no bench called {', '.join(unknown)}: choose from {', '.join(known)}")
    wanted = [
        name for name in options.names or BENCHES if options.database == "postgresql" or name not in POSTGRES_ONLY
    ]
    reports: list[Report] = []
    with databases(options.database) as found:
        laboratory = Laboratory(found, profile=options.profile, explain=options.explain)
        for name in wanted:
            reports += asyncio.run(_run(name, known[name], laboratory))
    print("\n" + table(reports))
    return 0 if all(report.ok for report in reports) else 1


async def _run(name: str, bench: Bench, laboratory: Laboratory) -> list[Report]:
    """One bench's reports. One that fails is reported as failed and does not keep the others from running."""
    reports: list[Report] = []
    try:
        async with asyncio.timeout(LONGER_SECONDS.get(name, LONGEST_SECONDS)):
            async for report in bench(laboratory):
                print(report.line(), flush=True)
                reports.append(report)
    except TimeoutError:
        reports.append(Report(name, {"error": "it took too long and was stopped"}, failed=True))
    except Exception as error:
        traceback.print_exception(error)
        reports.append(Report(name, {"error": f"{type(error).__name__}: {error}"}, failed=True))
    for report in reports:
        if report.failed:
            print(report.line(), flush=True)
    return reports


def _parser(known: dict[str, Bench]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measures Orch on this machine.")
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(known))
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument(
        "--profile", type=Path, metavar="NAME", help="write a profile of the server: by py-spy if found, else cProfile"
    )
    parser.add_argument("--explain", type=Path, metavar="FILE", help="write the plans of lists that are over budget")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
