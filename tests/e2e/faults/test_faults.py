"""Runs in flight while servers, workers, runs and the database die: nothing is lost, nothing sticks.

ORCH_TEST_FAULT_SEEDS says which seeds: a number, how many of them, or "7,12": these; each with 200 runs. Without it
there is one seed, with 60. ORCH_TEST_RUNS says how many runs.
"""

import asyncio
import os
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from orch_proto.v1.state_pb2 import StateType
from tests.e2e.faults import checking
from tests.e2e.faults.house import House, house
from tests.e2e.faults.shaking import FAULTS, Fault, restart_of, shake
from tests.support.stoppable_postgres import stoppable_postgres

RUNS = int(os.environ.get("ORCH_TEST_RUNS", "200" if "ORCH_TEST_FAULT_SEEDS" in os.environ else "60"))
DURABLE = RUNS * 4 // 5
STEPS = 8
STEP_SECONDS = 0.2
COUNT = 6
"""Faults a seed."""
TTL = timedelta(seconds=3)
SEED_SECONDS = 240


def _seeds() -> list[int]:
    text = os.environ.get("ORCH_TEST_FAULT_SEEDS", "1")
    return [int(each) for each in text.split(",") if each] if "," in text else list(range(int(text)))


@dataclass(frozen=True)
class Shaken:
    """A house, and what may happen to it."""

    house: House
    faults: dict[str, Fault]


@asynccontextmanager
async def _on_sqlite(folder: Path) -> AsyncIterator[Shaken]:
    async with house(folder, "--sweep-interval-seconds", "0.5", lease_ttl=TTL) as found:
        yield Shaken(found, dict(FAULTS))


@asynccontextmanager
async def _on_postgres(folder: Path) -> AsyncIterator[Shaken]:
    with stoppable_postgres() as postgres:
        options = ("--database-url", postgres.url, "--sweep-interval-seconds", "0.5")
        async with house(folder, *options, servers=2, lease_ttl=TTL) as found:
            yield Shaken(found, {**FAULTS, "restart database": restart_of(postgres)})


@pytest.mark.slow
@pytest.mark.timeout(3 * SEED_SECONDS)
@pytest.mark.parametrize("seed", _seeds())
@pytest.mark.parametrize("database", [_on_sqlite, pytest.param(_on_postgres, marks=pytest.mark.postgres)])
async def test_nothing_is_lost_and_nothing_sticks(database: object, seed: int, tmp_path: Path) -> None:
    opening = _on_sqlite if database is _on_sqlite else _on_postgres
    async with opening(tmp_path) as shaken:
        await _one_seed(shaken, random.Random(seed))


async def _one_seed(shaken: Shaken, chance: random.Random) -> None:
    found = shaken.house
    durable = await found.create(
        await found.deploy("durable_job", durable=True), DURABLE, steps=STEPS, seconds=STEP_SECONDS
    )
    plain = await found.create(await found.deploy("plain_job"), RUNS - DURABLE, steps=STEPS, seconds=STEP_SECONDS)
    async with asyncio.timeout(SEED_SECONDS), asyncio.TaskGroup() as group:
        watching = {run_id: group.create_task(found.watch(run_id)) for run_id in (*durable, *plain)}
        faults = group.create_task(shake(found, shaken.faults, chance, runs=RUNS, count=COUNT))
    async with asyncio.timeout(SEED_SECONDS):
        await found.nobody_holds_anything()
    runs = {run_id: task.result() for run_id, task in watching.items()}
    told = f"faults: {faults.result()}"
    result = str(sum(number * number for number in range(STEPS))).encode()
    for run_id in durable:
        assert runs[run_id].state.type == StateType.STATE_TYPE_COMPLETED, f"{runs[run_id]}, {told}"
        assert runs[run_id].result.data == result, f"{runs[run_id]}, {told}"
    for run_id in plain:
        assert runs[run_id].state.type in {StateType.STATE_TYPE_COMPLETED, StateType.STATE_TYPE_CRASHED}, told
    checking.ledger_is_right(found.ledger, durable, steps=STEPS)
    await checking.nothing_is_held(found.client)
    for run_id in runs:
        await checking.history_is_whole(found.client, run_id)
    for run_id in durable:
        await checking.tasks_have_ended(found.client, runs[run_id], count=STEPS)
