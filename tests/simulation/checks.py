"""What the invariants of leases say, as checks: each raises AssertionError where its invariant does not hold.

Invariants are numbered as in docs/architecture.md. `guards.py` names what each check guards, and takes it out.
"""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from orch_client.leases import LeaseClock, SafetyMargin
from orch_server.application.creation import Parent
from orch_server.application.log_rows import ChunkWish
from orch_server.application.schedules import ScheduleDraft
from orch_server.application.task_runs import TaskReports, TaskRuns
from orch_server.domain.leases import LeaseVerdict
from orch_server.domain.policies import RecoveryPolicy, RetryPolicy
from orch_server.domain.runs import ReportVerdict
from orch_server.domain.schedules import CronSpec
from orch_server.domain.states import TERMINAL, StateType
from orch_server.storage.flow_runs import SqlFlowRuns
from orch_server.storage.leases import SqlLeases
from orch_server.storage.opening import OpenStore, open_store
from orch_server.storage.sessions import SqlSessions
from tests.conformance.conftest import Server
from tests.simulation.scene import (
    RESTARTED_ONCE,
    Scene,
    after_next,
    append,
    before_next,
    calm,
    refusal,
    seconds,
    succession,
)
from tests.support.clock import FakeClock
from tests.support.plane import TTL_SECONDS, Held, Plane, reply

S = StateType
V = ReportVerdict


# 1. At most one current token per run; the database decides, and only its clock compares expiry.


async def one_current_token(scene: Scene) -> None:
    """A leased run is granted to nobody else, and each grant has a token of its own, higher than all before."""
    plane = await scene.plane()
    session, tokens = await plane.open(), list[int]()
    run = await plane.create()
    for _ in range(3):
        [held] = await calm(plane.acquire(session))
        assert await calm(plane.acquire(session)) == []
        assert (await plane.get(run.id)).facts.token == held.token
        tokens.append(held.token)
        await plane.assert_sound()
        await plane.release(held)
    assert tokens == sorted(set(tokens))


async def a_run_picked_here_is_not_granted_there(scene: Scene) -> None:
    """Another server that looks for runs between the pick and the grant finds none."""
    plane = await scene.plane()
    here, there = await plane.open("here"), await plane.open("there")
    run = await plane.create()
    rival = scene.elsewhere(lambda other: other.acquire(there))

    with before_next(SqlFlowRuns, "change", rival.go):
        granted = await calm(plane.acquire(here))

    assert [held.run_id for held in granted] == [run.id]
    assert rival.results in ([], [[]])
    await plane.assert_sound()


async def racing_servers_grant_each_run_once(scene: Scene) -> None:
    """Many workers of two servers, at once, round after round."""
    planes = [await scene.plane(), await scene.plane()]
    sessions = [await plane.open() for plane in planes for _ in range(3)]
    for _ in range(8):
        runs = {run.id for run in await planes[0].create_many(12)}
        polls = [planes[n % 2].acquire(session, 4) for n, session in enumerate(sessions)]
        answers = await asyncio.gather(*(calm(poll) for poll in polls))
        granted = [held.run_id for answer in answers for held in answer]
        assert len(granted) == len(set(granted))
        rest = await calm(planes[0].acquire(sessions[0], 12))
        assert set(granted) | {held.run_id for held in rest} == runs
    await planes[0].assert_sound()


async def only_the_databases_clock_counts(scene: Scene) -> None:
    """A server whose own clock is an hour fast ends nobody's lease."""
    opened = [
        open_server_with(scene.url, FakeClock(datetime.now(UTC) + ahead)) for ahead in (seconds(0), seconds(3600))
    ]
    planes = [Plane(Server(each.store, each.database, each.wakeups), scene.clock) for each in opened]
    try:
        right, fast = [await plane.start() for plane in planes]
        session = await right.open()
        held = await right.running(session)
        for _ in range(2):
            await right.beat(session, held)
            await fast.sweep()
        assert await right.state(held.run_id) == S.RUNNING
    finally:
        for plane, each in zip(planes, opened, strict=True):
            await plane.close()
            await each.close()


