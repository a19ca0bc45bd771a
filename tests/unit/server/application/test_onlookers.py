"""The slow look behind bells: what nobody rings for is noticed, by one question for all who watch."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid4

from orch_server.application.fence_rows import Mark
from orch_server.application.onlookers import Onlookers
from orch_server.application.waiting import Bell
from orch_server.storage.wakeups import LocalWakeups

if TYPE_CHECKING:
    from orch_server.application.ports import Store

RUNS = [uuid4() for _ in range(3)]


class Versions:
    """A store of runs' versions. What it is asked is noted; `broken`: it refuses."""

    def __init__(self) -> None:
        self.versions = dict.fromkeys(RUNS, 1)
        self.asked: list[list[UUID]] = []
        self.looked = asyncio.Event()
        self.broken = False

    async def read(self, work: Callable[[Any], object]) -> object:
        self.looked.set()
        if self.broken:
            raise ConnectionError("the database is away")
        return work(SimpleNamespace(fences=self))

    def marks(self, ids: Sequence[UUID]) -> dict[UUID, Mark]:
        self.asked.append(sorted(ids))
        return {run_id: Mark(self.versions[run_id], 0) for run_id in ids}

    async def next_look(self) -> None:
        self.looked.clear()
        await self.looked.wait()
        await asyncio.sleep(0)


async def test_a_change_that_nobody_rang_for_rings_those_who_watch_that_run() -> None:
    store, wakeups = Versions(), LocalWakeups()
    onlookers = Onlookers(cast("Store", store))
    async with AsyncExitStack() as stack:
        bells = {run_id: [stack.enter_context(Bell(wakeups, ())) for _ in range(4)] for run_id in RUNS}
        for run_id, bell in [(run_id, bell) for run_id, those in bells.items() for bell in those]:
            await stack.enter_async_context(onlookers.watching(run_id, bell))
        await store.next_look()
        for bell in [bell for those in bells.values() for bell in those]:
            assert await bell.wait(0)  # what it was when they looked themselves is not known
            bell.reset()
        store.broken = True
        await store.next_look()
        store.broken = False
        store.versions[RUNS[0]] += 1

        await store.next_look()

        assert [await bell.wait(0) for bell in bells[RUNS[0]]] == [True] * 4
        assert not any([await bell.wait(0) for run_id in RUNS[1:] for bell in bells[run_id]])
    assert store.asked == [sorted(RUNS)] * 2


async def test_nobody_looks_when_nobody_watches() -> None:
    store, wakeups = Versions(), LocalWakeups()
    onlookers = Onlookers(cast("Store", store))

    with Bell(wakeups, ()) as bell:
        async with onlookers.watching(RUNS[0], bell):
            await store.next_look()

    assert asyncio.all_tasks() == {asyncio.current_task()}
