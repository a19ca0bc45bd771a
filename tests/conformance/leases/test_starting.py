"""Runs that their own processes start: created, leased and RUNNING in one step, whatever is repeated."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID, uuid4

import pytest

from orch_server.application.creation import Parent
from orch_server.application.errors import AlreadyExists, FailedPrecondition, InvalidArgument, NotFound
from orch_server.application.ports import Transaction
from orch_server.application.process_runs import Start
from orch_server.domain.flow_runs import FlowRun, FlowRunFilter, TraceContext
from orch_server.domain.policies import RecoveryPolicy
from orch_server.domain.states import StateType
from tests.support.plane import TTL_SECONDS, Plane, new_holder, reply, until
from tests.support.plane_fixtures import OpenPlane

S = StateType
MINUTE = timedelta(minutes=1)


def id_made_at(moment: datetime) -> UUID:
    """A UUID of version 7 by whichever clock."""
    return UUID(int=int(moment.timestamp() * 1000) << 80 | 0x7000_8000_0000_0000_0001)


def first_page(tx: Transaction, run_filter: FlowRunFilter) -> list[FlowRun]:
    return tx.flow_runs.page(run_filter, before=None, limit=5)


async def test_a_started_run_is_running_and_leased_at_once(plane: Plane) -> None:
    holder = new_holder("laptop/boot/7/100", ttl_seconds=3)
    recovery = RecoveryPolicy(crash_restarts=2)
    new = plane.new_process_run(
        name="mine",
        tags=("a", "b"),
        parameters='{"x": 1}',
        flow_version="1.2",
        recovery_policy=recovery,
        trace=TraceContext("00-a-b-01", ""),
        holder=holder,
    )

    granted = await plane.begin(new)

    run = await plane.get(new.flow_run_id)
    assert granted.run == run
    assert (run.facts.state.type, run.facts.token, run.facts.attempt) == (S.RUNNING, 1, 1)
    assert (run.name, run.tags, run.parameters, run.flow_version) == ("mine", ("a", "b"), '{"x": 1}', "1.2")
    assert (run.flow_name, run.work_pool_name, run.work_queue_name) == ("etl", "", "")
    assert (run.holder, run.facts.recovery_policy, run.trace.traceparent) == (holder, recovery, "00-a-b-01")
    assert run.facts.start_time == run.create_time == plane.clock.now()
    view = await plane.lease_of(run.id)
    assert view is not None
    assert (view.lease, view.remaining) == (granted.lease, timedelta(seconds=3))
    assert (view.lease.adopter_id, view.lease.session_id) == (holder.id, None)
    assert (view.holder_name, view.worker_name, view.work_pool_name) == ("laptop/boot/7/100", "", "")
    assert await plane.passed(run.id) == [S.RUNNING]
    await plane.assert_sound()


async def test_a_run_without_a_name_is_called_after_its_flow_and_id(plane: Plane) -> None:
    granted = await plane.begin(plane.new_process_run())

    assert granted.run.name == f"etl-{granted.run.id.hex[-6:]}"


async def test_a_start_that_had_to_wait_keeps_its_time(plane: Plane) -> None:
    began = plane.clock.now()
    new = plane.new_process_run()
    plane.clock.advance(timedelta(hours=3))

    granted = await plane.begin(replace(new, age=timedelta(hours=3)))

    run = await plane.get(granted.run.id)
    assert (run.facts.start_time, run.create_time, run.facts.state.time) == (began, began, began)
    assert [change.state.time for change in await plane.history(run.id)] == [began]
    assert granted.lease.expire_time == plane.clock.now() + timedelta(seconds=TTL_SECONDS)


@pytest.mark.parametrize("wrong", [timedelta(hours=-1), timedelta(hours=1)])
async def test_a_run_of_a_machine_whose_clock_is_wrong_is_found_by_its_time(plane: Plane, wrong: timedelta) -> None:
    """Lists go by ids, which have the machine's time in them, and filters by times."""
    new = plane.new_process_run(flow_run_id=id_made_at(plane.clock.now() + wrong))
    run = (await plane.begin(new)).run

    for run_filter in (
        FlowRunFilter(create_time_from=run.create_time),
        FlowRunFilter(create_time_to=run.create_time + timedelta(microseconds=1)),
    ):
        found = await plane.store.read(partial(first_page, run_filter=run_filter))
        assert [each.id for each in found] == [run.id]
    assert run.facts.start_time == plane.clock.now()


