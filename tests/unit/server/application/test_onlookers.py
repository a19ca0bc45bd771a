"""The slow look behind bells: what nobody rings for is noticed, by one question for all who watch."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID, uuid4

import pytest

from orch_server.application import onlookers
from orch_server.application.fence_rows import Mark
from orch_server.application.onlookers import Onlookers
from orch_server.application.waiting import Bell
from orch_server.storage.wakeups import LocalWakeups

if TYPE_CHECKING:
    from orch_server.application.ports import Store

RUNS = [uuid4() for _ in range(3)]


class Versions:
    """A store of runs' versions, which answers when the test says so. `broken`: it refuses."""

    def __init__(self) -> None:
        self.versions = dict.fromkeys(RUNS, 1)
        self.lines = dict.fromkeys(RUNS, 0)
        self.asked: list[list[UUID]] = []
        self.broken = False
        self._wanted = asyncio.Semaphore(0)
        self._looked = asyncio.Event()

    async def read(self, work: Callable[[Any], object]) -> object:
        await self._wanted.acquire()
        self._looked.set()
        if self.broken:
            raise ConnectionError("the database is away")
        return work(SimpleNamespace(fences=self))

    def marks(self, ids: Sequence[UUID]) -> dict[UUID, Mark]:
        self.asked.append(sorted(ids))
        return {run_id: Mark(self.versions[run_id], self.lines[run_id]) for run_id in ids}

    async def next_look(self) -> None:
        """One look, to its end."""
        self._looked.clear()
        self._wanted.release()
        await self._looked.wait()
        await asyncio.sleep(0)


@pytest.fixture(autouse=True)
def no_time_between_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onlookers, "RELOOK_SECONDS", 0.001)


async def test_a_change_that_nobody_rang_for_rings_those_who_watch_that_run() -> None:
    store, wakeups = Versions(), LocalWakeups()
    watchers = Onlookers(cast("Store", store), lambda mark: mark.version)
    async with AsyncExitStack() as stack:
        bells = {run_id: [stack.enter_context(Bell(wakeups, ())) for _ in range(4)] for run_id in RUNS}
        for run_id, bell in [(run_id, bell) for run_id, those in bells.items() for bell in those]:
            await stack.enter_async_context(watchers.watching(run_id, bell))
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


async def test_nobody_is_rung_again_for_what_was_rung_for() -> None:
    """Unless nobody rings for what comes after it."""
    store, wakeups = Versions(), LocalWakeups()
    watchers = Onlookers(cast("Store", store), lambda mark: mark)
    with Bell(wakeups, ["log"]) as bell:
        async with watchers.watching(RUNS[0], bell):
            await store.next_look()
            for _ in range(2):
                store.lines[RUNS[0]] += 1
                wakeups.ring(["log"])
                assert await bell.wait(0)
                bell.reset()
                await store.next_look()
                assert not await bell.wait(0)

            await store.next_look()
            assert await bell.wait(0)  # which of the lines the ring was for is not known
            bell.reset()
            await store.next_look()
            assert not await bell.wait(0)


async def test_what_does_not_matter_rings_nobody() -> None:
    store, wakeups = Versions(), LocalWakeups()
    watchers = Onlookers(cast("Store", store), lambda mark: mark.version)
    with Bell(wakeups, ()) as bell:
        async with watchers.watching(RUNS[0], bell):
            await store.next_look()
            bell.reset()
            store.lines[RUNS[0]] += 1
            await store.next_look()
            assert not await bell.wait(0)


async def test_nobody_looks_when_nobody_watches() -> None:
    store, wakeups = Versions(), LocalWakeups()
    watchers = Onlookers(cast("Store", store), lambda mark: mark.version)

    with Bell(wakeups, ()) as bell:
        async with watchers.watching(RUNS[0], bell):
            await store.next_look()

    assert asyncio.all_tasks() == {asyncio.current_task()}
