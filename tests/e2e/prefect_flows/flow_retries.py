"""Retries of flows: which tasks run again, subflows, what a flow ends in when retries run out."""

from collections import Counter

from orch import flow, task
from orch.runtime import flow_run

calls: Counter[str] = Counter()
counted: list[int] = []


@task
def plain_task() -> int:
    calls["plain task"] += 1
    return calls["plain task"]


@task(persist_result=True)
def persisted_task() -> int:
    calls["persisted task"] += 1
    return calls["persisted task"]


@task
def fails_once() -> str:
    calls["fails once"] += 1
    if calls["fails once"] == 1:
        raise ConnectionError("first call")
    return "good"


@flow
def child() -> int:
    calls["child"] += 1
    return calls["child"]


@flow(retries=2)
def good_at_the_second_run() -> list[object]:
    calls["flow"] += 1
    counted.append(flow_run.run_count)
    return [plain_task(), persisted_task(), child(), fails_once()]


@flow(retries=2, retry_delay_seconds=0.01)
def never_good() -> None:
    calls["never good"] += 1
    raise ValueError(f"run {calls['never good']}")


@flow(retries=1)
def fails_by_what_it_returns() -> object:
    calls["returns"] += 1
    return fails_always.submit()


@task
def fails_always() -> None:
    raise LookupError("always")


@flow(retries=1)
async def async_good_at_the_second_run() -> str:
    calls["async"] += 1
    if calls["async"] == 1:
        raise ValueError("first run")
    return "good"


def main() -> object:
    import asyncio

    outcome: dict[str, object] = {
        "good": good_at_the_second_run(),
        "async": asyncio.run(async_good_at_the_second_run()),
    }
    for each in (never_good, fails_by_what_it_returns):
        state = each(return_state=True)
        outcome[each.name] = [state.type.value, state.name]
    return {**outcome, "calls": dict(sorted(calls.items())), "run counts": counted}