def open_server_with(url: str, clock: FakeClock) -> OpenStore:
    """A server's store, as the server itself opens it, on a machine whose clock is the one given."""
    return open_store(url, clock)


# 2. Every write by a holder is guarded by its token. An old token is told LOST, and nothing is written.


async def an_old_token_renews_nothing(scene: Scene) -> None:
    """The old holder's heartbeat."""
    plane = await scene.plane()
    both = await succession(plane)
    before = await plane.lease_of(both.new.run_id)
    plane.clock.advance(seconds(3))

    verdict = (await plane.verdict(await plane.open(), both.old)).verdict

    after = await plane.lease_of(both.new.run_id)
    assert verdict == LeaseVerdict.LOST
    assert before is not None
    assert after is not None
    assert after.lease == before.lease


async def an_old_token_reports_nothing(scene: Scene) -> None:
    """The old holder's last word."""
    plane = await scene.plane()
    both = await succession(plane)
    before = await plane.get(both.new.run_id)

    assert (await plane.report(both.old, 9, S.COMPLETED)).verdict == V.LOST
    assert await plane.get(both.new.run_id) == before


async def an_old_token_releases_nothing(scene: Scene) -> None:
    """The old holder gives back what it does not have."""
    plane = await scene.plane()
    both = await succession(plane, running=False)
    before = await plane.get(both.new.run_id)

    assert (await plane.release(both.old)).verdict == V.LOST
    assert await plane.get(both.new.run_id) == before


async def an_old_token_adopts_nothing(scene: Scene) -> None:
    """The old holder's process starts late."""
    plane = await scene.plane()
    both = await succession(plane, running=False)
    assert await refusal(plane.adopt(both.old)) == "LEASE_LOST"
    await plane.adopt(both.new)


async def an_old_token_reclaims_nothing(scene: Scene) -> None:
    """The run was lost twice since: its second holder may have it back, not its first."""
    plane = await scene.plane()
    both = await succession(plane)
    await plane.pass_time(TTL_SECONDS)
    assert await plane.state(both.new.run_id) == S.CRASHED

    assert (await plane.verdict(await plane.open(), both.old)).verdict == LeaseVerdict.LOST
    assert await plane.state(both.new.run_id) == S.CRASHED


async def an_old_token_logs_nothing(scene: Scene) -> None:
    """The old holder's lines."""
    plane = await scene.plane()
    both = await succession(plane)

    assert (await append(plane, both.old, 0, 3)).verdict == V.LOST
    assert (await append(plane, both.new, 0, 2)).committed_offset == 2


async def an_old_token_reports_no_task_runs(scene: Scene) -> None:
    """The old holder's task runs."""
    plane = await scene.plane()
    both = await succession(plane)
    reports = TaskReports(both.old.run_id, both.old.token, ())

    assert await TaskRuns(plane.store).report(reports) == V.LOST


async def an_old_token_starts_no_child(scene: Scene) -> None:
    """The old holder goes on and starts a child run."""
    plane = await scene.plane()
    both = await succession(plane)
    assert await refusal(plane.create(parent=Parent(both.old.run_id, both.old.token, None))) == "LEASE_LOST"
    assert len(await plane.all_runs()) == 1
    await plane.create(parent=Parent(both.new.run_id, both.new.token, None))


# 3. Takeover changes the token in the same statement that finds the lease expired.


async def a_renewal_that_came_first_counts(scene: Scene) -> None:
    """The holder renews after the sweeper has seen its lease overdue, and before the sweeper ends it."""
    plane = await scene.plane()
    session = await plane.open()
    held = await plane.running(session)
    await plane.pass_time(TTL_SECONDS - 1)
    plane.clock.advance(seconds(1))
    renewal = scene.elsewhere(lambda other: other.verdict(session, held))

    with after_next(SqlLeases, "expired", renewal.go):
        await calm(plane.sweep())

    if renewal.results:
        assert renewal.results[0].verdict == LeaseVerdict.OK
        assert await plane.state(held.run_id) == S.RUNNING
    else:  # the sweeper shut everybody out until it was done
        assert await plane.state(held.run_id) == S.CRASHED
    await plane.assert_sound()


