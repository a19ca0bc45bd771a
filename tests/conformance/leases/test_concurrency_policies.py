"""Deployments at their limit: runs wait, are skipped, or the oldest make way. What counts is live leases."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from orch_server.application.lease_rows import Session
from orch_server.application.ports import LIMITS_TOPIC
from orch_server.application.schedules import ScheduleDraft
from orch_server.background.limit_keeper import LimitKeeper
from orch_server.domain.deployments import ConcurrencyPolicy
from orch_server.domain.flow_runs import FlowRun
from orch_server.domain.policies import RetryPolicy
from orch_server.domain.schedules import CronSpec
from orch_server.domain.states import StateType
from tests.support.clock import START
from tests.support.plane import Field, Held, Plane, reply
from tests.support.plane_fixtures import OpenPlane

S = StateType
SKIP, OLDEST = ConcurrencyPolicy.SKIP, ConcurrencyPolicy.CANCEL_OLDEST


async def limited(plane: Plane, policy: ConcurrencyPolicy, limit: int = 1, **fields: Field) -> UUID:
    """A deployment with a limit."""
    return (await plane.deployment(concurrency_limit=limit, concurrency_policy=policy, **fields)).id


async def keep(plane: Plane) -> tuple[int, int]:
    """One round of the keeper: how many runs were skipped, and how many cancelled."""
    kept = await LimitKeeper(plane.store).run_once()
    return kept.skipped, kept.cancelled


async def name_of(plane: Plane, run_id: UUID) -> str:
    """The name of a run's state."""
    return (await plane.get(run_id)).facts.state.name


async def names(plane: Plane) -> list[str]:
    """The names of all runs' states, oldest run first."""
    return [run.facts.state.name for run in reversed(await plane.all_runs())]


async def test_a_new_run_of_a_full_deployment_is_skipped_at_once(plane: Plane) -> None:
    deployment_id = await limited(plane, SKIP)
    await plane.running(await plane.open(), deployment_id=deployment_id)

    run = await plane.create(deployment_id=deployment_id)

    assert (run.facts.state.type, run.facts.state.name) == (S.CANCELLED, "Skipped")
    assert "concurrency limit of 1" in run.facts.state.message
    assert run.facts.end_time == plane.clock.now()
    assert await plane.get(run.id) == run
    assert await plane.passed(run.id) == [S.CANCELLED]
    await plane.assert_sound()


async def test_a_new_run_is_not_skipped_while_there_is_room(plane: Plane) -> None:
    deployment_id = await limited(plane, SKIP, limit=2)
    session = await plane.open()
    await plane.running(session, deployment_id=deployment_id)
    held = await plane.running(session, deployment_id=deployment_id)
    await plane.report(held, 2, S.COMPLETED)

    run = await plane.create(deployment_id=deployment_id)

    assert run.facts.state.type == S.SCHEDULED


async def test_of_runs_that_wait_together_those_beyond_the_limit_are_skipped_once_it_is_reached(plane: Plane) -> None:
    """None holds a lease while no worker asks: the deployment is not full, and nothing is skipped."""
    deployment_id = await limited(plane, SKIP)
    await plane.create_many(3, deployment_id=deployment_id)
    assert await keep(plane) == (0, 0)

    await plane.acquire(await plane.open(), 10)

    assert await keep(plane) == (2, 0)
    assert await names(plane) == ["Pending", "Skipped", "Skipped"]
    assert await keep(plane) == (0, 0)
    await plane.assert_sound()


async def test_a_run_for_later_is_skipped_when_its_time_comes_and_not_before(plane: Plane) -> None:
    deployment_id = await limited(plane, SKIP)
    await plane.running(await plane.open(), deployment_id=deployment_id)
    later = await plane.create(deployment_id=deployment_id, scheduled_time=START + timedelta(seconds=5))
    assert await keep(plane) == (0, 0)

    plane.clock.advance(timedelta(seconds=5))

    assert await keep(plane) == (1, 0)
    assert await name_of(plane, later.id) == "Skipped"


async def test_a_run_that_is_tried_again_waits_and_is_not_skipped(plane: Plane) -> None:
    retries = RetryPolicy(1, (timedelta(seconds=5),))
    deployment_id = await limited(plane, SKIP, retry_policy=retries)
    session = await plane.open()
    failing = await plane.running(session, deployment_id=deployment_id)
    await plane.report(failing, 2, S.FAILED)
    await plane.running(session, deployment_id=deployment_id)
    plane.clock.advance(timedelta(seconds=5))

    assert await keep(plane) == (0, 0)

    assert await names(plane) == ["AwaitingRetry", "Running"]


async def test_a_deployment_that_may_run_nothing_skips_everything(plane: Plane) -> None:
    deployment_id = await limited(plane, SKIP, limit=0)

    assert (await plane.create(deployment_id=deployment_id)).facts.state.name == "Skipped"


async def test_a_schedule_s_time_is_skipped_while_the_deployment_is_full(plane: Plane) -> None:
    deployment_id = await limited(plane, SKIP)
    await plane.running(await plane.open(), deployment_id=deployment_id)
    draft = ScheduleDraft(deployment_id, CronSpec("* * * * *"))
    await plane.schedules.create(draft, reply())
    plane.clock.advance(timedelta(minutes=1))

    assert (await plane.scheduler.run_once()).fired == 1

    assert await names(plane) == ["Running", "Skipped"]


