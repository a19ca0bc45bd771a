"""``with_options``: changed copies of tasks and flows, the originals left as they are."""

from collections import Counter
from typing import Any

from orch import flow, task
from orch.cache_policies import INPUTS

calls: Counter[str] = Counter()
events: list[str] = []


@task(retries=0, tags=["first"])
def fails_twice(name: str) -> str:
    calls[name] += 1
    if calls[name] < 3:
        raise ValueError(f"call {calls[name]}")
    return f"good at call {calls[name]}"


@task
def add(left: int, right: int) -> int:
    calls["add"] += 1
    return left + right


def note(flow: Any, flow_run: Any, state: Any) -> None:
    events.append(f"{flow.name} {flow_run.name} {state.name}")


@flow(name="plain flow")
def plain(number: int) -> int:
    return number


@flow
def tasks() -> dict[str, object]:
    retried = fails_twice.with_options(retries=2, name="renamed")
    cached = add.with_options(cache_policy=INPUTS, persist_result=True)
    return {
        "original": fails_twice("original", return_state=True).name,
        "retried": retried("retried"),
        "names": [fails_twice.name, retried.name],
        "retries": [fails_twice.retries, retried.retries],
        "tags": [sorted(fails_twice.tags), sorted(retried.tags)],
        "cached": [cached(1, 2), cached(1, 2), add(1, 2)],
        "submitted": retried.with_options(retries=3).submit("submitted").result(),
    }


def flows() -> dict[str, object]:
    changed = plain.with_options(name="changed flow", flow_run_name="run {number}", on_completion=[note], retries=1)
    unchecked: Any = plain.with_options(validate_parameters=False)
    return {
        "values": [plain(1), changed(2), unchecked("text")],
        "names": [plain.name, changed.name, unchecked.name],
        "retries": [plain.retries, changed.retries],
        "events": list(events),
    }


def main() -> object:
    return {"tasks": tasks(), "flows": flows(), "calls": dict(sorted(calls.items()))}
