"""Calls that share transactions, and large ones that do not wait for each other."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, cast

from orch_server.application.telemetry import NoTelemetry
from orch_server.storage.lanes import CommitGroup, SqlLane
from orch_server.storage.measuring import TransactionMeter
from orch_server.storage.transaction import SqlTransaction


class Database:
    """Keeps every transaction under way until it is told to commit it."""

    def __init__(self) -> None:
        self.under_way: list[asyncio.Future[None]] = []
        self.begun = asyncio.Condition()

    async def write(self, work: Callable[[SqlTransaction], Any]) -> Any:  # noqa: ANN401
        result = work(cast("SqlTransaction", None))
        held: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.under_way.append(held)
        async with self.begun:
            self.begun.notify_all()
        await held
        return result

    async def wait_for(self, count: int) -> None:
        """Until so many are under way."""
        async with self.begun:
            await self.begun.wait_for(lambda: len(self.under_way) >= count)

    def commit(self) -> None:
        """The oldest."""
        self.under_way.pop(0).set_result(None)


class World:
    """A group with a lane for lists, whose items are as heavy as they are long, and what has run together."""

    def __init__(self, *, max_batch: int = 500, most_beside: int = 3) -> None:
        self.database = Database()
        self.together: list[list[int]] = []
        meter = TransactionMeter(NoTelemetry())
        group = CommitGroup(self.database.write, meter, max_batch=max_batch, most_beside=most_beside)
        self.lane: SqlLane[Sequence[None], int] = group.lane(self._work, weigh=len)

    def _work(self, tx: SqlTransaction, items: Sequence[Sequence[None]]) -> Sequence[int | Exception]:
        self.together.append([len(item) for item in items])
        return [len(item) for item in items]

    def call(self, weight: int) -> asyncio.Task[int]:
        return asyncio.create_task(self.lane.submit([None] * weight))


async def settled(world: World) -> None:
    """Whatever could begin has begun: everything here happens in a few turns of the loop."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_small_calls_wait_for_the_one_under_way_and_share_the_next() -> None:
    world = World()
    calls = [world.call(1)]
    await world.database.wait_for(1)
    calls += [world.call(1) for _ in range(50)]
    await settled(world)
    assert world.together == [[1]]

    world.database.commit()
    await world.database.wait_for(1)
    world.database.commit()

    assert await asyncio.gather(*calls) == [1] * 51
    assert world.together == [[1], [1] * 50]


async def test_large_calls_do_not_wait_for_each_other() -> None:
    world = World()
    calls = [world.call(500) for _ in range(3)]
    await world.database.wait_for(3)

    assert world.together == [[500]] * 3
    for _ in range(3):
        world.database.commit()
    assert await asyncio.gather(*calls) == [500] * 3


async def test_only_so_many_transactions_are_under_way_at_once() -> None:
    world = World(most_beside=2)
    calls = [world.call(500) for _ in range(5)]
    await settled(world)
    assert len(world.database.under_way) == 2

    for _ in range(5):
        await world.database.wait_for(1)
        world.database.commit()

    assert await asyncio.gather(*calls) == [500] * 5
    assert world.together == [[500]] * 5


async def test_a_large_call_does_not_keep_small_ones_waiting_for_long() -> None:
    world = World()
    calls = [world.call(500)]
    await world.database.wait_for(1)
    calls.append(world.call(1))
    await settled(world)
    assert world.together == [[500]]  # alone, it is worth no other transaction

    calls += [world.call(100)]
    await world.database.wait_for(2)

    assert world.together == [[500], [1, 100]]
    world.database.commit()
    world.database.commit()
    assert await asyncio.gather(*calls) == [500, 1, 100]


async def test_a_transaction_takes_no_more_than_its_fill() -> None:
    world = World(most_beside=1)
    calls = [world.call(1)]
    await world.database.wait_for(1)
    calls += [world.call(300) for _ in range(5)]

    for _ in range(4):
        await world.database.wait_for(1)
        world.database.commit()

    assert await asyncio.gather(*calls) == [1, 300, 300, 300, 300, 300]
    assert world.together == [[1], [300, 300], [300, 300], [300]]


async def test_one_that_comes_as_another_is_answered_waits_for_nobody() -> None:
    world = World()

    async def one_after_another() -> list[int]:
        return [await world.lane.submit([None]) for _ in range(3)]

    calls = asyncio.create_task(one_after_another())
    for _ in range(3):
        await world.database.wait_for(1)
        world.database.commit()

    assert await asyncio.wait_for(calls, 5) == [1, 1, 1]


async def test_whoever_has_left_is_not_carried_out() -> None:
    world = World()
    calls = [world.call(500)]
    await world.database.wait_for(1)
    leaving = world.call(1)
    await settled(world)
    leaving.cancel()
    await settled(world)
    world.database.commit()

    assert await asyncio.gather(*calls) == [500]
    await settled(world)
    assert world.together == [[500]]
