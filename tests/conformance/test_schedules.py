"""Schedules as their authors see them: created, changed, paused, previewed."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from orch_server.application.errors import AlreadyExists, Conflict, NotFound
from orch_server.application.pages import PageRequest
from orch_server.application.ports import SCHEDULES_TOPIC
from orch_server.application.schedules import Schedules
from orch_server.clock import TimeOrderedIds
from orch_server.domain.schedules import CatchUpPolicy, CronSpec, IntervalSpec, OverlapPolicy, RRuleSpec, ScheduleSpec
from orch_server.storage.store import SqlStore
from orch_server.storage.wakeups import LocalWakeups
from tests.support.catalog import MINUTELY, Catalog, minutes
from tests.support.clock import START, FakeClock
from tests.support.replies import plain

SPECS: list[ScheduleSpec] = [
    CronSpec("0 2 * * *", "Europe/Berlin", day_or=False),
    IntervalSpec(timedelta(hours=1.5), datetime(2026, 1, 1, 0, 0, 0, 250_000, tzinfo=UTC), "America/New_York"),
    RRuleSpec("DTSTART:20260101T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO", "Asia/Tokyo"),
]


@pytest.fixture
def schedules(store: SqlStore, ids: TimeOrderedIds) -> Schedules:
    """The use cases of schedules."""
    return Schedules(store, ids)


@pytest.mark.parametrize("spec", SPECS, ids=["cron", "interval", "rrule"])
async def test_a_schedule_is_read_as_it_was_created(catalog: Catalog, schedules: Schedules, spec: ScheduleSpec) -> None:
    deployment = await catalog.deployment()

    created = await catalog.schedule(
        deployment.id,
        spec,
        name="one",
        paused=True,
        parameters='{"day": 1}',
        catch_up_policy=CatchUpPolicy.ALL,
        catch_up_window=timedelta(hours=2),
        overlap_policy=OverlapPolicy.QUEUE,
        jitter=timedelta(seconds=30),
    )

    assert await schedules.get(created.id) == created
    assert created.spec == spec
    assert created.next_time is not None
    assert created.next_time > START


async def test_the_first_time_is_strictly_after_now(catalog: Catalog) -> None:
    deployment = await catalog.deployment()

    schedule = await catalog.schedule(deployment.id, MINUTELY)

    assert (schedule.next_time, schedule.last_time) == (START + minutes(1), None)


async def test_a_name_is_made_of_the_spec_and_unique_in_the_deployment(catalog: Catalog) -> None:
    one, other = await catalog.deployment("one"), await catalog.deployment("other")
    first = await catalog.schedule(one.id, MINUTELY)

    assert (await catalog.schedule(other.id, MINUTELY)).name == first.name
    assert (await catalog.schedule(one.id, CronSpec("*/2 * * * *"))).name != first.name
    with pytest.raises(AlreadyExists):
        await catalog.schedule(one.id, MINUTELY)


async def test_a_schedule_needs_its_deployment(catalog: Catalog) -> None:
    with pytest.raises(NotFound):
        await catalog.schedule(uuid4())


async def test_another_spec_counts_from_now(catalog: Catalog, schedules: Schedules, clock: FakeClock) -> None:
    created = await catalog.schedule((await catalog.deployment()).id, MINUTELY)
    clock.advance(minutes(90))

    changed = await schedules.update(created.id, {"spec": CronSpec("0 * * * *")}, "v1", reply=plain())

    assert changed.next_time == START + minutes(120)
    assert await schedules.get(created.id) == changed


async def test_what_is_no_spec_leaves_the_next_time_alone(
    catalog: Catalog, schedules: Schedules, clock: FakeClock
) -> None:
    created = await catalog.schedule((await catalog.deployment()).id, MINUTELY)
    clock.advance(minutes(90))

    changed = await schedules.update(created.id, {"jitter": timedelta(seconds=5)}, "", reply=plain())

    assert changed.next_time == created.next_time


async def test_times_that_pass_while_paused_are_not_missed(
    catalog: Catalog, schedules: Schedules, clock: FakeClock
) -> None:
    created = await catalog.schedule((await catalog.deployment()).id, MINUTELY)
    await schedules.update(created.id, {"paused": True}, "", reply=plain())
    clock.advance(minutes(90))

    resumed = await schedules.update(created.id, {"paused": False}, "", reply=plain())

    assert resumed.next_time == START + minutes(91)


async def test_a_stale_etag_is_a_conflict(catalog: Catalog, schedules: Schedules) -> None:
    created = await catalog.schedule((await catalog.deployment()).id)
    await schedules.update(created.id, {"paused": True}, "v1", reply=plain())

    with pytest.raises(Conflict):
        await schedules.update(created.id, {"paused": False}, "v1", reply=plain())
    with pytest.raises(Conflict):
        await schedules.delete(created.id, "v1", reply=plain())
    await schedules.delete(created.id, "v2", reply=plain())
    with pytest.raises(NotFound):
        await schedules.get(created.id)


async def test_changes_are_announced(catalog: Catalog, schedules: Schedules, wakeups: LocalWakeups) -> None:
    deployment = await catalog.deployment()
    heard: list[int] = []
    wakeups.listen(SCHEDULES_TOPIC, lambda: heard.append(1))

    created = await catalog.schedule(deployment.id)
    await schedules.update(created.id, {"paused": True}, "", reply=plain())

    assert len(heard) == 2


async def test_lists_are_paged_newest_first(catalog: Catalog, schedules: Schedules) -> None:
    one, other = await catalog.deployment("one"), await catalog.deployment("other")
    for number in range(3):
        await catalog.schedule(one.id, name=f"s{number}")
    await catalog.schedule(other.id, name="elsewhere")

    page = await schedules.page(PageRequest(2, "", ""), deployment_id=one.id)
    rest = await schedules.page(PageRequest(2, page.next_token, ""), deployment_id=one.id)

    assert [each.name for each in (*page.items, *rest.items)] == ["s2", "s1", "s0"]
    assert len((await schedules.page(PageRequest(9, "", ""))).items) == 4


async def test_a_preview_writes_nothing(schedules: Schedules) -> None:
    times = await schedules.preview(MINUTELY, after=None, until=None, count=2)
    until = await schedules.preview(MINUTELY, after=START, until=START + minutes(1), count=9)

    assert times == [START + minutes(1), START + minutes(2)]
    assert until == [START + minutes(1)]
    assert (await schedules.page(PageRequest(9, "", ""))).items == []
