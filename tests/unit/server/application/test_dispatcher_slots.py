"""A slot that becomes free while runs are being claimed is not missed: the claim may have counted before."""

import asyncio
from typing import Any, cast
from uuid import UUID

from orch_server.application.dispatcher import Dispatcher
from orch_server.application.grants import Grants
from orch_server.application.lease_rows import NO_BACKLOG, Backlog, Wish
from orch_server.application.ports import Store, slot_topic
from orch_server.application.session_hints import SessionHints
from orch_server.application.telemetry import NoTelemetry
from orch_server.storage.wakeups import LocalWakeups

POOL, SESSION, REQUEST = (UUID(int=number) for number in (1, 2, 3))
FULL = Backlog(None, blocked=True)


class Claims:
    """Claims that are under way until the test answers them: the store's lane, and the store that has no other."""

    def __init__(self) -> None:
        self.under_way: list[asyncio.Future[Grants]] = []

    def lane(self, work: object, **options: object) -> "Claims":
        return self

    async def submit(self, claim: object) -> Grants:
        answer: asyncio.Future[Grants] = asyncio.get_running_loop().create_future()
        self.under_way.append(answer)
        return await answer


async def _settled() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def _second_claims(*, freed: bool, backlog: Backlog) -> int:
    """How many claims follow at once where a slot was freed, or not, during one that found nothing."""
    claims, wakeups = Claims(), LocalWakeups()
    dispatcher = Dispatcher(cast("Store", claims), wakeups, SessionHints(wakeups), NoTelemetry())
    call: asyncio.Task[Any] = asyncio.create_task(dispatcher.acquire(POOL, Wish(SESSION, REQUEST, 1), wait_seconds=60))
    await _settled()
    if freed:
        wakeups.announce([slot_topic(POOL)])
    claims.under_way[0].set_result(Grants(((),), backlog))
    await _settled()
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    return len(claims.under_way) - 1


async def test_a_slot_freed_while_runs_are_claimed_is_claimed_at_once() -> None:
    assert await _second_claims(freed=True, backlog=FULL) == 1


async def test_nothing_is_claimed_again_where_no_slot_was_freed() -> None:
    assert await _second_claims(freed=False, backlog=FULL) == 0


async def test_nor_where_none_was_missing() -> None:
    assert await _second_claims(freed=True, backlog=NO_BACKLOG) == 0