async def what_was_taken_over_has_a_new_token(scene: Scene) -> None:
    """Whoever gets an expired run has a token that the old holder does not."""
    plane = await scene.plane()
    both = await succession(plane)

    assert both.new.token > both.old.token
    assert [change.token for change in await plane.history(both.new.run_id)] == [0, 1, 1, 1, 2, 2]
    assert (await plane.verdict(None, both.old)).verdict == LeaseVerdict.LOST


# 4. No lost run.


async def a_lost_answer_is_repeated(scene: Scene) -> None:
    """The answer to a wish never arrived: the worker wishes again, on another server."""
    plane, other = await scene.plane(), await scene.plane()
    session, request_id = await plane.open(), uuid4()
    run = await plane.create()
    await plane.acquire(session, request_id=request_id)

    assert await calm(other.acquire(session, request_id=request_id)) == [Held(run.id, 1)]


async def a_grant_that_nobody_took_falls_back(scene: Scene) -> None:
    """Worker and answer are both gone."""
    plane = await scene.plane()
    held = await plane.granted(await plane.open("gone"))
    await plane.pass_time(TTL_SECONDS + 2)

    assert [each.run_id for each in await plane.acquire(await plane.open())] == [held.run_id]
    await plane.assert_sound()


async def what_was_acknowledged_is_there(scene: Scene) -> None:
    """The server that answered is gone the moment after."""
    plane, other = await scene.plane(), await scene.plane()
    run = await plane.create()
    await plane.database.close()

    assert [found.id for found in await other.all_runs()] == [run.id]


async def a_repeated_create_is_one_run(scene: Scene) -> None:
    """A create whose answer was lost comes again, on another server, and as a repeat by key."""
    plane, other = await scene.plane(), await scene.plane()
    runs = [await calm(each.create(idempotency_key="k")) for each in (plane, other)]

    assert runs[0].id == runs[1].id
    assert len(await plane.all_runs()) == 1


async def every_open_run_is_queued_or_leased(scene: Scene) -> None:
    """Also one that comes back by a report of its lost holder."""
    plane = await scene.plane()
    session = await plane.open()
    held = await plane.running(session)
    await plane.pass_time(TTL_SECONDS)
    await calm(plane.report(held, 2, S.RUNNING))
    await plane.assert_sound()
    await plane.pass_time(TTL_SECONDS)
    assert await plane.state(held.run_id) == S.CRASHED


# 5. A terminal state absorbs.


async def the_end_absorbs(scene: Scene) -> None:
    """Whatever a holder says afterwards, and in whatever way it comes again."""
    plane = await scene.plane()
    session = await plane.open()
    for number, end in enumerate(sorted(TERMINAL)):
        held = await plane.running(session)
        await plane.report(held, 2, end)
        before = await plane.get(held.run_id)
        assert (await calm(plane.report(held, 2, end))).verdict == V.DUPLICATE
        assert (await calm(plane.report(held, 3, end))).verdict == V.DUPLICATE
        for other in sorted({*TERMINAL, S.RUNNING, S.PAUSED} - {end}):
            assert (await calm(plane.report(held, 4 + number, other))).verdict == V.INVALID
        assert (await plane.verdict(session, held)).verdict == LeaseVerdict.FINISHED
        await plane.pass_time(TTL_SECONDS + 1)
        assert await plane.get(held.run_id) == before


async def a_repeat_is_a_duplicate(scene: Scene) -> None:
    """Of a report that did not end the run, too."""
    plane = await scene.plane()
    held = await plane.running(await plane.open())
    before = await plane.get(held.run_id)

    assert (await plane.report(held, 1, S.RUNNING)).verdict == V.DUPLICATE
    assert await plane.get(held.run_id) == before


