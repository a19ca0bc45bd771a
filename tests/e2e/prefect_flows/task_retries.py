"""Retries of tasks: how often they are called, what they end in, whether a condition is asked."""

from collections import Counter

from orch import flow, task
from orch.runtime import task_run
from orch.states import State
from orch.tasks import Task, exponential_backoff

calls: Counter[str] = Counter()
counted: list[int] = []


def fails_until(name: str, good_call: int) -> str:
    calls[name] += 1
    if calls[name] < good_call:
        raise ConnectionError(f"call {calls[name]}")
    return f"good at call {calls[name]}"


@task(retries=3)
def third_time_lucky() -> str:
    return fails_until("third time", 3)


@task(retries=2)
def never_lucky() -> str:
    return fails_until("never", 100)


@task(retries=2, retry_delay_seconds=0.01)
def delayed() -> str:
    return fails_until("delayed", 3)


@task(retries=3, retry_delay_seconds=[0.01, 0.02, 0.03])
def delayed_by_list() -> str:
    return fails_until("list", 4)


@task(retries=3, retry_delay_seconds=[0.01])
def delayed_by_short_list() -> str:
    return fails_until("short list", 4)


@task(retries=2, retry_delay_seconds=exponential_backoff(backoff_factor=0.01), retry_jitter_factor=0.5)
def delayed_by_backoff() -> str:
    return fails_until("backoff", 3)


@task(retries=2, retry_delay_seconds=lambda retries: [0.01] * retries)
def delayed_by_callable() -> str:
    return fails_until("callable", 3)


def is_connection_error(task: Task[..., object], task_run: object, state: State[object]) -> bool:
    calls["condition"] += 1
    error = state.result(raise_on_failure=False)
    return isinstance(error, ConnectionError)


@task(retries=5, retry_condition_fn=is_connection_error)
def retried_on_condition() -> str:
    return fails_until("condition good", 3)


@task(retries=5, retry_condition_fn=is_connection_error)
def not_retried_on_condition() -> None:
    calls["condition bad"] += 1
    raise KeyError("another kind")


@task(retries=2)
def counts_its_runs() -> None:
    counted.append(task_run.run_count)
    raise ValueError("again")


@task(retries=1)
async def async_retried() -> str:
    return fails_until("async", 2)


@task(retries=1)
def returns_after_submit() -> str:
    return fails_until("submitted", 2)


@flow
def everything() -> list[object]:
    seen: list[object] = [
        third_time_lucky(),
        delayed(),
        delayed_by_list(),
        delayed_by_short_list(),
        delayed_by_backoff(),
        delayed_by_callable(),
        retried_on_condition(),
        returns_after_submit.submit().result(),
    ]
    for each in (never_lucky, not_retried_on_condition, counts_its_runs):
        state = each(return_state=True)
        seen.append([state.type.value, state.name, repr(state.result(raise_on_failure=False))])
    return seen


@flow
async def async_everything() -> str:
    return await async_retried()


def main() -> object:
    import asyncio

    return {
        "outcomes": everything(),
        "async": asyncio.run(async_everything()),
        "calls": dict(sorted(calls.items())),
        "run counts": counted,
        "backoff": exponential_backoff(backoff_factor=3)(4),
    }
