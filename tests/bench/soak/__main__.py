"""`python -m tests.bench.soak --minutes 30`: a server, workers and mixed load on Postgres, and whether all stays flat.

Every few seconds one JSON object goes into a file; at the end each series is judged. `--report FILE` judges a file that
was kept. The exit code is 0 where everything is flat, 1 where something grows, 2 where the soak broke off, 130 where
somebody stopped it. Whatever happens, nothing stays behind.
"""

import argparse
import asyncio
import json
import signal
import sys
import traceback
from collections.abc import Coroutine, Sequence
from pathlib import Path

from tests.bench.soak.soaking import soak
from tests.bench.soak.trends import Sample, Trend, judged

RUNS_A_MINUTE = 1000
_LEAST_RUNS_A_MINUTE = 200
_BUSY_MACHINE = (
    "Something takes longer than it did. The machine's load was {:.1f} at first and {:.1f} at last: where others have"
    " taken part in it, look at cpu_ms_a_run, which counts the control plane's own time, and soak again."
)
_LEAST_SHOWN = {"table_mb": 1, "index_mb": 1, "dead_tuples": 1000}
_HEAD = ("series", "begin", "end", "bound", "verdict")


def main(arguments: Sequence[str]) -> int:
    """Soak, or judge what an earlier soak has written."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.report is not None:
        return _judge(_kept(parser, options.report))
    if options.minutes <= 0 or options.runs_a_minute < _LEAST_RUNS_A_MINUTE:
        parser.error(f"a soak lasts more than 0 minutes and makes at least {_LEAST_RUNS_A_MINUTE} runs in each")
    samples: list[Sample] = []
    try:
        asyncio.run(_until_stopped(soak(options.minutes, options.runs_a_minute, options.out, samples)))
    except asyncio.CancelledError:
        print(f"\nStopped after {len(samples)} samples, which are in {options.out}.", file=sys.stderr)
        return 130
    except Exception as error:
        traceback.print_exception(error)
        print(f"\nThe soak broke off after {len(samples)} samples, which are in {options.out}.", file=sys.stderr)
        return 2
    return _judge(samples)


async def _until_stopped(work: Coroutine[None, None, None]) -> None:
    """Ctrl-C and SIGTERM end it, once: who insists does not keep it from cleaning up."""
    task = asyncio.ensure_future(work)
    told = asyncio.Event()

    def stop() -> None:
        if not told.is_set():
            told.set()
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    await task


def _judge(samples: Sequence[Sample]) -> int:
    if not samples:
        print("There are no samples to judge.", file=sys.stderr)
        return 2
    trends = judged(samples)
    print("\n" + trend_table(trends))
    last = samples[-1]
    print(f"\n{last['runs']:g} runs in {last['t'] / 60:.1f} minutes, {60 * last['runs'] / last['t']:.0f} a minute.")
    if any(not trend.flat and trend.series.endswith("_ms") for trend in trends):
        print(_BUSY_MACHINE.format(*(samples[place].get("load_average", 0) for place in (0, -1))))
    return 0 if all(trend.flat for trend in trends) else 1


def trend_table(trends: Sequence[Trend]) -> str:
    """For people, and for a page: it is Markdown. Small tables that are flat are left out."""
    rows: list[Sequence[str]] = [_HEAD, ["---"] * len(_HEAD)]
    rows += [
        (each.series, f"{each.begin:.4g}", f"{each.end:.4g}", each.bound, each.verdict)
        for each in trends
        if not each.flat or each.end >= _LEAST_SHOWN.get(each.series.partition(".")[0], 0)
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(_HEAD))]
    return "\n".join(
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    )


def _kept(parser: argparse.ArgumentParser, file: Path) -> list[Sample]:
    try:
        return [json.loads(line) for line in file.read_text().splitlines()]
    except (OSError, ValueError) as error:
        parser.error(f"{file} holds no samples of a soak: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.soak", description="Mixed load; is all flat?")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--runs-a-minute", type=int, default=RUNS_A_MINUTE, help=f"{RUNS_A_MINUTE} by default")
    parser.add_argument("--out", type=Path, default=Path("soak.jsonl"), metavar="FILE", help="where the samples go")
    parser.add_argument("--report", type=Path, metavar="FILE", help="judge the samples of an earlier soak")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
