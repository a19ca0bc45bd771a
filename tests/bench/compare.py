"""`python -m tests.bench.compare BASE [name …]`: what has become slower since BASE, by more than noise.

Each pair runs the benches on both versions, one after the other, and each second pair in the other order: A B B A A B.
One JSON object a figure, and a table at the end. The exit code is 1 where something is slower, 2 where nothing could be
compared.
"""

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psutil

from tests.bench.figures import Report
from tests.bench.paired import (
    CONFIDENCE,
    FEWEST_PAIRS,
    Comparison,
    FigureName,
    Verdict,
    compare,
    compared_figures,
)
from tests.bench.registry import BENCHES, ON_REQUEST, UNCOMPARED
from tests.bench.source_trees import PROJECT, SourceTreeError, environment_of, extracted

DEFAULT_BENCHES = ("import", "command_line", "lifecycle", "lifecycle_single", "lifecycle_batched", "tasks", "logs")
"""What most changes touch, in a minute and a half a version."""
_STOP_SECONDS = 30
_HEAD = ("bench", "figure", "base", "now", "ratio", f"{CONFIDENCE:.0%} interval", "")


@dataclass(frozen=True, slots=True)
class Version:
    """One of the two, and how to run it."""

    name: str
    variables: Mapping[str, str]


def main(arguments: Sequence[str]) -> int:
    """Measure both versions and say what has changed."""
    options = _options(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with extracted(options.base) as tree:
            base = Version("base", environment_of(tree))
            now = Version("now", environment_of(PROJECT))
            pairs = list(_pairs(base, now, options.names, options.pairs))
    except SourceTreeError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped: nothing was compared.", file=sys.stderr)
        return 130
    return _tell(compare([(one, other) for one, other in pairs]))


def _tell(comparisons: Sequence[Comparison]) -> int:
    for each in comparisons:
        print(json.dumps(each.as_json()))
    if not comparisons:
        print("No figure could be compared: no bench ran to its end on both versions.", file=sys.stderr)
        return 2
    print("\n" + comparison_table(comparisons))
    return 1 if any(each.verdict is Verdict.SLOWER for each in comparisons) else 0


def comparison_table(comparisons: Sequence[Comparison]) -> str:
    """For people. Ratios are now over base."""
    rows: list[Sequence[str]] = [_HEAD]
    for each in comparisons:
        interval = f"{each.low:.3f} to {each.high:.3f}"
        row = (each.label, each.figure, f"{each.base:.4g}", f"{each.now:.4g}", f"{each.ratio:.3f}", interval)
        rows.append((*row, each.verdict))
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _pairs(
    base: Version, now: Version, names: Sequence[str], count: int
) -> Iterator[tuple[Mapping[FigureName, float], Mapping[FigureName, float]]]:
    for number in range(count):
        order = (base, now) if number % 2 == 0 else (now, base)
        found: dict[str, Mapping[FigureName, float]] = {}
        for version in order:
            print(f"pair {number + 1} of {count}: {version.name}", file=sys.stderr, flush=True)
            found[version.name] = _measured(version, names)
        if not found["base"]:
            raise SourceTreeError("the benches do not run on BASE, as told above: choose others, or a later BASE.")
        yield found["base"], found["now"]


def _measured(version: Version, names: Sequence[str]) -> Mapping[FigureName, float]:
    """One run of the benches. What they say beside their lines goes to the terminal."""
    with _started(version, names) as process:
        if process.stdout is None:
            raise AssertionError("the process was started with a pipe")
        lines = [line for line in process.stdout if line.startswith("{")]
        process.wait()
    reports = [Report.read(line) for line in lines]
    for report in reports:
        if report.failed:
            print(f"{report.label} failed on {version.name}: {report.figures.get('error', '')}", file=sys.stderr)
    return compared_figures(reports)


@contextmanager
def _started(version: Version, names: Sequence[str]) -> Iterator[subprocess.Popen[str]]:
    """In a session of its own: a Ctrl-C comes to this process, which then sees to it that nothing stays behind."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bench", *names],
        cwd=PROJECT,
        env=version.variables,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is not None:
        return
    # Who insists would only leave behind what is being stopped.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    process.kill()
    process.wait()
    for each in family:
        with suppress(psutil.NoSuchProcess):
            each.kill()


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.compare", description="Says what has become slower than at BASE."
    )
    known = [name for name in (*BENCHES, *ON_REQUEST) if name not in UNCOMPARED]
    parser.add_argument("base", metavar="BASE", help="a commit, a branch or a tag")
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(known))
    parser.add_argument(
        "--pairs", type=int, default=FEWEST_PAIRS, help=f"runs of each version; at least {FEWEST_PAIRS}, the default"
    )
    options = parser.parse_args(arguments)
    if unknown := sorted(set(options.names) - set(known)):
        parser.error(f"there is no bench to compare called {', '.join(unknown)}: choose from {', '.join(known)}")
    if options.pairs < FEWEST_PAIRS:
        parser.error(f"{options.pairs} pairs cannot tell a change from chance: the least is {FEWEST_PAIRS}")
    options.names = options.names or list(DEFAULT_BENCHES)
    return options


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
