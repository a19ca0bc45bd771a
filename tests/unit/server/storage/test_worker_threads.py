"""Threads that work for an event loop, in order, to the end, and also for loops that are gone."""

import asyncio
import threading
from functools import partial

import pytest

from orch_server.storage.worker_threads import WorkerThreads


async def test_what_is_asked_is_done_in_order_in_another_thread() -> None:
    threads = WorkerThreads(1, name="test")
    done: list[int] = []

    await asyncio.gather(*(threads.run(partial(done.append, place)) for place in range(100)))

    assert done == list(range(100))
    assert await threads.run(threading.current_thread) is not threading.current_thread()
    await threads.close()


async def test_so_many_run_side_by_side() -> None:
    threads, together = WorkerThreads(2, name="test"), threading.Barrier(2, timeout=30)

    met = await asyncio.gather(threads.run(together.wait), threads.run(together.wait))

    assert sorted(met) == [0, 1]
    await threads.close()


async def test_errors_belong_to_the_caller() -> None:
    threads = WorkerThreads(1, name="test")

    with pytest.raises(ZeroDivisionError):
        await threads.run(lambda: 1 / 0)

    assert await threads.run(lambda: "goes on") == "goes on"
    await threads.close()


async def test_a_caller_who_leaves_stops_nobody_else() -> None:
    threads, go, done = WorkerThreads(1, name="test"), threading.Event(), list[str]()
    first = asyncio.create_task(threads.run(go.wait))
    left = asyncio.create_task(threads.run(lambda: done.append("left")))
    stays = asyncio.create_task(threads.run(lambda: done.append("stays")))
    await asyncio.sleep(0)

    left.cancel()
    await asyncio.wait({left})
    go.set()
    await asyncio.gather(first, stays)

    assert done == ["stays"]
    await threads.close()


async def test_closing_waits_for_what_was_asked_and_ends_the_threads() -> None:
    threads, found = WorkerThreads(2, name="test"), list[threading.Thread]()
    under_way = [asyncio.create_task(threads.run(lambda: found.append(threading.current_thread()))) for _ in range(20)]
    await asyncio.sleep(0)

    await threads.close()
    await threads.close()

    assert len(found) == 20
    await asyncio.gather(*under_way)
    for thread in set(found):
        thread.join(30)
        assert not thread.is_alive()
    with pytest.raises(RuntimeError, match="closed"):
        await threads.run(list)


def test_a_loop_that_is_gone_is_no_trouble() -> None:
    threads, go, later = WorkerThreads(1, name="test"), threading.Event(), list[str]()

    async def leave() -> None:
        waiting = asyncio.create_task(threads.run(go.wait))
        await asyncio.sleep(0)
        waiting.cancel()

    asyncio.run(leave())
    go.set()

    async def come() -> None:
        await threads.run(lambda: later.append("served"))
        await threads.close()

    asyncio.run(come())
    assert later == ["served"]
