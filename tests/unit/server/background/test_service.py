"""The loop around background services: when it begins a round, how it stops, what it does with errors."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from orch_server.application.errors import Overloaded, Unavailable
from orch_server.background.service import Service, run_services
from orch_server.storage.wakeups import LocalWakeups

AN_HOUR = 3600.0


class Rounds:
    """Counts rounds, and lets a test wait for the next one."""

    def __init__(self, *answers: timedelta | Exception | None) -> None:
        self.count = 0
        self._answers = list(answers)
        self._begun = asyncio.Condition()

    async def __call__(self) -> timedelta | None:
        self.count += 1
        async with self._begun:
            self._begun.notify_all()
        answer = self._answers.pop(0) if self._answers else None
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def reach(self, count: int) -> None:
        """Wait until so many rounds have begun."""
        async with asyncio.timeout(30), self._begun:
            await self._begun.wait_for(lambda: self.count >= count)


async def stopped(service: Service, running: "asyncio.Task[None]") -> None:
    """Stop a service and wait for its end."""
    service.stop()
    async with asyncio.timeout(30):
        await running


async def test_a_round_begins_at_once_and_again_when_it_asked_for_it() -> None:
    rounds = Rounds(timedelta(0), timedelta(milliseconds=1))
    service = Service("test", rounds, interval_seconds=AN_HOUR)
    running = asyncio.create_task(service.run())

    await rounds.reach(3)

    await stopped(service, running)


async def test_a_round_begins_after_the_interval_where_nothing_else_is_said() -> None:
    rounds = Rounds(None, None, timedelta(hours=5))
    service = Service("test", rounds, interval_seconds=0.001)
    running = asyncio.create_task(service.run())

    await rounds.reach(4)

    await stopped(service, running)


async def test_a_round_begins_when_a_topic_is_announced() -> None:
    wakeups, rounds = LocalWakeups(), Rounds()
    service = Service("test", rounds, interval_seconds=AN_HOUR, wakeups=wakeups, topics=["schedules"])
    running = asyncio.create_task(service.run())
    await rounds.reach(1)

    wakeups.announce(["schedules"])
    await rounds.reach(2)

    await stopped(service, running)


async def test_an_announcement_during_a_round_is_not_lost() -> None:
    wakeups = LocalWakeups()
    rounds = Rounds()

    async def announce_in_first() -> timedelta | None:
        if rounds.count == 0:
            wakeups.announce(["schedules"])
        return await rounds()

    service = Service("test", announce_in_first, interval_seconds=AN_HOUR, wakeups=wakeups, topics=["schedules"])
    running = asyncio.create_task(service.run())

    await rounds.reach(2)

    await stopped(service, running)


async def test_topics_need_wakeups() -> None:
    with pytest.raises(ValueError, match="no wake-ups"):
        Service("test", Rounds(), interval_seconds=1, topics=["schedules"])


@pytest.mark.parametrize("stops", [1, 2])
async def test_a_service_may_be_stopped_before_it_runs_and_twice(stops: int) -> None:
    rounds = Rounds()
    service = Service("test", rounds, interval_seconds=AN_HOUR)

    for _ in range(stops):
        service.stop()
    await service.run()

    assert rounds.count == 0


async def test_stopping_lets_the_round_under_way_end() -> None:
    begun, go_on, ended = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def long_round() -> timedelta | None:
        begun.set()
        await go_on.wait()
        ended.set()
        return None

    service = Service("test", long_round, interval_seconds=AN_HOUR)
    running = asyncio.create_task(service.run())
    await begun.wait()

    service.stop()
    go_on.set()
    await stopped(service, running)

    assert ended.is_set()


@pytest.mark.parametrize("kind", [Unavailable, Overloaded])
async def test_a_database_that_is_away_is_waited_for(kind: Callable[..., Exception]) -> None:
    rounds = Rounds(*(kind("away", retry_after_seconds=0.001) for _ in range(3)))
    service = Service("test", rounds, interval_seconds=AN_HOUR)
    running = asyncio.create_task(service.run())

    await rounds.reach(4)

    await stopped(service, running)


async def test_stop_does_not_wait_for_the_database() -> None:
    rounds = Rounds(Unavailable("away", retry_after_seconds=AN_HOUR))
    service = Service("test", rounds, interval_seconds=AN_HOUR)
    running = asyncio.create_task(service.run())
    await rounds.reach(1)

    await stopped(service, running)


async def test_a_bug_in_one_service_ends_all_of_them() -> None:
    good, bad = Rounds(), Rounds(ZeroDivisionError())
    services = [Service("good", good, interval_seconds=AN_HOUR), Service("bad", bad, interval_seconds=AN_HOUR)]

    with pytest.raises(ExceptionGroup) as caught:
        await run_services(services, asyncio.Event())

    assert caught.group_contains(ZeroDivisionError)


async def test_services_run_side_by_side_until_told_to_stop() -> None:
    stop, one, other = asyncio.Event(), Rounds(), Rounds()
    services = [Service("one", one, interval_seconds=AN_HOUR), Service("other", other, interval_seconds=AN_HOUR)]
    running: Awaitable[None] = asyncio.create_task(run_services(services, stop))
    await one.reach(1)
    await other.reach(1)

    stop.set()

    async with asyncio.timeout(30):
        await running
