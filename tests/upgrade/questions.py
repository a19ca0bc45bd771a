"""What is asked of a version before it ends, and of the one that takes its data over: the answers must be the same."""

from collections.abc import Iterator, Mapping
from typing import Final

from tests.upgrade.older_client import Json, OlderClient
from tests.upgrade.scene import RESTLESS, Facts

Question = tuple[str, Mapping[str, Json]]
"""A method and its request."""

MOVING: Final = frozenset({"remaining", "last_seen_time", "status", "next_page_token", "resume_token"})
"""Fields that say how long ago something was (or whether that is too long ago), or where a page ended."""


def questions(client: OlderClient, facts: Facts) -> Iterator[Question]:
    """About everything that the scene has made and that does not change by itself."""
    for name, run_id in facts.runs.items():
        if name not in RESTLESS:
            yield from _about_run(run_id)
    yield "ListTaskRunStates", {"task_run_id": facts.task_run_id}
    yield "GetDeployment", {"deployment_id": facts.deployment_id}
    yield "ListDeploymentVersions", {"deployment_id": facts.deployment_id}
    for schedule_id in facts.schedule_ids:
        yield "GetSchedule", {"schedule_id": schedule_id}
    yield "GetWorkPool", {"name": facts.name}
    yield "ListWorkQueues", {"work_pool_name": facts.name}
    yield "GetFlow", {"name": facts.name}
    yield "GetWorker", {"session_id": facts.session_id}
    yield "ListLeases", {"work_pool_name": facts.name}
    if client.takes("ListLeases", "flow_run_id") and "process" in facts.runs:
        yield "ListLeases", {"flow_run_id": facts.runs["process"]}


def _about_run(run_id: str) -> Iterator[Question]:
    for method in ("GetFlowRun", "ListFlowRunStates", "ListTaskRuns", "ListLogs"):
        yield method, {"flow_run_id": run_id}


def ask_all(client: OlderClient, asked: Iterator[Question]) -> list[Json]:
    """Every question with its answer."""
    return [
        {"method": method, "request": dict(request), "answer": client.call(method, **request)}
        for method, request in asked
    ]


def missing(before: Json, after: Json, at: str = "") -> Iterator[str]:
    """Where the later answer does not say what the earlier one said. What it says beyond that is welcome."""
    if isinstance(before, dict) and isinstance(after, dict):
        for name, value in before.items():
            if name not in MOVING:
                yield from missing(value, after.get(name), f"{at}.{name}")
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from missing(one, other, f"{at}[{number}]")
    elif before != after:
        yield f"{at}: {before!r}, now {after!r}"