@pytest.mark.parametrize("wrong", [timedelta(days=-9), timedelta(days=2), timedelta(days=365 * 7000)])
async def test_an_id_of_another_time_is_refused(plane: Plane, wrong: timedelta) -> None:
    new = plane.new_process_run(flow_run_id=id_made_at(plane.clock.now() + wrong))

    with pytest.raises(InvalidArgument, match="set the machine's clock"):
        await plane.begin(new)
    assert await plane.all_runs() == []


async def test_the_last_id_that_there_is_is_refused(plane: Plane) -> None:
    with pytest.raises(InvalidArgument):
        await plane.begin(plane.new_process_run(flow_run_id=UUID("ffffffff-ffff-7fff-bfff-ffffffffffff")))


async def test_a_repeated_call_is_answered_alike(plane: Plane) -> None:
    request_id, new = uuid4(), plane.new_process_run()
    first = await plane.begin(new, request_id=request_id)
    plane.clock.advance(timedelta(seconds=1))

    assert await plane.begin(new, request_id=request_id) == first
    with pytest.raises(InvalidArgument, match="another"):
        await plane.process_runs.start(Start(new, reply(request_id, fingerprint=b"other body")))
    assert len(await plane.all_runs()) == 1


async def test_a_holder_that_starts_its_run_again_has_it(plane: Plane) -> None:
    """It never heard the answer, and asks with another request id."""
    new = plane.new_process_run()
    first = await plane.begin(new, request_id=uuid4())

    again = await plane.begin(replace(new, age=MINUTE), request_id=uuid4())

    assert (again.lease, again.run) == (first.lease, first.run)
    assert await plane.passed(new.flow_run_id) == [S.RUNNING]
    await plane.assert_sound()


async def test_a_holder_that_starts_its_lost_run_again_has_it_back(plane: Plane) -> None:
    new = plane.new_process_run()
    await plane.begin(new)
    await plane.pass_time(TTL_SECONDS + 1)
    assert await plane.state(new.flow_run_id) == S.CRASHED

    again = await plane.begin(new)

    assert (again.lease.token, again.run.facts.state.type) == (1, S.RUNNING)
    assert await plane.passed(new.flow_run_id) == [S.RUNNING, S.CRASHED, S.RUNNING]
    await plane.assert_sound()


async def test_a_start_that_comes_after_the_end_changes_nothing(plane: Plane) -> None:
    new = plane.new_process_run()
    held = await plane.begun(flow_run_id=new.flow_run_id, holder=new.holder)
    await plane.report(held, 1, S.COMPLETED)

    with pytest.raises(FailedPrecondition) as refused:
        await plane.begin(new)

    assert refused.value.reason == "RUN_ENDED"
    assert await plane.passed(held.run_id) == [S.RUNNING, S.COMPLETED]


async def test_a_start_by_a_holder_that_somebody_has_succeeded_is_told_so(plane: Plane) -> None:
    new = plane.new_process_run()
    held = await plane.begun(flow_run_id=new.flow_run_id, holder=new.holder)
    await plane.pass_time(TTL_SECONDS + 1)
    await plane.resume(held, holder=new.holder)

    with pytest.raises(FailedPrecondition) as refused:
        await plane.begin(new)

    assert refused.value.reason == "LEASE_LOST"


async def test_an_id_belongs_to_the_process_that_used_it(plane: Plane) -> None:
    new = plane.new_process_run()
    await plane.begin(new)
    queued = await plane.create()

    for taken in (replace(new, holder=new_holder()), plane.new_process_run(flow_run_id=queued.id)):
        with pytest.raises(AlreadyExists) as refused:
            await plane.begin(taken)
        assert refused.value.reason == "FLOW_RUN_ALREADY_EXISTS"


async def test_the_same_start_many_times_at_once(plane: Plane) -> None:
    new = plane.new_process_run()

    answers = await asyncio.gather(*(plane.begin(new, request_id=uuid4()) for _ in range(8)))

    assert {answer.lease.token for answer in answers} == {1}
    assert [run.id for run in await plane.all_runs()] == [new.flow_run_id]
    await plane.assert_sound()


