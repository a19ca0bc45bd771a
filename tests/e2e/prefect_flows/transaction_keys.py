"""Transactions with keys and values: idempotent blocks, isolation, commits in nested ones, async flows."""

import asyncio

from orch import flow, task
from orch.transactions import CommitMode, IsolationLevel, Transaction, transaction

events: list[str] = []


@task
def step(name: str) -> str:
    events.append(f"step {name}")
    return name


@step.on_commit
def step_committed(txn: Transaction) -> None:
    events.append("committed")


@step.on_rollback
def step_rolled_back(txn: Transaction) -> None:
    events.append(f"rolled back, parent says {txn.get('note', 'nothing')}")


@task
async def async_step(name: str) -> str:
    events.append(f"async step {name}")
    return name


@async_step.on_rollback
def async_step_rolled_back(txn: Transaction) -> None:
    events.append("async step rolled back")


@flow
def eager() -> None:
    with transaction(commit_mode=CommitMode.EAGER):
        step("eager")
        events.append("still in the block")
        raise ValueError("too late")


@flow
def lazy() -> None:
    with transaction(commit_mode=CommitMode.LAZY):
        step("lazy")
        events.append("still in the block")


@flow
def switched_off() -> None:
    with transaction(commit_mode=CommitMode.OFF):
        step("off")
        events.append("still in the block")


@flow
def values() -> None:
    with transaction() as txn:
        txn.set("note", {"a": [1]})
        step("with a note")
        raise ValueError("undo")


@flow
def missing_value() -> str:
    with transaction() as txn:
        try:
            txn.get("missing")
        except Exception as error:
            return f"{type(error).__name__}, default {txn.get('missing', 'd')}"
    return "nothing raised"


@flow
def states() -> list[object]:
    with transaction() as txn:
        during = [txn.is_active(), txn.is_committed(), txn.is_rolled_back()]
    return [during, [txn.is_active(), txn.is_committed(), txn.is_rolled_back()]]


@flow
async def in_an_async_flow() -> None:
    with transaction():
        await async_step("a")
        step("b")
        raise ValueError("undo both")


@flow
def levels() -> list[str]:
    with transaction(isolation_level=IsolationLevel.READ_COMMITTED) as txn:
        return [txn.isolation_level.name if txn.isolation_level else "none"]


def main() -> object:
    outcome: dict[str, object] = {}
    for each in (eager, lazy, switched_off, values):
        events.clear()
        state = each(return_state=True)
        outcome[each.name] = [state.type.value, *events]
    events.clear()
    state = asyncio.run(in_an_async_flow(return_state=True))
    outcome["async"] = [state.type.value, *events]
    return {**outcome, "missing": missing_value(), "states": states(), "levels": levels()}
