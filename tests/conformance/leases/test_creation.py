"""Creating runs: once, whatever is repeated, and all or none."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from orch_server.application.creation import Creation, Parent
from orch_server.application.errors import FailedPrecondition, InvalidArgument, NotFound
from orch_server.domain.policies import RecoveryPolicy, RetryPolicy
from orch_server.domain.states import StateType
from tests.support.plane import Plane, new_run, reply
from tests.support.plane_fixtures import OpenPlane


async def test_a_new_run_waits_where_it_was_asked_to(plane: Plane) -> None:
    await plane.queue("gpu")
    later = plane.clock.now() + timedelta(hours=1)

    run = await plane.create(
        name="mine", tags=("b", "a", "a"), parameters_text='{"x": 1}', work_queue_name="gpu", scheduled_time=later
    )

    assert await plane.get(run.id) == run
    assert (run.facts.state.type, run.facts.version, run.facts.token) == (StateType.SCHEDULED, 1, 0)
    assert (run.name, run.tags, run.parameters) == ("mine", ("a", "b"), '{"x": 1}')
    assert (run.work_pool_name, run.work_queue_name, run.facts.scheduled_time) == ("default", "gpu", later)
    await plane.assert_sound()


async def test_a_time_that_is_past_means_at_once(plane: Plane) -> None:
    run = await plane.create(scheduled_time=plane.clock.now() - timedelta(hours=1))

    assert run.facts.scheduled_time == plane.clock.now()


async def test_a_deployments_run_takes_what_it_was_not_told(plane: Plane) -> None:
    retries, recovery = RetryPolicy(max_retries=2), RecoveryPolicy(crash_restarts=3)
    deployment = await plane.deployment(
        tags=("nightly",), parameters='{"a": 1, "b": 2}', retry_policy=retries, recovery_policy=recovery
    )

    run = await plane.create(deployment_id=deployment.id, parameters={"b": 3}, parameters_text='{"b": 3}', tags=("x",))

    assert (run.parameters, run.tags) == ('{"a": 1, "b": 3}', ("nightly", "x"))
    assert (run.facts.retry_policy, run.facts.recovery_policy) == (retries, recovery)
    assert (run.deployment_version, run.flow_name) == (1, "etl")


async def test_what_it_refers_to_must_be_there(plane: Plane) -> None:
    for fields in (
        {"deployment_id": uuid4()},
        {"work_pool_name": "nowhere"},
        {"work_queue_name": "nowhere"},
        {"parent": Parent(uuid4(), 1, None)},
    ):
        with pytest.raises(NotFound):
            await plane.create(**fields)
    assert await plane.all_runs() == []


async def test_one_bad_create_spoils_no_other_that_comes_with_it(plane: Plane) -> None:
    good, bad, also_good = await asyncio.gather(
        plane.create(), plane.create(work_pool_name="nowhere"), plane.create(), return_exceptions=True
    )

    assert isinstance(bad, NotFound)
    assert {run.id for run in await plane.all_runs()} == {
        run.id for run in (good, also_good) if not isinstance(run, BaseException)
    }


async def test_a_batch_is_created_whole_or_not_at_all(plane: Plane) -> None:
    with pytest.raises(NotFound) as refused:
        await plane.creation.create_all([new_run(), new_run(work_pool_name="nowhere")], reply())

    assert refused.value.message.startswith("requests[1]: ")
    assert await plane.all_runs() == []


async def test_a_key_names_one_run_of_a_flow(plane: Plane) -> None:
    first = await plane.creation.create(Creation(new_run(idempotency_key="k"), reply()))
    again = await plane.creation.create(Creation(new_run(idempotency_key="k"), reply()))
    other = await plane.creation.create(Creation(new_run(flow_name="other", idempotency_key="k"), reply()))

    assert (first.created, again.created, other.created) == (True, False, True)
    assert again.run.id == first.run.id != other.run.id


async def test_a_key_within_one_batch(plane: Plane) -> None:
    made = await plane.creation.create_all([new_run(idempotency_key="k")] * 3, reply())

    assert [each.created for each in made] == [True, False, False]
    assert len(await plane.all_runs()) == 1


async def test_a_repeated_call_is_answered_alike(plane: Plane) -> None:
    request_id = uuid4()
    first = await plane.creation.create(Creation(new_run(), reply(request_id)))
    again = await plane.creation.create(Creation(new_run(), reply(request_id)))

    assert again == first
    with pytest.raises(InvalidArgument, match="another"):
        await plane.creation.create(Creation(new_run(), reply(request_id, fingerprint=b"other body")))
    assert len(await plane.all_runs()) == 1


async def test_the_same_call_twice_at_once(plane: Plane) -> None:
    request_id = uuid4()
    calls = [plane.creation.create(Creation(new_run(), reply(request_id))) for _ in range(5)]

    answers = await asyncio.gather(*calls)

    assert {answer.run.id for answer in answers} == {run.id for run in await plane.all_runs()}
    assert len({answer.run.id for answer in answers}) == 1


@pytest.mark.parametrize("how", ["key", "request", "batch"])
async def test_the_same_call_on_two_servers_at_once(open_plane: OpenPlane, how: str) -> None:
    """A caller fails over while its first call is still under way."""
    planes = [await open_plane(), await open_plane()]
    for _ in range(10):
        key, request_id = uuid4().hex, uuid4()

        async def create(plane: Plane, key: str = key, request_id: UUID = request_id) -> object:
            if how == "key":
                return (await plane.create(idempotency_key=key)).id
            if how == "request":
                made = await plane.creation.create(Creation(new_run(), reply(request_id)))
                return made.run.id
            batch = await plane.creation.create_all([new_run()] * 3, reply(request_id))
            return tuple(each.run.id for each in batch)

        first, second = await asyncio.gather(*(create(plane) for plane in planes))
        assert first == second
    assert len(await planes[0].all_runs()) == (30 if how == "batch" else 10)


async def test_new_flows_seen_by_two_servers_at_once(open_plane: OpenPlane) -> None:
    planes = [await open_plane(), await open_plane()]
    for number in range(10):
        runs = await asyncio.gather(*(plane.create(flow_name=f"flow-{number}") for plane in planes))
        assert len({run.flow_id for run in runs}) == 1


async def test_a_parent_must_hold_its_newest_token(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.running(session)
    child = await plane.create(parent=Parent(held.run_id, held.token, None))
    assert child.parent_flow_run_id == held.run_id

    for token in (0, held.token + 1):
        with pytest.raises(FailedPrecondition) as refused:
            await plane.create(parent=Parent(held.run_id, token, None))
        assert refused.value.reason == "LEASE_LOST"
    await plane.report(held, 2, StateType.COMPLETED)
    with pytest.raises(FailedPrecondition):
        await plane.create(parent=Parent(held.run_id, held.token, None))