# 6. Losing contact is not failing.


async def lost_before_the_start_is_queued_again(scene: Scene) -> None:
    """As often as it takes, and without spending anything."""
    plane = await scene.plane()
    run = await plane.create()
    for token in (1, 2, 3):
        [held] = await plane.acquire(await plane.open())
        assert held.token == token
        await calm(plane.pass_time(TTL_SECONDS))
        facts = (await plane.get(run.id)).facts
        assert facts.state.type == S.SCHEDULED
        assert (facts.attempt, facts.retries_used, facts.crash_restarts_used) == (0, 0, 0)


async def lost_after_the_start_is_restarted_where_asked(scene: Scene) -> None:
    """As often as was asked for; retries are another matter."""
    plane = await scene.plane()
    policies = {"retry_policy": RetryPolicy(max_retries=5), "recovery_policy": RecoveryPolicy(crash_restarts=2)}
    run = await plane.create(**policies)
    states = []
    for _ in range(3):
        [held] = await plane.acquire(await plane.open())
        await plane.report(held, 1, S.RUNNING)
        await calm(plane.pass_time(TTL_SECONDS))
        states.append(await plane.state(run.id))
        if states[-1] == S.CRASHED:
            break
    facts = (await plane.get(run.id)).facts
    assert states == [S.SCHEDULED, S.SCHEDULED, S.CRASHED]
    assert (facts.crash_restarts_used, facts.retries_used) == (2, 0)


# 7. A holder that comes back with the newest token, before anyone else got the run, has it again.


async def who_comes_back_has_its_run_again(scene: Scene) -> None:
    """A laptop that slept."""
    plane = await scene.plane()
    session = await plane.open()
    held = await plane.running(session)
    await plane.pass_time(TTL_SECONDS * 4)
    assert await plane.state(held.run_id) == S.CRASHED

    assert (await plane.verdict(session, held)).verdict == LeaseVerdict.OK

    assert await plane.passed(held.run_id) == [S.SCHEDULED, S.PENDING, S.RUNNING, S.CRASHED, S.RUNNING]
    await plane.assert_sound()
    assert (await plane.report(held, 2, S.COMPLETED)).verdict == V.ACCEPTED


async def nobody_comes_back_to_what_was_decided_since(scene: Scene) -> None:
    """Somebody asked for another attempt: that is a new one, not the old holder's."""
    plane = await scene.plane()
    session = await plane.open()
    held = await plane.running(session)
    await plane.pass_time(TTL_SECONDS)
    await plane.retry(held.run_id)

    assert (await calm(plane.verdict(session, held))).verdict == LeaseVerdict.LOST
    assert (await calm(plane.report(held, 2, S.COMPLETED))).verdict == V.LOST
    assert await plane.state(held.run_id) == S.SCHEDULED


async def two_who_come_back_at_once_both_have_it(scene: Scene) -> None:
    """Its process has the run back while its worker's heartbeat waits for the lock: the worker has it, too."""
    plane = await scene.plane()
    session = await plane.open()
    held = await plane.running(session)
    await plane.adopt(held)
    await plane.pass_time(TTL_SECONDS)
    process = scene.elsewhere(lambda other: other.report(held, 2, S.RUNNING))

    with before_next(SqlFlowRuns, "lock", process.go):
        verdict = (await calm(plane.verdict(session, held))).verdict

    assert verdict == LeaseVerdict.OK
    await plane.assert_sound()


async def who_adopts_while_its_worker_comes_back_has_it(scene: Scene) -> None:
    """The same, with adoption: nobody but the process itself has adopted."""
    plane = await scene.plane()
    session = await plane.open()
    held = await plane.granted(session)
    await plane.pass_time(TTL_SECONDS)
    worker = scene.elsewhere(lambda other: other.verdict(session, held))

    with before_next(SqlFlowRuns, "lock", worker.go):
        granted = await calm(plane.adopt(held))

    assert granted.lease.token == held.token
    await plane.assert_sound()


