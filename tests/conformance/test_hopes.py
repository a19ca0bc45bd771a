"""Transactions that hope instead of locking: one statement where nobody comes between, run again with locks where
somebody does. PostgreSQL only: on SQLite a writer is alone."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy.util import await_only

from orch_server.application.errors import InvalidArgument
from orch_server.application.flow_run_rows import Change
from orch_server.application.holders import report
from orch_server.application.ports import Transaction
from orch_server.application.request_rows import AnsweredRequest
from orch_server.application.task_runs import TaskReports, report_task_runs
from orch_server.clock import TimeOrderedIds
from orch_server.domain.runs import ReportVerdict, RunReport
from orch_server.domain.states import State, StateChange, StateType
from orch_server.domain.task_runs import TaskRun, TaskRunReport
from orch_server.storage.store import SqlStore
from tests.conformance.conftest import Kind, OpenServer
from tests.support.clock import FakeClock
from tests.support.stored_runs import change_run, store_run

pytestmark = [pytest.mark.postgres, pytest.mark.parametrize("kind", ["postgresql"], indirect=True)]


@pytest.fixture
async def run_id(store: SqlStore, ids: TimeOrderedIds, clock: FakeClock) -> UUID:
    """A run that a holder with the token 1 has."""
    return await store_run(store, ids, clock.now())


@pytest.fixture
def other(open_server: OpenServer, kind: Kind) -> SqlStore:
    """Another server, which comes between."""
    return open_server().store


class Between:
    """Does something, by another server, between what a use case reads and what it writes; in its first try only."""

    def __init__(self, act: Callable[[], None]) -> None:
        self.tries = 0
        self._act = act

    def __call__(self) -> None:
        self.tries += 1
        if self.tries == 1:
            self._act()


def _completed(run_id: UUID, *, token: int = 1) -> RunReport:
    return RunReport(run_id, token, 1, StateType.COMPLETED)


def _rename(tx: Transaction, run_id: UUID) -> None:
    before = tx.flow_runs.hold([run_id])[run_id]
    tx.flow_runs.change([Change(before, (replace(before, version=before.version + 1),))])


async def _version(store: SqlStore, run_id: UUID) -> int:
    return (await store.read(lambda tx: tx.flow_runs.get([run_id])))[run_id].facts.version


async def test_what_nobody_touches_is_written_at_once(store: SqlStore, run_id: UUID) -> None:
    tries = Between(lambda: None)

    def work(tx: Transaction) -> None:
        _rename(tx, run_id)
        tries()

    await store.write(work)

    assert tries.tries == 1
    assert await _version(store, run_id) == 2
    assert len(await store.read(lambda tx: tx.flow_runs.states(run_id, after_version=0, limit=9))) == 2


async def test_who_was_overtaken_runs_again_on_what_is_there_now(
    store: SqlStore, other: SqlStore, run_id: UUID, clock: FakeClock
) -> None:
    """Invariant 1 and 5: a decision is made on what the run is when it is written. Guard: `unchanged_runs`; without
    the comparison of versions the report below would be written over the cancelled run."""
    cancelled = Between(lambda: await_only(change_run(other, run_id, clock.now(), state=StateType.CANCELLED)))
    verdicts: list[object] = []

    def work(tx: Transaction) -> None:
        answers = report(tx, [[_completed(run_id)]], chance=lambda: 0.5)
        cancelled()
        verdicts.append(answers[0][0].verdict)  # type: ignore[index]

    await store.write(work)

    assert cancelled.tries == 2
    assert verdicts[-1] != ReportVerdict.ACCEPTED
    run = (await store.read(lambda tx: tx.flow_runs.get([run_id])))[run_id]
    assert (run.facts.state.type, run.facts.version) == (StateType.CANCELLED, 2)


async def test_nothing_of_a_vain_try_is_left(store: SqlStore, other: SqlStore, run_id: UUID, clock: FakeClock) -> None:
    answer = AnsweredRequest(uuid4(), "Rename", b"digest", b"answer")
    between = Between(lambda: await_only(change_run(other, run_id, clock.now(), token=2)))

    def work(tx: Transaction) -> None:
        if between.tries:
            raise ValueError("the second try refuses")
        _rename(tx, run_id)
        tx.requests.add([answer])
        between()

    with pytest.raises(ValueError, match="second try"):
        await store.write(work)

    assert await store.read(lambda tx: tx.requests.find([answer.id])) == {}
    assert await _version(store, run_id) == 2


async def test_task_runs_of_a_holder_that_was_replaced_meanwhile_are_lost(
    store: SqlStore, other: SqlStore, run_id: UUID, clock: FakeClock
) -> None:
    """Invariant 2: a write is guarded by its token in the same statement. Guard: `_same_tokens`."""
    granted = Between(lambda: await_only(change_run(other, run_id, clock.now(), token=2)))
    task = _task(run_id, clock)
    verdicts: list[object] = []

    def work(tx: Transaction) -> None:
        verdicts.extend(report_task_runs(tx, [TaskReports(run_id, 1, (TaskRunReport(task, ()),))]))
        granted()

    await store.write(work)

    assert verdicts == [ReportVerdict.ACCEPTED, ReportVerdict.LOST]
    assert await store.read(lambda tx: tx.task_runs.get(task.id)) is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"token": 2}, [ReportVerdict.ACCEPTED, ReportVerdict.LOST]),
        ({"state": StateType.CANCELLING}, [ReportVerdict.ACCEPTED]),
        ({"state": StateType.SCHEDULED}, [ReportVerdict.ACCEPTED, ReportVerdict.ACCEPTED]),
    ],
    ids=["granted", "cancelled", "given back"],
)
async def test_first_news_of_task_runs_is_taken_as_the_run_is_when_it_is_written(
    store: SqlStore,
    other: SqlStore,
    run_id: UUID,
    clock: FakeClock,
    change: dict[str, Any],
    expected: list[ReportVerdict],
) -> None:
    """It is written without a look at what is stored, and with one where that was wrong. Guard: `same_holders`."""
    await change_run(store, run_id, clock.now(), state=StateType.RUNNING)
    changed = Between(lambda: await_only(change_run(other, run_id, clock.now(), **change)))
    news = TaskReports(run_id, 1, (_first_news(run_id, clock),))
    verdicts: list[object] = []

    def work(tx: Transaction) -> None:
        verdicts.extend(report_task_runs(tx, [news]))
        changed()

    await store.write(work)

    assert verdicts == expected
    stored = await store.read(lambda tx: tx.task_runs.get(news.reports[0].task_run.id))
    assert (stored is None) == (expected[-1] == ReportVerdict.LOST)


@pytest.mark.parametrize("count", [1, 2, 101, 1001])
async def test_first_news_of_many_task_runs(store: SqlStore, run_id: UUID, clock: FakeClock, count: int) -> None:
    """As one statement, in each form that rows have, and as several."""
    await change_run(store, run_id, clock.now(), state=StateType.RUNNING)
    first, late = (tuple(_first_news(run_id, clock) for _ in range(count)) for _ in range(2))

    taken = await store.write(lambda tx: report_task_runs(tx, [TaskReports(run_id, 1, first)]))
    lost = await store.write(lambda tx: report_task_runs(tx, [TaskReports(run_id, 2, late)]))

    assert (taken, lost) == ([ReportVerdict.ACCEPTED], [ReportVerdict.LOST])
    stored = await store.read(lambda tx: tx.task_runs.page(run_id, state_types=(), after=None, limit=2 * count))
    assert {run.id for run in stored} == {report.task_run.id for report in first}
    states = await store.read(lambda tx: tx.task_runs.states(first[-1].task_run.id, after_version=0, limit=9))
    assert [each.version for each in states] == [1]


async def test_first_news_that_is_told_again_or_belongs_to_another_run(
    store: SqlStore, ids: TimeOrderedIds, run_id: UUID, clock: FakeClock
) -> None:
    """Guard: `_unknown`; without it, a second telling would add states of a task run that is another run's."""
    await change_run(store, run_id, clock.now(), state=StateType.RUNNING)
    another = await store_run(store, ids, clock.now())
    await change_run(store, another, clock.now(), state=StateType.RUNNING)
    news = _first_news(run_id, clock)
    foreign = replace(news, task_run=replace(news.task_run, flow_run_id=another, version=2), changes=(_ended(clock),))

    first = await store.write(lambda tx: report_task_runs(tx, [TaskReports(run_id, 1, (news,))]))
    again = await store.write(lambda tx: report_task_runs(tx, [TaskReports(run_id, 1, (news,))]))
    others = await store.write(lambda tx: report_task_runs(tx, [TaskReports(another, 1, (foreign,))]))

    assert (first, again) == ([ReportVerdict.ACCEPTED], [ReportVerdict.ACCEPTED])
    assert isinstance(others[0], InvalidArgument)
    states = await store.read(lambda tx: tx.task_runs.states(news.task_run.id, after_version=0, limit=9))
    assert [each.version for each in states] == [1]


