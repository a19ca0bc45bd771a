"""What a durable flow reads back, from a server and from the control plane in its own process."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orch.engine.run_ids import new_run_id
from orch.recording import close_recorder, current_recorder, reading, use_recorder
from orch.recording.records import FlowRunRecord, ResumeFrom, TaskRunRecord
from orch.results.stored import StoredResult
from orch.settings import temporary_settings
from orch.states import Completed, Failed, Running, State, StateType
from tests.e2e.server_process import running_server

INLINE = StoredResult(b"[1, 2]", "", "application/json", 6)
FAR = StoredResult(None, "s3://bucket/key", "application/json", 1_000_000)


@pytest.fixture(params=["embedded", "server"])
async def place(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[dict[str, object]]:
    """Where runs are recorded, as settings."""
    if request.param == "embedded":
        yield {"home": tmp_path / "home", "api_url": ""}
        return
    async with running_server(tmp_path / "server") as server:
        yield {"home": tmp_path / "home", "api_url": f"http://{server.address}"}


@contextmanager
def process(place: dict[str, object]) -> Iterator[None]:
    """What a process has of its own: settings and a recorder, which is closed in the end."""
    before = use_recorder(None)
    try:
        with temporary_settings(**place):
            yield
            close_recorder()
    finally:
        use_recorder(before)


def begun(**fields: object) -> FlowRunRecord:
    """A run that the control plane has granted."""
    run = FlowRunRecord(
        id=new_run_id(),
        name="lynx",
        flow_name="etl",
        flow_version="1",
        parameters_json='{"day": 1}',
        durable=True,
        start_ns=time.time_ns(),
    )
    for name, value in fields.items():
        setattr(run, name, value)
    recorder = current_recorder()
    recorder.begin(run)
    recorder.begun(run).result(30)
    return run


def task(run: FlowRunRecord, name: str, end: State[None], result: StoredResult | None) -> TaskRunRecord:
    """A task run that has ended."""
    record = TaskRunRecord(new_run_id(), run, name, "m.task", name, create_ns=time.time_ns(), attempt=1)
    for state in (Running(), end):
        record.version += 1
        record.state, record.result = state, result if state is end else None
        current_recorder().task(record, state)
    return record


async def test_an_unfinished_run_is_found_with_its_results(place: dict[str, object]) -> None:
    with process(place):
        run = begun()
        inline = task(run, "inline", Completed(), INLINE)
        far = task(run, "far", Completed(), FAR)
        task(run, "failed", Failed(data=ValueError("no")), None)
        other = begun(id=new_run_id(), flow_name="other")
        current_recorder().end(other, Completed(), None)

    with process(place):
        (found,) = reading.unfinished_runs("etl")
        assert (found.id, found.state_type, found.token, found.flow_version) == (run.id, StateType.RUNNING, 1, "1")
        assert found.parameters_json == '{"day": 1}'
        # Its process is this one.
        assert not reading.holder_is_dead(found)
        results = {each.dynamic_key: each.result for each in reading.task_runs(run.id)}
        assert results == {"inline": INLINE, "far": FAR, "failed": None}
        assert {inline.id, far.id} < {each.task_run_id for each in reading.task_runs(run.id)}
        assert reading.flow_run(other.id) is not None
        assert reading.flow_run(new_run_id()) is None
        assert reading.unfinished_runs("other") == []

        again = begun(id=run.id, resume_from=ResumeFrom(found.token, take_over=True))
        assert again.token == 2
        current_recorder().end(again, Completed(), INLINE)

    with process(place):
        assert reading.unfinished_runs("etl") == []


async def test_what_is_not_recorded_is_not_read(tmp_path: Path) -> None:
    with process({"home": tmp_path, "recording": "off"}):
        assert reading.unfinished_runs("etl") == []
        assert reading.task_runs(new_run_id()) == []
        assert reading.flow_run(new_run_id()) is None
