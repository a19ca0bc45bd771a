"""Task runs in the store: written over lower versions only, guarded by the newest token, ends absorb (invariant 2)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from orch_server.application.errors import InvalidArgument, NotFound
from orch_server.application.pages import PageRequest
from orch_server.application.task_runs import TaskReports, TaskRuns
from orch_server.clock import TimeOrderedIds
from orch_server.domain.results import Result
from orch_server.domain.runs import ReportVerdict
from orch_server.domain.states import Failure, State, StateChange, StateType, default_name
from orch_server.domain.task_runs import TaskRun, TaskRunReport
from orch_server.storage.store import SqlStore
from tests.support.clock import FakeClock
from tests.support.stored_runs import change_run, store_run

S = StateType


@pytest.fixture
def task_runs(store: SqlStore) -> TaskRuns:
    return TaskRuns(store)


@pytest.fixture
async def run_id(store: SqlStore, ids: TimeOrderedIds, clock: FakeClock) -> UUID:
    return await store_run(store, ids, clock.now(), token=7)


@pytest.fixture
def new(run_id: UUID, ids: TimeOrderedIds, clock: FakeClock) -> TaskRun:
    """A task run that has just been made, not yet reported."""
    now = clock.now()
    return TaskRun(
        id=ids.new(now),
        flow_run_id=run_id,
        name="load-0",
        task_key="etl.load",
        dynamic_key="0",
        state=State(S.PENDING, "Pending", now),
        attempt=0,
        tags=("nightly",),
        upstream_task_run_ids=(ids.new(now), ids.new(now)),
        cache_key="",
        result=None,
        child_flow_run_id=None,
        create_time=now,
        start_time=None,
        end_time=None,
        version=1,
    )


def later(run: TaskRun, type_: StateType, *, version: int | None = None, attempt: int | None = None) -> TaskRun:
    """The task run in a next state."""
    state = State(type_, default_name(type_), run.state.time + timedelta(seconds=1))
    return replace(
        run,
        state=state,
        version=run.version + 1 if version is None else version,
        attempt=run.attempt if attempt is None else attempt,
    )


def change(run: TaskRun) -> StateChange:
    return StateChange(run.version, run.state, 7)


def reports(*runs: TaskRun, token: int = 7) -> TaskReports:
    return TaskReports(runs[0].flow_run_id, token, tuple(TaskRunReport(run, (change(run),)) for run in runs))


async def history(task_runs: TaskRuns, task_run_id: UUID, *, size: int = 100) -> list[StateChange]:
    found: list[StateChange] = []
    token = ""
    while True:
        page = await task_runs.states(PageRequest(size, token, "history"), task_run_id)
        found.extend(page.items)
        if not (token := page.next_token):
            return found


async def test_a_task_run_comes_back_as_it_was_reported(task_runs: TaskRuns, new: TaskRun, ids: TimeOrderedIds) -> None:
    now = new.create_time
    failed = replace(
        new,
        state=State(S.FAILED, "TimedOut", now, "too slow", Failure("TimeoutError", "5 s", "Traceback …", False)),
        attempt=3,
        cache_key="k",
        result=Result(b"\x00\xff", "", "application/octet-stream", 2),
        child_flow_run_id=ids.new(now),
        start_time=now,
        end_time=now + timedelta(microseconds=1),
        version=9,
    )

    assert await task_runs.report(reports(failed)) == ReportVerdict.ACCEPTED
    assert await task_runs.get(failed.id) == failed


async def test_a_newer_version_is_written_over_an_older_one(task_runs: TaskRuns, new: TaskRun) -> None:
    running = later(new, S.RUNNING, attempt=1)

    await task_runs.report(reports(new))
    await task_runs.report(reports(running))

    assert await task_runs.get(new.id) == running
    assert await history(task_runs, new.id) == [change(new), change(running)]


async def test_a_repeat_and_an_older_version_change_nothing(task_runs: TaskRuns, new: TaskRun) -> None:
    running = later(new, S.RUNNING, attempt=1)

    for report in (running, running, new, replace(running, name="other")):
        assert await task_runs.report(reports(report)) == ReportVerdict.ACCEPTED

    assert await task_runs.get(new.id) == running
    # What a late report tells of the past is kept.
    assert await history(task_runs, new.id, size=1) == [change(new), change(running)]


async def test_one_call_may_tell_of_a_task_run_twice(task_runs: TaskRuns, new: TaskRun) -> None:
    running, completed = later(new, S.RUNNING), later(new, S.COMPLETED, version=3)

    await task_runs.report(reports(new, completed, running))

    assert await task_runs.get(new.id) == completed
    assert [each.version for each in await history(task_runs, new.id)] == [1, 2, 3]


async def test_calls_at_once_share_transactions(
    store: SqlStore, task_runs: TaskRuns, new: TaskRun, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    other_run = await store_run(store, ids, clock.now(), token=2)
    mine = [replace(new, id=ids.new(clock.now())) for _ in range(30)]
    others = [replace(each, id=ids.new(clock.now()), flow_run_id=other_run) for each in mine]

    verdicts = await asyncio.gather(
        *(task_runs.report(reports(each)) for each in mine),
        *(task_runs.report(reports(each, token=2)) for each in others),
        task_runs.report(reports(others[0], token=7)),
    )

    assert verdicts == [ReportVerdict.ACCEPTED] * 60 + [ReportVerdict.LOST]
    page = (await task_runs.page(PageRequest(100, "", "list"), other_run, ())).page
    assert [each.id for each in page.items] == [each.id for each in others]


async def test_thousands_of_reports_in_one_call(task_runs: TaskRuns, new: TaskRun, ids: TimeOrderedIds) -> None:
    many = [replace(new, id=ids.new(new.create_time)) for _ in range(2500)]

    assert await task_runs.report(reports(*many)) == ReportVerdict.ACCEPTED
    assert await task_runs.get(many[-1].id) == many[-1]


@pytest.mark.parametrize("token", [6, 8, 0])
async def test_any_token_but_the_newest_is_lost(task_runs: TaskRuns, new: TaskRun, token: int) -> None:
    assert await task_runs.report(reports(new, token=token)) == ReportVerdict.LOST

    with pytest.raises(NotFound):
        await task_runs.get(new.id)


@pytest.mark.parametrize("state", [S.COMPLETED, S.CRASHED, S.SCHEDULED, S.CANCELLING])
async def test_the_newest_token_stays_good_until_the_next_grant(
    store: SqlStore, task_runs: TaskRuns, new: TaskRun, clock: FakeClock, state: StateType
) -> None:
    """What is flushed late, after the end or after contact was lost, is kept: nobody else has the run yet."""
    await change_run(store, new.flow_run_id, clock.now(), state=state)
    assert await task_runs.report(reports(new)) == ReportVerdict.ACCEPTED

    await change_run(store, new.flow_run_id, clock.now(), state=S.PENDING, token=8)
    assert await task_runs.report(reports(later(new, S.RUNNING))) == ReportVerdict.LOST
    assert await task_runs.get(new.id) == new


@pytest.mark.parametrize("end", [S.COMPLETED, S.FAILED, S.CANCELLED, S.CRASHED])
@pytest.mark.parametrize("after", [S.RUNNING, S.SCHEDULED, S.COMPLETED, S.FAILED])
async def test_an_end_absorbs_until_a_new_attempt(
    task_runs: TaskRuns, new: TaskRun, end: StateType, after: StateType
) -> None:
    ended = later(new, end, attempt=1)
    await task_runs.report(reports(ended))

    revived = later(ended, after)
    assert await task_runs.report(reports(revived)) == ReportVerdict.ACCEPTED
    allowed = after == end
    assert await task_runs.get(new.id) == (revived if allowed else ended)
    assert len(await history(task_runs, new.id)) == 1 + allowed

    retried = later(ended, after, attempt=2, version=9)
    await task_runs.report(reports(retried))
    assert await task_runs.get(new.id) == retried


async def test_the_statement_guards_what_the_decision_did_not_see(
    store: SqlStore, task_runs: TaskRuns, new: TaskRun
) -> None:
    """Invariant 2 once more, inside the statement: also without the decision before it, nothing wrong is written."""
    completed = later(new, S.COMPLETED, attempt=1)
    await task_runs.report(reports(completed))

    for wrong in (new, later(completed, S.RUNNING), replace(later(completed, S.COMPLETED), flow_run_id=new.id)):
        await store.write(lambda tx, wrong=wrong: tx.task_runs.put([wrong]))  # type: ignore[misc]

    assert await task_runs.get(new.id) == completed


async def test_a_task_run_of_another_run_is_refused_and_nothing_written(
    store: SqlStore, task_runs: TaskRuns, new: TaskRun, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    await task_runs.report(reports(new))
    other_run = await store_run(store, ids, clock.now(), token=7)
    fresh = replace(new, id=ids.new(clock.now()), flow_run_id=other_run)
    stolen = replace(later(new, S.FAILED), flow_run_id=other_run)

    with pytest.raises(InvalidArgument) as refused:
        await task_runs.report(reports(fresh, stolen))

    assert refused.value.violations[0].field == "reports[1].task_run.task_run_id"
    assert await task_runs.get(new.id) == new
    with pytest.raises(NotFound):
        await task_runs.get(fresh.id)


async def test_an_unknown_flow_run_is_not_found(task_runs: TaskRuns, new: TaskRun, ids: TimeOrderedIds) -> None:
    unknown = replace(new, flow_run_id=ids.new(new.create_time))

    with pytest.raises(NotFound):
        await task_runs.report(reports(unknown))
    with pytest.raises(NotFound):
        await task_runs.page(PageRequest(1, "", "list"), unknown.flow_run_id, ())
    with pytest.raises(NotFound):
        await task_runs.states(PageRequest(1, "", "history"), new.id)


async def test_a_call_without_reports_still_tells_who_holds_the_run(
    task_runs: TaskRuns, run_id: UUID, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    """Nothing is written with which the token could be compared."""
    assert await task_runs.report(TaskReports(run_id, 7, ())) == ReportVerdict.ACCEPTED
    assert await task_runs.report(TaskReports(run_id, 6, ())) == ReportVerdict.LOST
    with pytest.raises(NotFound):
        await task_runs.report(TaskReports(ids.new(clock.now()), 7, ()))


async def test_lists_are_in_the_order_of_ids_filtered_and_without_results(
    task_runs: TaskRuns, new: TaskRun, ids: TimeOrderedIds
) -> None:
    many = [
        later(replace(new, id=ids.new(new.create_time)), S.COMPLETED if place % 2 else S.RUNNING) for place in range(7)
    ]
    many[1] = replace(many[1], result=Result(b"1", "", "application/json", 1))
    await task_runs.report(reports(*reversed(many)))

    found: list[TaskRun] = []
    token = ""
    while True:
        page = (await task_runs.page(PageRequest(2, token, "list"), new.flow_run_id, ())).page
        found.extend(page.items)
        if not (token := page.next_token):
            break
    assert [each.id for each in found] == [each.id for each in many]
    assert found[1].result == Result(None, "", "application/json", 1)

    page = (await task_runs.page(PageRequest(10, "", "list"), new.flow_run_id, (S.COMPLETED, S.FAILED))).page
    assert [each.id for each in page.items] == [each.id for each in many[1::2]]


# What has changed


async def changed(task_runs: TaskRuns, flow_run_id: UUID, token: str, *, size: int = 100) -> tuple[list[UUID], str]:
    """The ids of the task runs that have changed since, page by page, and the token for the next time."""
    found: list[UUID] = []
    page_token, first_token = "", ""
    while True:
        request = PageRequest(size, page_token, f"list {token}")
        answer = await task_runs.page(request, flow_run_id, (), changed_after=token)
        assert bool(answer.change_token) == (not page_token)
        first_token = first_token or answer.change_token
        found.extend(run.id for run in answer.page.items)
        if not (page_token := answer.page.next_token):
            return found, first_token


async def test_who_follows_a_run_is_told_only_what_is_new(
    task_runs: TaskRuns, new: TaskRun, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    many = [replace(new, id=ids.new(new.create_time)) for _ in range(5)]
    _, at_first = await changed(task_runs, new.flow_run_id, "")
    await task_runs.report(reports(*many))

    told, token = await changed(task_runs, new.flow_run_id, at_first, size=2)
    assert told == [each.id for each in many]
    assert await changed(task_runs, new.flow_run_id, token) == ([], token)

    clock.advance(timedelta(seconds=1))
    await task_runs.report(reports(later(many[3], S.RUNNING)))
    await task_runs.report(reports(later(many[1], S.RUNNING)))
    told, token = await changed(task_runs, new.flow_run_id, token, size=1)
    assert told == [many[1].id, many[3].id]

    clock.advance(timedelta(seconds=1))
    added = replace(new, id=ids.new(clock.now()))
    await task_runs.report(reports(added))
    assert (await changed(task_runs, new.flow_run_id, token))[0] == [added.id]
    assert (await changed(task_runs, new.flow_run_id, ""))[0] == [*(each.id for each in many), added.id]


async def test_what_changes_nothing_is_no_change(task_runs: TaskRuns, new: TaskRun, clock: FakeClock) -> None:
    running = later(new, S.RUNNING, attempt=1)
    await task_runs.report(reports(running))
    _, token = await changed(task_runs, new.flow_run_id, "")

    clock.advance(timedelta(seconds=1))
    await task_runs.report(reports(running))
    await task_runs.report(reports(new))

    assert await changed(task_runs, new.flow_run_id, token) == ([], token)


async def test_what_changes_while_pages_are_read_is_told_next_time(
    task_runs: TaskRuns, new: TaskRun, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    first, second, third = (replace(new, id=ids.new(new.create_time)) for _ in range(3))
    await task_runs.report(reports(first, second, third))
    page = await task_runs.page(PageRequest(2, "", "list"), new.flow_run_id, ())
    assert page.page.next_token

    clock.advance(timedelta(seconds=1))
    await task_runs.report(reports(later(first, S.RUNNING)))

    assert (await changed(task_runs, new.flow_run_id, page.change_token))[0] == [first.id]


async def test_changes_of_one_transaction_are_told_together(
    task_runs: TaskRuns, new: TaskRun, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    """Whoever has seen one of them has seen all that were before it, whichever server wrote them."""
    many = [replace(new, id=ids.new(new.create_time)) for _ in range(40)]
    _, token = await changed(task_runs, new.flow_run_id, "")
    clock.advance(timedelta(seconds=1))

    await asyncio.gather(*(task_runs.report(reports(each)) for each in many))

    assert (await changed(task_runs, new.flow_run_id, token))[0] == [each.id for each in many]


async def test_what_a_rerun_supersedes_has_changed(
    store: SqlStore, task_runs: TaskRuns, new: TaskRun, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    older = later(new, S.COMPLETED, attempt=1)
    clock.advance(timedelta(seconds=1))
    newer = replace(older, id=ids.new(clock.now()), create_time=clock.now())
    await task_runs.report(reports(older, newer))
    _, token = await changed(task_runs, new.flow_run_id, "")

    clock.advance(timedelta(seconds=1))
    await store.write(lambda tx: tx.task_runs.supersede(newer))

    assert (await changed(task_runs, new.flow_run_id, token))[0] == [newer.id]
    assert (await task_runs.get(newer.id)).superseded


async def test_changes_can_be_filtered_by_state(task_runs: TaskRuns, new: TaskRun, ids: TimeOrderedIds) -> None:
    _, token = await changed(task_runs, new.flow_run_id, "")
    done = later(replace(new, id=ids.new(new.create_time)), S.COMPLETED)
    await task_runs.report(reports(new, done))

    answer = await task_runs.page(
        PageRequest(9, "", "list"), new.flow_run_id, (S.COMPLETED,), include_results=True, changed_after=token
    )

    assert [run.id for run in answer.page.items] == [done.id]


async def test_a_change_token_belongs_to_one_flow_run(
    store: SqlStore, task_runs: TaskRuns, new: TaskRun, ids: TimeOrderedIds, clock: FakeClock
) -> None:
    _, token = await changed(task_runs, new.flow_run_id, "")
    other_run = await store_run(store, ids, clock.now())

    for flow_run_id, wrong in ((other_run, token), (new.flow_run_id, "nonsense"), (new.flow_run_id, token[:-3])):
        with pytest.raises(InvalidArgument) as refused:
            await task_runs.page(PageRequest(1, "", "list"), flow_run_id, (), changed_after=wrong)
        assert refused.value.reason == "FOREIGN_CHANGE_TOKEN"
        assert refused.value.violations[0].field == "changed_after"
