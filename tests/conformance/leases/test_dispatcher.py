"""Long polls: answered at once when something changes, and with nothing when they should be."""

import asyncio
from datetime import timedelta

import pytest

from orch_server.application.errors import Unavailable
from orch_server.domain.states import StateType
from tests.support.plane import Plane

SOON = 30
LONG = 60


async def test_a_wait_ends_with_the_run_that_comes(plane: Plane) -> None:
    session = await plane.open()
    poll = asyncio.create_task(plane.acquire(session, wait=LONG))
    await plane.waiting(1)

    run = await plane.create()

    async with asyncio.timeout(SOON):
        [held] = await poll
    assert held.run_id == run.id
    assert plane.dispatcher.waiting() == 0


async def test_a_wait_ends_with_a_slot_that_becomes_free(plane: Plane) -> None:
    await plane.limit_pool(1)
    holder, waiter = await plane.open("holder"), await plane.open("waiter")
    held = await plane.running(holder)
    run = await plane.create()
    poll = asyncio.create_task(plane.acquire(waiter, wait=LONG))
    await plane.waiting(1)

    await plane.report(held, 2, StateType.COMPLETED)

    async with asyncio.timeout(SOON):
        assert [each.run_id for each in await poll] == [run.id]


async def test_a_wait_ends_with_a_run_that_comes_due(plane: Plane) -> None:
    session = await plane.open()
    run = await plane.create(scheduled_time=plane.clock.now() + timedelta(hours=1))
    poll = asyncio.create_task(plane.acquire(session, wait=LONG))
    await plane.waiting(1)

    plane.clock.advance(timedelta(hours=1))

    async with asyncio.timeout(SOON):
        assert [each.run_id for each in await poll] == [run.id]


async def test_a_wait_that_brings_nothing_ends_in_time(plane: Plane) -> None:
    session = await plane.open()
    async with asyncio.timeout(SOON):
        answer = await plane.ask(session, wait=0.05)

    assert not answer.leases
    assert not answer.sync_now
    assert not answer.closed


async def test_who_goes_away_takes_nothing(plane: Plane) -> None:
    session = await plane.open()
    await plane.pause_pool(paused=True)
    polls = [asyncio.create_task(plane.acquire(session, wait=LONG)) for _ in range(2)]
    await plane.waiting(2)
    polls[0].cancel()
    await asyncio.wait([polls[0]])
    await plane.acquire(session, wait=0)  # whatever was looked up for who is gone has been answered before this
    await plane.create_many(2)

    await plane.pause_pool(paused=False)

    async with asyncio.timeout(SOON):
        assert len(await polls[1]) == 1
    assert len(await plane.live()) == 1


async def test_a_server_that_stops_answers_all_who_wait(plane: Plane) -> None:
    session = await plane.open()
    polls = [asyncio.create_task(plane.ask(session, wait=LONG)) for _ in range(3)]
    await plane.waiting(3)

    async with asyncio.timeout(SOON):
        await plane.close()
        answers = await asyncio.gather(*polls)

    assert {answer.leases for answer in answers} == {()}
    with pytest.raises(Unavailable) as refused:
        await plane.ask(session, wait=LONG)
    assert refused.value.reason == "SERVER_STOPPING"


async def test_a_worker_that_should_sync_is_told_before_it_waits(plane: Plane) -> None:
    session = await plane.open()
    held = await plane.running(session)
    await plane.cancel(held.run_id)

    assert (await plane.ask(session, wait=LONG)).sync_now
    await plane.beat(session, held)
    assert not (await plane.ask(session)).sync_now