async def test_a_statement_between_begins_the_transaction(
    store: SqlStore, other: SqlStore, run_id: UUID, clock: FakeClock
) -> None:
    """What is written is seen by later statements, and undone with them."""

    def work(tx: Transaction) -> None:
        _rename(tx, run_id)
        assert tx.flow_runs.get([run_id])[run_id].facts.version == 2
        assert await_only(_version(other, run_id)) == 1
        raise ValueError("undo it")

    with pytest.raises(ValueError, match="undo it"):
        await store.write(work)

    assert await _version(store, run_id) == 1


def _first_news(run_id: UUID, clock: FakeClock) -> TaskRunReport:
    task = _task(run_id, clock)
    return TaskRunReport(task, (StateChange(1, task.state, 1),))


def _ended(clock: FakeClock) -> StateChange:
    return StateChange(1, State(StateType.COMPLETED, "Completed", clock.now()), 1)


def _task(run_id: UUID, clock: FakeClock) -> TaskRun:
    now = clock.now()
    state = State(StateType.RUNNING, "Running", now)
    change = StateChange(1, state, 1)
    return TaskRun(
        id=uuid4(),
        flow_run_id=run_id,
        name="load",
        task_key="load",
        dynamic_key="0",
        state=change.state,
        attempt=1,
        tags=(),
        upstream_task_run_ids=(),
        cache_key="",
        result=None,
        child_flow_run_id=None,
        create_time=now,
        start_time=now,
        end_time=None,
        version=1,
    )
