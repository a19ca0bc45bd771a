"""A courier with a fake plane, in moved time."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import Future
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from orch.recording.batches import Holder
from orch.recording.courier import Courier, Plan
from orch.recording.inbox import Awaited, Begun, Ended, Inbox, RunNews, TaskNews, Waiting
from orch.recording.records import FlowRunRecord, LogLine, TaskRunRecord, Verdict
from orch.results.stored import StoredResult
from orch.states import Completed, Running, State
from tests.unit.sdk.recording.fake_plane import FakePlane
from tests.unit.sdk.recording.moved_time import loop_clock, wall_ns


@dataclass
class Scene:
    """What the engine would call, and what the plane has stored."""

    plane: FakePlane
    inbox: Inbox
    courier: Courier
    verdicts: list[tuple[str, Verdict]] = field(default_factory=list)
    _counts: dict[str, int] = field(default_factory=dict)

    def run(self, name: str = "lynx", **fields: Any) -> FlowRunRecord:  # noqa: ANN401 (the record's own fields)
        """A run that has begun."""
        record = FlowRunRecord(id=f"run-{name}", name=name, flow_name="etl", start_ns=wall_ns(), **fields)
        record.on_verdict = lambda verdict, _: self.verdicts.append((name, verdict))
        self.inbox.put(Begun(record))
        return record

    def task(self, run: FlowRunRecord, name: str, *states: State[Any], result: StoredResult | None = None) -> None:
        """A task run that goes through these states, Running and Completed if not said otherwise."""
        task = TaskRunRecord(f"task-{name}", run, name, "m.task", name, create_ns=wall_ns(), attempt=1)
        for state in states or (Running(), Completed()):
            task.version += 1
            task.state = state
            task.result = result if state.is_completed() else None
            self.inbox.put(TaskNews(task, state, task.version, task.attempt))

    def line(self, run: FlowRunRecord, message: str) -> None:
        """A line of the run."""
        self.inbox.put(LogLine(run, "", wall_ns(), 20, "orch", message))

    def state(self, run: FlowRunRecord, state: State[Any]) -> None:
        """A state on the way."""
        self.inbox.put(RunNews(run, state))

    def end(self, run: FlowRunRecord, state: State[Any] | None = None) -> None:
        """The end."""
        self.inbox.put(Ended(run, state or Completed(), None))

    def ask(self, awaited: Awaited, run: FlowRunRecord | None = None, *, seconds: float = 30.0) -> "Future[bool]":
        """Somebody waits."""
        future: Future[bool] = Future()
        self.inbox.put_urgent(Waiting(awaited, run, future, seconds))
        return future

    async def begun(self, run: FlowRunRecord) -> bool:
        """Wait for the grant."""
        return await asyncio.wrap_future(self.ask(Awaited.BEGUN, run))

    async def flushed(self, seconds: float = 30.0) -> bool:
        """Wait until all is stored, or the time is over."""
        return await asyncio.wrap_future(self.ask(Awaited.FLUSHED, seconds=seconds))

    def workload(self, name: str, *, tasks: int = 20) -> FlowRunRecord:
        """A run with tasks and lines, that has ended."""
        run = self.run(name)
        for number in range(tasks):
            self.task(run, f"{name}-{number}")
            self.line(run, f"{name} said {number}")
        self.end(run)
        return run


@asynccontextmanager
async def playing(
    plane: FakePlane,
    home: Path,
    *,
    holder: str = "holder-1",
    target: str = "plane",
    **limits: Any,  # noqa: ANN401 (the plan's own fields)
) -> AsyncIterator[Scene]:
    """A courier at work. It is closed in the end, as a process that ends closes it."""
    inbox = Inbox()

    async def open_transport() -> FakePlane:
        return plane

    plan = Plan(
        open_transport=open_transport,
        target=target,
        holder=Holder(holder, "host/1/2/3"),
        spill_folder=home / "spill",
        clock=loop_clock,
        wall_ns=wall_ns,
        chance=lambda: 0.5,
        **limits,
    )
    courier = Courier(inbox, plan)
    working = asyncio.create_task(courier.run())
    try:
        yield Scene(plane, inbox, courier)
    finally:
        courier.close()
        await working


def expected_lines(name: str, tasks: int = 20) -> list[str]:
    """What `workload` says."""
    return [f"{name} said {number}" for number in range(tasks)]


def assert_complete(plane: FakePlane, name: str, *, tasks: int = 20) -> None:
    """All of a workload is stored: every state of every task, every line once and in order, and the end."""
    run_id = f"run-{name}"
    assert plane.runs[run_id].states == ["Running", "Completed"]
    assert plane.lines[run_id, "run"] == expected_lines(name, tasks)
    states = {f"task-{name}-{number}": {1: "Running", 2: "Completed"} for number in range(tasks)}
    assert plane.tasks[run_id] == states