# 8. Exclusive holders stop themselves before their lease can have expired.


async def an_exclusive_holder_stops_first(scene: Scene) -> None:
    """Its clock is slow by a tenth, and its renewal's answer was long on its way."""
    plane = await scene.plane()
    session = await plane.open()
    held = await plane.running(session, recovery_policy=RecoveryPolicy(exclusive=True))
    sent_at, travel = 1000.0, 0.0
    synced = await plane.verdict(session, held)
    assert synced.ttl is not None
    answered_at = sent_at + 4
    clock = LeaseClock(sent_at=sent_at, ttl_seconds=synced.ttl.total_seconds(), margin=SafetyMargin())
    stops_after = clock.must_stop_at - sent_at

    await plane.pass_time(travel + stops_after * 1.1, step=0.25)

    view = await plane.lease_of(held.run_id)
    assert view is not None, "the lease was gone before its holder stopped"
    assert view.remaining > timedelta(0)
    assert not clock.may_go_on(answered_at + stops_after)


# 9. The control plane's own outage expires nobody.


async def an_outage_expires_nobody(scene: Scene) -> None:
    """Nobody could renew for an hour. Whoever is still there has a full TTL to say so; who is not, has gone."""
    plane = await scene.plane()
    session = await plane.open()
    alive, dead = await plane.running(session), await plane.running(session)
    plane.clock.advance(seconds(3600))

    assert (await plane.sweep()).expired == 0
    assert (await plane.pass_time(TTL_SECONDS - 1)).expired == 0
    assert (await plane.verdict(session, alive)).verdict == LeaseVerdict.OK
    assert (await plane.pass_time(2)).expired == 1
    assert [await plane.state(held.run_id) for held in (alive, dead)] == [S.RUNNING, S.CRASHED]


# 10. A crash is noticed within TTL + 2 s where nothing lives; the TTL is the pool's; the server paces.


async def silence_is_noticed_in_time(scene: Scene) -> None:
    """Within the pool's TTL and two seconds, and not before the TTL is over."""
    plane = await scene.plane()
    for ttl in (3, TTL_SECONDS):
        pool = f"pool-{ttl}"
        await plane.pool(pool, lease_ttl=seconds(ttl))
        session = await plane.open(pool=pool)
        held = await plane.running(session, work_pool_name=pool)
        pace = (await plane.beat(session, held)).next_sync
        assert pace <= seconds(ttl) * 0.55
        await plane.pass_time(ttl - 1)
        assert await plane.state(held.run_id) == S.RUNNING
        await plane.pass_time(3)
        assert await plane.state(held.run_id) == S.CRASHED


# 11. Cancel reaches a live holder within 1 s, wins over a later failure, and ends in CANCELLED.


async def cancel_reaches_its_holder_at_once(scene: Scene) -> None:
    """A worker that waits for runs is told to look at what it has."""
    plane = await scene.plane()
    session = await plane.open()
    held = await plane.running(session)
    poll = asyncio.create_task(plane.ask(session, wait=30))
    await plane.waiting(1)
    await plane.cancel(held.run_id)
    try:
        async with asyncio.timeout(10):
            answer = await poll
    except TimeoutError as error:
        raise AssertionError("the holder was not told") from error

    assert answer.sync_now
    assert (await plane.verdict(session, held)).verdict == LeaseVerdict.CANCEL


async def cancel_wins(scene: Scene) -> None:
    """Over a failure that would be retried, over a crash that would be restarted."""
    plane = await scene.plane()
    session = await plane.open()
    for end in (S.FAILED, S.CRASHED, S.CANCELLED):
        held = await plane.running(session, retry_policy=RetryPolicy(max_retries=3), recovery_policy=RESTARTED_ONCE)
        await plane.cancel(held.run_id)
        assert (await plane.report(held, 2, end)).state == S.CANCELLED
        await plane.beat(session)


