"""Many seeds, in as many processes as there are cores; and what is printed of them."""

import logging
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context

from tests.simulation.world.engine import Engine, PostgresEngine, SqliteEngine
from tests.simulation.world.simulation import Outcome, simulate

_CHUNK = 10
_PROGRESS_SECONDS = 10.0


@dataclass
class _Process:
    """What a process of seeds keeps from one to the next."""

    engine: Engine | None = None


_PROCESS = _Process()


def begin_process(url: str) -> None:
    """Open the database that a process of seeds keeps; in memory where there is no URL."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the first process ends the others
    logging.disable(logging.WARNING)  # what servers say of the faults that a seed makes
    _PROCESS.engine = PostgresEngine(url) if url else SqliteEngine()


def engine_of_process() -> Engine:
    """The database of this process of seeds."""
    if _PROCESS.engine is None:
        raise RuntimeError("A process of seeds begins with `begin_process`.")
    return _PROCESS.engine


def _run_chunk(seeds: Sequence[int]) -> list[Outcome]:
    """Seeds up to the first that fails."""
    done: list[Outcome] = []
    for seed in seeds:
        done.append(simulate(seed, engine_of_process()))
        if done[-1].violation is not None:
            break
    return done


@dataclass
class Tally:
    """What many seeds came to."""

    seeds: int = 0
    steps: int = 0
    commits: int = 0
    failed: Outcome | None = None


def run_seeds(seeds: range, urls: Sequence[str]) -> Tally:
    """Run them, printing how far they are, up to the first that fails. `urls`: a database for each process; empty: in
    memory."""
    tally, began, said = Tally(), time.monotonic(), time.monotonic()
    chunks = (seeds[at : at + _CHUNK] for at in range(0, len(seeds), _CHUNK))
    with _processes(urls) as pools:
        under_way: dict[Future[list[Outcome]], ProcessPoolExecutor] = {}
        for pool in pools:
            _next(pool, chunks, under_way)
        while under_way and tally.failed is None:
            done, _ = wait(under_way, timeout=_PROGRESS_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                _add(tally, future.result())
                _next(under_way.pop(future), chunks, under_way)
            if time.monotonic() - said >= _PROGRESS_SECONDS:
                said = time.monotonic()
                show(f"  {tally.seeds} of {len(seeds)} seeds, {rate(tally, began)}")
    show(f"{tally.seeds} seeds, {tally.commits} transactions checked, {tally.steps} events: {rate(tally, began)}")
    return tally


def _next(
    pool: ProcessPoolExecutor, chunks: Iterator[range], under_way: dict[Future[list[Outcome]], ProcessPoolExecutor]
) -> None:
    for chunk in islice(chunks, 1):
        under_way[pool.submit(_run_chunk, chunk)] = pool


def _add(tally: Tally, outcomes: list[Outcome]) -> None:
    for outcome in outcomes:
        tally.seeds += 1
        tally.steps += outcome.steps
        tally.commits += outcome.commits
        if outcome.violation is not None and tally.failed is None:
            tally.failed = outcome


@contextmanager
def _processes(urls: Sequence[str]) -> Iterator[list[ProcessPoolExecutor]]:
    """One process for each database. Ctrl-C ends them."""
    context = get_context("spawn")
    pools = [ProcessPoolExecutor(1, mp_context=context, initializer=begin_process, initargs=(url,)) for url in urls]
    try:
        yield pools
    finally:
        for pool in pools:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in list((pool._processes or {}).values()):
                process.terminate()


def rate(tally: Tally, began: float) -> str:
    """How fast it goes."""
    return f"{tally.seeds / max(time.monotonic() - began, 1e-9) * 60:.0f} seeds/min"


def cores() -> int:
    """How many processes to run."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def show(text: str) -> None:
    """One line for people."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
