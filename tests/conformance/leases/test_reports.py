"""Reports and releases: what is written, and what holders hear."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

from orch_server.domain.leases import LeaseVerdict
from orch_server.domain.policies import RecoveryPolicy, RetryPolicy
from orch_server.domain.results import Result
from orch_server.domain.runs import ReportVerdict, RunReport
from orch_server.domain.states import Failure, StateType
from tests.support.plane import TTL_SECONDS, Held, Plane, reply

V = ReportVerdict
S = StateType


async def test_a_run_lives_and_ends(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.granted(session)
    await plane.report(held, 1, S.RUNNING)
    plane.clock.advance(timedelta(seconds=3))
    result = Result(b"42", "", "application/json", 2)

    reported = await plane.report(held, 2, S.COMPLETED, result=result)

    run = await plane.get(held.run_id)
    assert (reported.verdict, reported.state) == (V.ACCEPTED, S.COMPLETED)
    assert run.result == result
    assert run.facts.end_time == plane.clock.now()
    assert await plane.passed(held.run_id) == [S.SCHEDULED, S.PENDING, S.RUNNING, S.COMPLETED]
    assert await plane.live() == []
    await plane.assert_sound()


async def test_a_failure_is_kept_as_it_was_told(plane: Plane) -> None:
    held = await plane.running(await plane.open())
    failure = Failure("ValueError", "no rows", "line 1\nline 2", retryable=False)

    await plane.report(held, 2, S.FAILED, failure=failure, message="failed")

    state = (await plane.get(held.run_id)).facts.state
    assert (state.failure, state.message) == (failure, "failed")
    assert (await plane.history(held.run_id))[-1].state.failure == failure


async def test_repeats_change_nothing(plane: Plane) -> None:
    held = await plane.running(await plane.open())
    assert (await plane.report(held, 1, S.RUNNING)).verdict == V.DUPLICATE
    await plane.report(held, 2, S.COMPLETED, result=Result(b"1", "", "", 1))
    before = await plane.get(held.run_id)

    repeated = await plane.report(held, 2, S.COMPLETED, result=Result(b"2", "", "", 1))

    assert (repeated.verdict, repeated.state) == (V.DUPLICATE, S.COMPLETED)
    assert await plane.get(held.run_id) == before


async def test_several_reports_of_one_run_are_taken_in_their_order(plane: Plane) -> None:
    held = await plane.granted(await plane.open())

    answers = await plane.leases.report(
        [
            RunReport(held.run_id, held.token, 3, S.COMPLETED),
            RunReport(held.run_id, held.token, 1, S.PENDING, message="pulling"),
            RunReport(held.run_id, held.token, 2, S.RUNNING),
        ]
    )

    assert [(each.sequence, each.verdict) for each in answers] == [(3, V.ACCEPTED), (1, V.ACCEPTED), (2, V.ACCEPTED)]
    assert await plane.passed(held.run_id) == [S.SCHEDULED, S.PENDING, S.PENDING, S.RUNNING, S.COMPLETED]
    await plane.assert_sound()


async def test_one_bad_report_spoils_no_other(plane: Plane) -> None:
    session = await plane.open()
    good, ended = await plane.running(session), await plane.running(session)
    await plane.report(ended, 2, S.COMPLETED)

    answers = await plane.leases.report(
        [
            RunReport(uuid4(), 1, 1, S.COMPLETED),
            RunReport(ended.run_id, ended.token, 3, S.FAILED),
            RunReport(good.run_id, good.token + 1, 2, S.COMPLETED),
            RunReport(good.run_id, good.token, 2, S.COMPLETED),
        ]
    )

    assert [each.verdict for each in answers] == [V.LOST, V.INVALID, V.LOST, V.ACCEPTED]
    assert answers[0].state is None


async def test_reports_of_many_holders_at_once(plane: Plane) -> None:
    session = await plane.open()
    await plane.create_many(40)
    held = await plane.acquire(session, 40)

    first = await asyncio.gather(*(plane.report(each, 1, S.RUNNING) for each in held))
    last = await asyncio.gather(*(plane.report(each, 2, S.COMPLETED) for each in held))

    assert {each.verdict for each in (*first, *last)} == {V.ACCEPTED}
    assert {run.facts.state.type for run in await plane.all_runs()} == {S.COMPLETED}
    await plane.assert_sound()


async def test_a_failed_run_waits_for_its_retry(plane: Plane) -> None:
    session = await plane.open()
    policy = RetryPolicy(max_retries=1, delays=(timedelta(seconds=10),))
    held = await plane.running(session, retry_policy=policy)

    assert (await plane.report(held, 2, S.FAILED)).state == S.SCHEDULED
    assert await plane.acquire(session) == []
    plane.clock.advance(timedelta(seconds=10))
    [again] = await plane.acquire(session)
    await plane.report(again, 1, S.RUNNING)

    assert (await plane.report(again, 2, S.FAILED)).state == S.FAILED
    facts = (await plane.get(held.run_id)).facts
    assert (facts.attempt, facts.retries_used, facts.token) == (2, 1, 2)


async def test_a_crashed_run_is_restarted_as_often_as_it_asked_for(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.running(session, recovery_policy=RecoveryPolicy(crash_restarts=1))

    assert (await plane.report(held, 2, S.CRASHED)).state == S.SCHEDULED
    [again] = await plane.acquire(session)
    await plane.report(again, 1, S.RUNNING)
    assert (await plane.report(again, 2, S.CRASHED)).state == S.CRASHED


async def test_a_late_report_by_a_holder_that_was_replaced_is_lost(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.running(session, recovery_policy=RecoveryPolicy(crash_restarts=1))
    await plane.pass_time(TTL_SECONDS + 1)
    [again] = await plane.acquire(await plane.open())
    before = await plane.get(held.run_id)

    assert (await plane.report(held, 2, S.COMPLETED)).verdict == V.LOST
    assert await plane.get(held.run_id) == before
    assert (await plane.report(again, 1, S.RUNNING)).verdict == V.ACCEPTED


async def test_a_late_report_by_a_lost_holder_counts_while_nobody_else_has_the_run(plane: Plane) -> None:
    held = await plane.running(await plane.open())
    await plane.pass_time(TTL_SECONDS + 1)
    assert await plane.state(held.run_id) == S.CRASHED

    assert (await plane.report(held, 2, S.COMPLETED)).verdict == V.ACCEPTED

    assert await plane.passed(held.run_id) == [S.SCHEDULED, S.PENDING, S.RUNNING, S.CRASHED, S.RUNNING, S.COMPLETED]
    await plane.assert_sound()


async def test_a_report_of_a_lost_holder_restores_its_lease(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.running(session)
    await plane.pass_time(TTL_SECONDS + 1)

    assert (await plane.report(held, 2, S.RUNNING)).verdict == V.ACCEPTED

    await plane.assert_sound()
    assert (await plane.verdict(session, held)).verdict == LeaseVerdict.OK


async def test_a_lost_holder_cannot_have_back_what_has_no_queue_any_more(plane: Plane) -> None:
    """It would have no lease, and nobody would ever miss it."""
    await plane.queue("doomed")
    session = await plane.open()
    held = await plane.running(session, work_queue_name="doomed")
    await plane.pass_time(TTL_SECONDS + 1)
    await plane.queues.delete("default", "doomed", etag="", reply=reply())

    assert (await plane.report(held, 2, S.RUNNING)).verdict == V.LOST
    await plane.assert_sound()
    assert (await plane.report(held, 3, S.COMPLETED)).verdict == V.ACCEPTED
    assert await plane.state(held.run_id) == S.COMPLETED
    await plane.assert_sound()


async def test_work_given_back_is_queued_where_it_was_and_has_spent_nothing(plane: Plane) -> None:
    session = await plane.open()
    first = await plane.granted(session)
    second = await plane.create()

    released = await plane.release(first)

    facts = (await plane.get(first.run_id)).facts
    assert (released.verdict, released.state) == (V.ACCEPTED, S.SCHEDULED)
    assert (facts.attempt, facts.retries_used, facts.crash_restarts_used) == (0, 0, 0)
    assert facts.state.message == "given back"
    assert [held.run_id for held in await plane.acquire(session, 2)] == [first.run_id, second.id]
    await plane.assert_sound()


async def test_releasing_twice_and_with_an_old_token(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.granted(session)
    await plane.release(held)

    assert (await plane.release(held)).verdict == V.DUPLICATE
    [again] = await plane.acquire(session)
    assert (await plane.release(held)).verdict == V.LOST
    assert (await plane.release(Held(uuid4(), 1))).verdict == V.LOST
    assert (await plane.verdict(session, again)).verdict == LeaseVerdict.OK


async def test_what_has_started_is_not_given_back(plane: Plane) -> None:
    held = await plane.running(await plane.open())

    assert (await plane.release(held)).verdict == V.INVALID
    assert await plane.state(held.run_id) == S.RUNNING


async def test_what_is_being_cancelled_is_cancelled_when_it_is_given_back(plane: Plane) -> None:
    held = await plane.granted(await plane.open())
    await plane.cancel(held.run_id)

    assert (await plane.release(held)).state == S.CANCELLED
    await plane.assert_sound()


async def test_the_same_release_in_one_call(plane: Plane) -> None:
    held = await plane.granted(await plane.open())

    answers = await plane.leases.release([held.named(), held.named(), replace(held, token=5).named()], "")

    assert [each.verdict for each in answers] == [V.ACCEPTED, V.DUPLICATE, V.LOST]


async def test_a_report_after_a_release_is_lost(plane: Plane) -> None:
    held = await plane.granted(await plane.open())
    await plane.release(held)

    assert (await plane.report(held, 1, S.RUNNING)).verdict == V.LOST
    assert await plane.state(held.run_id) == S.SCHEDULED