async def cancel_ends_even_if_the_holder_dies(scene: Scene) -> None:
    """Nobody is there to say that it stopped."""
    plane = await scene.plane()
    session = await plane.open()
    held = await plane.running(session, recovery_policy=RESTARTED_ONCE)
    await plane.cancel(held.run_id)

    await calm(plane.pass_time(TTL_SECONDS))

    assert await plane.state(held.run_id) == S.CANCELLED
    assert (await plane.verdict(session, held)).verdict == LeaseVerdict.FINISHED


# 12. Slots and limits are a function of live leases, never a counter that can drift.


async def limits_follow_live_leases(scene: Scene) -> None:
    """However a lease ends: room for one more, and for no more than one."""
    plane = await scene.plane()
    await plane.limit_pool(2)
    await plane.create_many(12)
    session = await plane.open()
    for ending in ("report", "release", "silence", "close"):
        held = await calm(plane.acquire(session, 5))
        assert len(held) == 2
        assert await calm(plane.acquire(session, 5)) == []
        await _end(plane, ending, held)
        assert len(await plane.live()) == {"report": 1, "release": 1, "silence": 0, "close": 0}[ending]
        if ending == "close":
            continue
        session = await plane.open()
        more = await calm(plane.acquire(session, 5))
        assert len(more) == 2 - {"report": 1, "release": 1, "silence": 0}[ending]
        await plane.leases.release([each.named() for each in (*held, *more)], "")
        session = await plane.open()


async def _end(plane: Plane, ending: str, held: list[Held]) -> None:
    match ending:
        case "report":
            await plane.report(held[0], 1, S.COMPLETED)
        case "release":
            await plane.release(held[0])
        case "silence":
            await plane.pass_time(TTL_SECONDS)
        case _:
            for view in await plane.live():
                if view.lease.session_id is not None:
                    await plane.workers.close(view.lease.session_id)
                    break


async def limits_of_queues_and_deployments(scene: Scene) -> None:
    """Each holds, whichever is the narrowest."""
    plane = await scene.plane()
    await plane.queue("narrow", concurrency_limit=1)
    deployment = await plane.deployment(concurrency_limit=1)
    await plane.create_many(3, work_queue_name="narrow")
    await plane.create_many(3, deployment_id=deployment.id)
    session = await plane.open()

    assert len(await calm(plane.acquire(session, 10))) == 2
    assert await calm(plane.acquire(session, 10)) == []


async def two_servers_do_not_both_use_the_last_slot(scene: Scene) -> None:
    """The other server claims after this one has counted, and before it grants."""
    plane = await scene.plane()
    await plane.limit_pool(1)
    await plane.create_many(4)
    here, there = await plane.open("here"), await plane.open("there")
    rival = scene.elsewhere(lambda other: other.acquire(there, 4))

    with before_next(SqlLeases, "claimable", rival.go):
        await calm(plane.acquire(here, 4))

    assert len(await plane.live()) == 1
    assert rival.results in ([], [[]])


async def two_servers_do_not_both_use_a_deployments_last_slot(scene: Scene) -> None:
    """The same for a deployment whose runs wait in two pools, so that no pool's lock would do."""
    plane = await scene.plane()
    await plane.pool("other")
    deployment = await plane.deployment(concurrency_limit=1)
    for pool in ("default", "other"):
        await plane.create(deployment_id=deployment.id, work_pool_name=pool)
    here, there = await plane.open("here"), await plane.open("there", pool="other")
    rival = scene.elsewhere(lambda other: other.acquire(there))

    with before_next(SqlFlowRuns, "change", rival.go):
        await calm(plane.acquire(here))

    assert len(await plane.live()) == 1
    assert rival.results in ([], [[]])


