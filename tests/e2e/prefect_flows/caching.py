"""Cache policies: which calls share a result, and the state that a call answered from the cache ends in."""

from collections import Counter
from datetime import timedelta

from orch import flow, task
from orch.cache_policies import DEFAULT, FLOW_PARAMETERS, INPUTS, NO_CACHE, RUN_ID, TASK_SOURCE

calls: Counter[str] = Counter()


@task(cache_policy=INPUTS, persist_result=True)
def by_inputs(number: int, text: str = "a") -> str:
    calls["by inputs"] += 1
    return f"{number}{text}"


@task(cache_policy=INPUTS - "text", persist_result=True)
def by_some_inputs(count: int, text: str = "a") -> str:
    calls["by some inputs"] += 1
    return f"{count}{text}"


@task(cache_policy=TASK_SOURCE, persist_result=True)
def by_source(number: int) -> int:
    calls["by source"] += 1
    return number


@task(cache_policy=TASK_SOURCE + INPUTS, persist_result=True)
def by_source_and_inputs(number: int) -> int:
    calls["by source and inputs"] += 1
    return number


@task(cache_policy=RUN_ID + INPUTS, persist_result=True)
def by_run(number: int) -> int:
    calls["by run"] += 1
    return number


@task(cache_policy=FLOW_PARAMETERS, persist_result=True)
def by_flow_parameters(number: int) -> int:
    calls["by flow parameters"] += 1
    return number


@task(cache_policy=NO_CACHE, persist_result=True)
def never(number: int) -> int:
    calls["never"] += 1
    return number


@task(cache_policy=DEFAULT, persist_result=True)
def by_default_policy(number: int) -> int:
    calls["by default policy"] += 1
    return number


@task
def undecorated(number: int) -> int:
    calls["undecorated"] += 1
    return number


@task(cache_policy=INPUTS, persist_result=True)
def failing(reason: str) -> None:
    calls["failing"] += 1
    raise ValueError(reason)


@task(cache_policy=INPUTS, cache_expiration=timedelta(days=1), persist_result=True)
def for_a_day(day: int) -> int:
    calls["for a day"] += 1
    return day


@task(cache_policy=INPUTS, cache_expiration=timedelta(seconds=-1), persist_result=True)
def expired_at_once(moment: int) -> int:
    calls["expired at once"] += 1
    return moment


@flow
def states(run: int) -> dict[str, list[str]]:
    return {
        "inputs": [by_inputs(n, return_state=True).name for n in (1, 1, 2)],
        "other inputs": [by_inputs(1, text, return_state=True).name for text in ("a", "b")],
        "named inputs": [by_inputs(text="a", number=1, return_state=True).name],
        "some inputs": [by_some_inputs(1, text, return_state=True).name for text in "ab"],
        "source": [by_source(n, return_state=True).name for n in (1, 2)],
        "source and inputs": [by_source_and_inputs(n, return_state=True).name for n in (1, 2, 1)],
        "run": [by_run(n, return_state=True).name for n in (1, 1)],
        "flow parameters": [by_flow_parameters(n, return_state=True).name for n in (1, 2)],
        "never": [never(n, return_state=True).name for n in (1, 1)],
        "default": [by_default_policy(n, return_state=True).name for n in (1, 1)],
        "undecorated": [undecorated(n, return_state=True).name for n in (1, 1)],
        "failing": [failing("no", return_state=True).name for _ in range(2)],
        "for a day": [for_a_day(n, return_state=True).name for n in (1, 1)],
        "expired": [expired_at_once(n, return_state=True).name for n in (1, 1)],
    }


@task(cache_policy=INPUTS, persist_result=True)
def without_inputs() -> str:
    calls["without inputs"] += 1
    return "anew"


@task(cache_policy=INPUTS)
def policy_is_enough(place: str) -> str:
    calls["policy is enough"] += 1
    return place


@task(cache_policy=INPUTS, persist_result=True)
def shares_with_another(place: str) -> str:
    calls["shares"] += 1
    return f"another {place}"


@task(cache_policy=INPUTS, persist_result=False)
def told_not_to_persist(town: str) -> str:
    calls["told not to persist"] += 1
    return town


@flow
def corners() -> dict[str, list[str]]:
    return {
        "without inputs": [without_inputs(return_state=True).name for _ in range(2)],
        "policy is enough": [policy_is_enough("here", return_state=True).name for _ in range(2)],
        "another task, same inputs": [shares_with_another("here")],
        "told not to persist": [told_not_to_persist("there", return_state=True).name for _ in range(2)],
    }


@flow
def submitted() -> list[object]:
    by_inputs(77)
    future = by_inputs.submit(77)
    value = future.result()
    mapped = by_inputs.map([77, 77])
    return [value, future.state.name, mapped.result(), [each.state.name for each in mapped]]


@flow
def values() -> list[object]:
    return [by_some_inputs(5, "first"), by_some_inputs(5, "second"), by_source(8)]


def main() -> object:
    return {
        "first run": states(1),
        "second run": states(1),
        "other parameters": states(2),
        "corners": corners(),
        "submitted": submitted(),
        "values": values(),
        "calls": dict(sorted(calls.items())),
    }