async def test_of_two_processes_with_one_id_at_once_one_has_it(open_plane: OpenPlane) -> None:
    planes = [await open_plane(), await open_plane()]
    for _ in range(10):
        run_id = planes[0].ids.new(planes[0].clock.now())
        outcomes = await asyncio.gather(
            *(plane.begin(plane.new_process_run(flow_run_id=run_id)) for plane in planes), return_exceptions=True
        )
        assert sorted(type(each).__name__ for each in outcomes) == ["AlreadyExists", "GrantedLease"]


async def test_the_same_start_on_two_servers_at_once(open_plane: OpenPlane) -> None:
    """A process fails over while its first call is still under way."""
    planes = [await open_plane(), await open_plane()]
    for _ in range(10):
        new = planes[0].new_process_run()
        first, second = await asyncio.gather(*(plane.begin(new) for plane in planes))
        assert first.lease == second.lease
    await planes[0].assert_sound()


# Child runs


async def test_a_child_run_is_a_write_of_its_parents_holder(plane: Plane) -> None:
    parent, task_run_id = await plane.begun(), uuid4()
    child = (await plane.begin(plane.new_process_run(parent=Parent(parent.run_id, 1, task_run_id)))).run
    assert (child.parent_flow_run_id, child.parent_task_run_id) == (parent.run_id, task_run_id)

    with pytest.raises(NotFound):
        await plane.begin(plane.new_process_run(parent=Parent(uuid4(), 1, None)))
    await plane.report(parent, 1, S.COMPLETED)
    for token in (0, 1, 2):
        with pytest.raises(FailedPrecondition) as refused:
            await plane.begin(plane.new_process_run(parent=Parent(parent.run_id, token, None)))
        assert refused.value.reason == "LEASE_LOST"
    assert len(await plane.all_runs()) == 2


async def test_a_run_of_a_worker_may_have_child_runs_that_its_process_starts(plane: Plane) -> None:
    held = await plane.running(await plane.open())

    child = await plane.begin(plane.new_process_run(parent=Parent(held.run_id, held.token, None)))

    assert child.run.parent_flow_run_id == held.run_id


async def test_parent_and_children_may_be_started_in_one_breath(plane: Plane) -> None:
    """Their calls share a transaction, in whichever order they came."""
    parent = plane.new_process_run()
    child = plane.new_process_run(parent=Parent(parent.flow_run_id, 1, None))
    grandchild = plane.new_process_run(parent=Parent(child.flow_run_id, 1, None))

    started = await asyncio.gather(*(plane.begin(new) for new in (grandchild, child, parent)))

    assert [each.run.id for each in started] == [new.flow_run_id for new in (grandchild, child, parent)]
    await plane.assert_sound()


async def test_a_run_that_names_itself_as_its_parent_is_refused(plane: Plane) -> None:
    new = plane.new_process_run()

    with pytest.raises(NotFound):
        await plane.begin(replace(new, parent=Parent(new.flow_run_id, 1, None)))


async def test_one_bad_start_spoils_no_other_that_comes_with_it(plane: Plane) -> None:
    parent = await plane.begun()
    good, bad, also_good = await asyncio.gather(
        plane.begin(plane.new_process_run(parent=Parent(parent.run_id, 1, None))),
        plane.begin(plane.new_process_run(parent=Parent(parent.run_id, 7, None))),
        plane.begin(plane.new_process_run(flow_name="other")),
        return_exceptions=True,
    )

    assert isinstance(bad, FailedPrecondition)
    assert not isinstance(good, BaseException)
    assert not isinstance(also_good, BaseException)
    assert {run.id for run in await plane.all_runs()} == {parent.run_id, good.run.id, also_good.run.id}


async def test_a_thousand_children_at_once(plane: Plane) -> None:
    parent = await plane.begun()
    news = [plane.new_process_run(parent=Parent(parent.run_id, 1, None)) for _ in range(1000)]

    started = await asyncio.gather(*(plane.begin(new, request_id=uuid4()) for new in news))

    assert {each.run.id for each in started} == {new.flow_run_id for new in news}
    assert len(await plane.live()) == 1001


async def test_who_watches_the_parent_hears_of_its_child(plane: Plane) -> None:
    parent = await plane.begun()
    rung: list[str] = []
    plane.wakeups.listen(f"r{parent.run_id.hex}", lambda: rung.append("parent"))

    await plane.begin(plane.new_process_run(parent=Parent(parent.run_id, 1, None)))

    await until(lambda: bool(rung))