async def racing_servers_keep_to_the_limit(scene: Scene) -> None:
    """Many workers of two servers, round after round: never more leases than slots."""
    planes = [await scene.plane(), await scene.plane()]
    await planes[0].limit_pool(3)
    await planes[0].create_many(60)
    sessions = [await plane.open() for plane in planes for _ in range(3)]
    done = 0
    for _ in range(12):
        polls = [planes[n % 2].acquire(session, 2) for n, session in enumerate(sessions)]
        answers = await asyncio.gather(*(calm(poll) for poll in polls))
        held = [each for answer in answers for each in answer]
        assert len(held) == 3
        assert len(await planes[0].live()) == 3
        reports = [planes[n % 2].report(each, 1, S.COMPLETED) for n, each in enumerate(held)]
        await asyncio.gather(*(calm(each) for each in reports))
        done += len(held)
    assert done == 36


# 13. Drain: after it is acknowledged nothing is granted; released work has spent no attempt.


async def nothing_is_granted_after_a_drain(scene: Scene) -> None:
    """Asked for by a person, or told by the worker itself."""
    plane = await scene.plane()
    await plane.create_many(3)
    by_person, by_itself = await plane.open("a"), await plane.open("b")
    await plane.drain(by_person)
    await plane.beat(by_person)
    answer = await plane.beat(by_itself, draining=True)

    assert answer.synced.drain
    assert await plane.acquire(by_person) == []
    assert await plane.acquire(by_itself) == []


async def a_drain_waits_for_the_grant_under_way(scene: Scene) -> None:
    """The drain comes after the server has seen the session open, and before it has granted."""
    plane = await scene.plane()
    await plane.create()
    session = await plane.open()

    async def drain(other: Plane) -> bool:
        return (await other.drain(session)).draining

    rival = scene.elsewhere(drain)
    with after_next(SqlSessions, "open_for_grants", rival.go):
        granted = await calm(plane.acquire(session))

    assert len(granted) == 1
    assert not rival.results, "the drain was acknowledged, and then a run was granted"


async def racing_drains_are_final(scene: Scene) -> None:
    """Wishes and drains at once on two servers: what is granted was granted before the drain was acknowledged."""
    planes = [await scene.plane(), await scene.plane()]
    await planes[0].create_many(20)
    for number in range(10):
        session = await planes[0].open(f"worker-{number}")
        wish = asyncio.create_task(calm(planes[0].acquire(session)))
        assert (await calm(planes[1].drain(session))).draining
        at_once = {view.lease.flow_run_id for view in await planes[1].live(session)}
        assert {held.run_id for held in await wish} <= at_once
        assert await calm(planes[0].acquire(session)) == []


async def released_work_has_spent_nothing(scene: Scene) -> None:
    """A drained worker gives back what has not started."""
    plane = await scene.plane()
    held = await plane.granted(await plane.open())
    await plane.release(held)

    facts = (await plane.get(held.run_id)).facts
    assert facts.state.type == S.SCHEDULED
    assert (facts.attempt, facts.retries_used, facts.crash_restarts_used) == (0, 0, 0)


# 14. A schedule fires once per nominal time.


async def _minutely(plane: Plane, spec: CronSpec | None = None) -> ScheduleDraft:
    deployment = await plane.deployment()
    draft = ScheduleDraft(deployment_id=deployment.id, spec=spec or CronSpec("* * * * *"), name="minutely")
    await plane.schedules.create(draft, reply())
    return draft


async def a_time_fires_once(scene: Scene) -> None:
    """Two servers at once, and again after restarts."""
    planes = [await scene.plane(), await scene.plane()]
    await _minutely(planes[0])
    for minute in range(1, 6):
        scene.clock.advance(seconds(60))
        await asyncio.gather(*(calm(plane.scheduler.run_once()) for plane in planes))
        restarted = await scene.plane()
        await calm(restarted.scheduler.run_once())
        times = [run.nominal_time for run in await planes[0].all_runs()]
        assert len(times) == len(set(times)) == minute