async def test_the_oldest_run_makes_way(plane: Plane) -> None:
    deployment_id = await limited(plane, OLDEST, limit=2)
    session = await plane.open()
    oldest = await plane.running(session, deployment_id=deployment_id)
    other = await plane.running(session, deployment_id=deployment_id)

    newest = await plane.create(deployment_id=deployment_id)

    assert await keep(plane) == (0, 1)
    assert await names(plane) == ["Cancelling", "Running", "Scheduled"]
    assert "concurrency limit of 2" in (await plane.get(oldest.run_id)).facts.state.message
    assert await keep(plane) == (0, 0)
    await plane.report(oldest, 2, S.CANCELLED)
    await plane.beat(session, other)
    assert [held.run_id for held in await plane.acquire(session, 5)] == [newest.id]
    assert await plane.state(other.run_id) == S.RUNNING
    assert await keep(plane) == (0, 0)
    await plane.assert_sound()


async def test_the_oldest_makes_way_while_its_worker_asks_for_nothing(plane: Plane) -> None:
    """A worker with one slot, held by the run that is to make way, hears of it by its heartbeat."""
    deployment_id = await limited(plane, OLDEST)
    session = await plane.open()
    oldest = await plane.running(session, deployment_id=deployment_id)
    await plane.create(deployment_id=deployment_id)

    await keep(plane)

    assert (await plane.verdict(session, oldest)).verdict.name == "CANCEL"


async def test_only_the_newest_of_those_that_wait_are_left(plane: Plane) -> None:
    deployment_id = await limited(plane, OLDEST)
    await plane.running(await plane.open(), deployment_id=deployment_id)
    for _ in range(3):
        await plane.create(deployment_id=deployment_id)

    assert await keep(plane) == (0, 3)

    assert await names(plane) == ["Cancelling", "Cancelled", "Cancelled", "Scheduled"]


async def test_whoever_keeps_limits_is_told_when_there_may_be_something_to_do(plane: Plane) -> None:
    """When a run is created, and when one could not be granted: then the keeper need not wait for its interval."""
    rings: list[str] = []
    plane.wakeups.listen(LIMITS_TOPIC, lambda: rings.append("ring"))
    session = await plane.open()

    await plane.create()
    assert rings == []
    await plane.create_many(2, deployment_id=await limited(plane, OLDEST))
    created = len(rings)
    await plane.acquire(session, 5)

    assert created > 0
    assert len(rings) > created


async def test_waiting_is_all_that_happens_under_queue(plane: Plane) -> None:
    deployment_id = await limited(plane, ConcurrencyPolicy.QUEUE)
    session = await plane.open()
    await plane.create_many(3, deployment_id=deployment_id)

    assert len(await plane.acquire(session, 3)) == 1

    assert await keep(plane) == (0, 0)
    assert await names(plane) == ["Pending", "Scheduled", "Scheduled"]


async def test_other_deployments_go_on(plane: Plane) -> None:
    full = await limited(plane, SKIP)
    free = (await plane.deployment("other", concurrency_limit=1, concurrency_policy=SKIP)).id
    session = await plane.open()
    await plane.running(session, deployment_id=full)

    run = await plane.create(deployment_id=free)

    assert run.facts.state.type == S.SCHEDULED
    assert await keep(plane) == (0, 0)


class Pair:
    """Two servers with a worker each, which do everything at the same time."""

    def __init__(self, planes: Sequence[Plane], sessions: Sequence[Session], deployment_id: UUID) -> None:
        self.planes, self.sessions, self.deployment_id = planes, sessions, deployment_id
        self.most = 0

    async def turn(self, *, creating: bool) -> None:
        """Create, ask and keep on both; then stop what was asked to stop."""
        await asyncio.gather(*(self._turn(place, creating=creating) for place in (0, 1)))
        live = await self.planes[0].live()
        self.most = max(self.most, len(live))
        for view in live:
            held = Held(view.lease.flow_run_id, view.lease.token)
            if await self.planes[0].state(held.run_id) == S.CANCELLING:
                await self.planes[0].report(held, 1, S.CANCELLED)
        await self.planes[0].assert_sound()
        self.planes[0].clock.advance(timedelta(milliseconds=1))

    async def _turn(self, place: int, *, creating: bool) -> None:
        plane, session = self.planes[place], self.sessions[place]
        if creating:
            await plane.create(deployment_id=self.deployment_id)
        await plane.beat(
            session, *[Held(each.lease.flow_run_id, each.lease.token) for each in await plane.live(session)]
        )
        await plane.acquire(session, 2)
        await LimitKeeper(plane.store).run_once()

    async def runs(self) -> list[FlowRun]:
        """All runs, oldest first."""
        return list(reversed(await self.planes[0].all_runs()))


@pytest.fixture
async def pair(open_plane: OpenPlane, policy: ConcurrencyPolicy) -> Pair:
    """Two servers, and a deployment that may run two at once."""
    planes = [await open_plane(), await open_plane()]
    deployment_id = await limited(planes[0], policy, limit=2)
    return Pair(planes, [await plane.open() for plane in planes], deployment_id)


@pytest.mark.parametrize("policy", [SKIP])
async def test_two_servers_that_skip_never_exceed_the_limit(pair: Pair) -> None:
    for _ in range(8):
        await pair.turn(creating=True)

    await pair.turn(creating=False)
    assert pair.most == 2
    assert [run.facts.state.name for run in await pair.runs()] == ["Pending"] * 2 + ["Skipped"] * 14


@pytest.mark.parametrize("policy", [OLDEST])
async def test_on_two_servers_the_newest_runs_get_their_turn(pair: Pair) -> None:
    for _ in range(8):
        await pair.turn(creating=True)

    for _ in range(3):
        await pair.turn(creating=False)
    assert pair.most == 2
    assert [run.facts.state.name for run in await pair.runs()] == ["Cancelled"] * 14 + ["Pending"] * 2
