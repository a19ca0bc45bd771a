"""`python -m tests.bench [name …]`: measures Orch on this machine. One JSON object a line, and a table at the end.

`--report FILE` measures nothing: it prints the table of lines that were kept, as Markdown.

The exit code is 1 where a budget is broken.
"""

import argparse
import asyncio
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import uvloop

from tests.bench.databases import databases
from tests.bench.figures import Report
from tests.bench.laboratory import Bench, Laboratory
from tests.bench.registry import BENCHES, EMBEDDED, LONGER_SECONDS, LONGEST_SECONDS, ON_REQUEST, POSTGRES_ONLY
from tests.bench.tables import markdown, table


def main(arguments: Sequence[str]) -> int:
    """Run the benches named, or all."""
    known = BENCHES | ON_REQUEST
    parser = _parser(known)
    options = parser.parse_args(arguments)
    if options.report is not None:
        return _report(parser, options.report)
    if unknown := sorted(set(options.names) - set(known)):
        parser.error(f"there is no bench called {', '.join(unknown)}: choose from {', '.join(known)}")
    wanted = [
        name for name in options.names or BENCHES if options.database == "postgresql" or name not in POSTGRES_ONLY
    ]
    reports: list[Report] = []
    with databases("sqlite" if EMBEDDED.issuperset(wanted) else options.database) as found:
        laboratory = Laboratory(found, profile=options.profile, explain=options.explain)
        for name in wanted:
            reports += uvloop.run(_run(name, known[name], laboratory))
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


def _report(parser: argparse.ArgumentParser, file: Path) -> int:
    """The table of lines that a run of benches has printed; what is no JSON is passed over."""
    try:
        lines = file.read_text().splitlines()
        print(markdown([Report.read(line) for line in lines if line.startswith("{")]))
    except (OSError, ValueError) as error:
        parser.error(f"{file} holds no lines of benches: {error}")
    return 0


def _parser(known: dict[str, Bench]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measures Orch on this machine.")
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(known))
    parser.add_argument("--database", choices=["postgresql", "sqlite"], default="postgresql")
    parser.add_argument(
        "--profile", type=Path, metavar="NAME", help="write a profile of the server: by py-spy if found, else cProfile"
    )
    parser.add_argument("--explain", type=Path, metavar="FILE", help="write the plans of lists that are over budget")
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="measure nothing: print lines that were kept as a Markdown table"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
