"""`python -m tests.chaos --minutes 10 [--seed 7]`: chaos on real processes. See docs/chaos.md.

The exit code is 0 where all held, 1 where something did not, 130 after Ctrl-C.
"""

import argparse
import asyncio
import os
import random
import signal
import sys
from datetime import datetime, timedelta
from pathlib import Path

from tests.chaos import report
from tests.chaos.clearing import clear, clear_leftovers, new_folder
from tests.chaos.installation import Size
from tests.chaos.session import Outcome, Plan, chaos


def _say(line: str) -> None:
    sys.stderr.write(f"{datetime.now().astimezone():%H:%M:%S} {line}\n")


def _plan() -> Plan:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long faults come (10)")
    parser.add_argument("--seed", type=int, help="which faults, which load, in which order (any)")
    parser.add_argument("--ttl", type=int, default=5, help="how long a lease lasts, seconds (5)")
    parser.add_argument("--rate", type=float, default=Plan.runs_a_second, help="runs created a second (2)")
    given = parser.parse_args()
    if not 0 < given.minutes <= 60:
        # Clocks are set back by two hours, and told apart from right ones by that.
        parser.error("--minutes: more than 0, at most 60")
    if given.rate <= 0:
        parser.error("--rate: more than 0")
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(10_000)
    size = Size(lease_ttl=timedelta(seconds=given.ttl))
    return Plan(seed=seed, seconds=given.minutes * 60, runs_a_second=given.rate, size=size)


async def _run(plan: Plan, folder: Path) -> Outcome | None:
    """None: Ctrl-C, or SIGTERM."""
    work = asyncio.create_task(chaos(plan, folder, _say))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Once: what clears up is not to be interrupted.
        loop.add_signal_handler(number, work.cancel)
    try:
        return await work
    except asyncio.CancelledError:
        return None
    finally:
        # Here, in the loop: threads that wait for a process are let go by its end.
        clear(folder)


def main() -> int:
    """Run one chaos."""
    plan = _plan()
    for folder in clear_leftovers():
        _say(f"removed what an earlier chaos had left: {folder}")
    if os.geteuid() != 0:
        _say("not root: no network namespaces and no disks of their own; what needs them is left out")
    folder = new_folder()
    try:
        _say(f"seed {plan.seed}, {plan.seconds:g} s, in {folder}")
        outcome = asyncio.run(_run(plan, folder))
    except KeyboardInterrupt:
        # Before or after there was a loop that hears it.
        outcome = None
    finally:
        clear(folder)
    if outcome is None:
        _say("stopped; nothing is left")
        return 130
    sys.stdout.write(f"{report.for_people(outcome)}\n{report.as_json(outcome)}\n")
    return 1 if outcome.violations else 0


if __name__ == "__main__":
    sys.exit(main())