async def a_time_decided_here_is_not_fired_there(scene: Scene) -> None:
    """The other server looks after this one has locked the schedule, and before it has written."""
    plane = await scene.plane()
    await _minutely(plane)
    scene.clock.advance(seconds(60))

    async def fire(other: Plane) -> int:
        return (await other.scheduler.run_once()).fired

    rival = scene.elsewhere(fire)
    with before_next(SqlFlowRuns, "add", rival.go):
        await calm(plane.scheduler.run_once())

    assert len(await plane.all_runs()) == 1
    assert rival.results in ([], [0])


async def a_redeployed_schedule_does_not_fire_again(scene: Scene) -> None:
    """It is deleted and created again while its time is still there to be decided."""
    plane = await scene.plane()
    draft = await _minutely(plane)
    scene.clock.advance(seconds(60))
    await plane.scheduler.run_once()
    [run] = await plane.all_runs()
    assert run.schedule_id is not None
    await plane.schedules.delete(run.schedule_id, "", reply=reply())
    again = await plane.schedules.create(draft, reply())
    # As after a restore from a backup, or a clock that was put back: the time is due once more.
    due_again = replace(again, next_time=run.nominal_time, version=again.version + 1)
    assert await plane.store.write(lambda tx: tx.schedules.change(due_again, old_version=again.version))

    await calm(plane.scheduler.run_once())

    assert len(await plane.all_runs()) == 1


async def daylight_saving_fires_once_a_day(scene: Scene) -> None:
    """On the day without 02:30 and on the day with two of them."""
    plane = await scene.plane()
    await _minutely(plane, CronSpec("30 2 * * *", "Europe/Berlin"))
    for day in (datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC)):
        scene.clock.set(day - seconds(3600))
        await plane.scheduler.run_once()
        before = len(await plane.all_runs())
        for _ in range(8):
            scene.clock.advance(seconds(1800))
            await calm(plane.scheduler.run_once())
        assert len(await plane.all_runs()) == before + 1


# 15. Log offsets are contiguous.


async def _stored(plane: Plane, held: Held) -> list[int]:
    """The numbers of the lines that are stored, as the chunks have them: the last ones of each count."""
    created = (await plane.get(held.run_id)).create_time
    wish = ChunkWish(held.run_id, "run", 0, 1000, 1 << 20, 0, created)
    chunks = await plane.store.read(lambda tx: tx.logs.chunks(wish))
    expected = 0
    lines: list[int] = []
    for chunk in chunks:
        assert chunk.first_offset == expected
        assert chunk.records is not None
        lines += chunk.records[-chunk.record_count :]
        expected = chunk.end_offset
    return lines


async def log_lines_are_contiguous(scene: Scene) -> None:
    """Repeats, overlaps, gaps and leaps back."""
    plane = await scene.plane()
    held = await plane.running(await plane.open())
    sent = [(0, 3), (0, 3), (2, 3), (9, 2), (5, 1), (0, 6), (6, 4), (4, 8)]

    answers = [await calm(append(plane, held, offset, count)) for offset, count in sent]

    assert [each.verdict.name for each in answers] == [
        "ACCEPTED",
        "DUPLICATE",
        "ACCEPTED",
        "INVALID",
        "ACCEPTED",
        "DUPLICATE",
        "ACCEPTED",
        "ACCEPTED",
    ]
    assert [each.committed_offset for each in answers] == [3, 3, 5, 5, 6, 6, 10, 12]
    assert await _stored(plane, held) == list(range(12))


async def racing_writers_of_one_stream_store_each_line_once(scene: Scene) -> None:
    """A process and its shipper, through two servers, repeat each other's lines."""
    planes = [await scene.plane(), await scene.plane()]
    held = await planes[0].running(await planes[0].open())

    async def ship(plane: Plane) -> None:
        offset = 0
        while offset < 60:
            offset = (await calm(append(plane, held, offset, 4))).committed_offset

    await asyncio.gather(*(ship(plane) for plane in planes))

    assert await _stored(planes[0], held) == list(range(60))
