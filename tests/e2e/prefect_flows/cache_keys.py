"""Cache keys of one's own: ``cache_key_fn``, ``task_input_hash``, ``refresh_cache``, policies made of functions."""

from collections import Counter
from typing import Any

from orch import flow, task
from orch.cache_policies import INPUTS, CacheKeyFnPolicy
from orch.context import TaskRunContext
from orch.tasks import task_input_hash

calls: Counter[str] = Counter()


def one_key(context: TaskRunContext, parameters: dict[str, Any]) -> str:
    return "the one key"


def by_parity(context: TaskRunContext, parameters: dict[str, Any]) -> str:
    return f"{context.task.name} {parameters['number'] % 2}"


def no_key(context: TaskRunContext, parameters: dict[str, Any]) -> str | None:
    return None


@task(cache_key_fn=one_key, persist_result=True)
def first_sharer() -> str:
    calls["first sharer"] += 1
    return "from the first"


@task(cache_key_fn=one_key, persist_result=True)
def second_sharer() -> str:
    calls["second sharer"] += 1
    return "from the second"


@task(cache_key_fn=by_parity, persist_result=True)
def of_parity(number: int) -> int:
    calls["of parity"] += 1
    return number


@task(cache_key_fn=task_input_hash, persist_result=True)
def hashed(mapping: dict[str, int]) -> int:
    calls["hashed"] += 1
    return sum(mapping.values())


@task(cache_key_fn=no_key, persist_result=True)
def without_key() -> str:
    calls["without key"] += 1
    return "new"


@task(cache_key_fn=task_input_hash, refresh_cache=True, persist_result=True)
def refreshed(number: int) -> int:
    calls["refreshed"] += 1
    return calls["refreshed"]


@task(cache_policy=CacheKeyFnPolicy(cache_key_fn=by_parity) + INPUTS, persist_result=True)
def by_both(number: int) -> int:
    calls["by both"] += 1
    return number


@task(cache_key_fn=task_input_hash)
def not_told_to_persist(number: int) -> int:
    calls["not told to persist"] += 1
    return number


@flow
def shared() -> list[str]:
    return [first_sharer(), second_sharer()]


@flow
def names() -> dict[str, list[str]]:
    return {
        "parity": [of_parity(n, return_state=True).name for n in (1, 2, 3, 4)],
        "hashed": [hashed(m, return_state=True).name for m in ({"a": 1, "b": 2}, {"b": 2, "a": 1}, {"a": 2})],
        "without key": [without_key(return_state=True).name for _ in range(2)],
        "refreshed": [refreshed(n, return_state=True).name for n in (1, 1)],
        "both": [by_both(n, return_state=True).name for n in (1, 3, 1)],
        "not told to persist": [not_told_to_persist(n, return_state=True).name for n in (1, 1)],
    }


@flow
def changed_options() -> list[object]:
    read = refreshed.with_options(refresh_cache=False)
    return [read(1), read(1, return_state=True).name, of_parity.with_options(refresh_cache=True)(5)]


def main() -> object:
    return {
        "shared": shared(),
        "first": names(),
        "second": names(),
        "changed options": changed_options(),
        "calls": dict(sorted(calls.items())),
    }
