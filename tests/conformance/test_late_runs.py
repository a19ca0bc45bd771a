"""Late marking: a run that nobody takes is called late, once, and stays what it is."""

from datetime import timedelta

from orch_server.application.firing import fire_due
from orch_server.application.ports import run_topic
from orch_server.background.late_marker import LateMarker
from orch_server.clock import TimeOrderedIds
from orch_server.domain.states import StateType
from orch_server.storage.store import SqlStore
from orch_server.storage.wakeups import LocalWakeups
from tests.support.catalog import Catalog, minutes, seconds
from tests.support.clock import FakeClock


async def fire(catalog: Catalog, clock: FakeClock, *, schedules: int = 1) -> None:
    """One scheduled run a schedule, due now."""
    deployment = await catalog.deployment()
    for number in range(schedules):
        await catalog.schedule(deployment.id, name=f"s{number}")
    clock.advance(minutes(1))
    await catalog.store.write(lambda tx: fire_due(tx, catalog.ids))


async def test_a_run_is_late_once_the_threshold_has_passed(
    catalog: Catalog, store: SqlStore, wakeups: LocalWakeups, clock: FakeClock
) -> None:
    await fire(catalog, clock)
    marker = LateMarker(store, threshold=seconds(15))
    (run,) = await catalog.runs()
    heard: list[int] = []
    wakeups.listen(run_topic(run.id), lambda: heard.append(1))
    clock.advance(seconds(15))

    assert (await marker.run_once()).marked == 0
    clock.advance(timedelta(microseconds=1))
    assert (await marker.run_once()).marked == 1
    assert (await marker.run_once()).marked == 0

    (late,) = await catalog.runs()
    assert (late.facts.state.type, late.facts.state.name) == (StateType.SCHEDULED, "Late")
    assert (late.facts.version, late.facts.scheduled_time) == (2, run.facts.scheduled_time)
    history = await store.read(lambda tx: tx.flow_runs.states(run.id, after_version=0, limit=9))
    assert [(change.version, change.state.name) for change in history] == [(1, "Scheduled"), (2, "Late")]
    assert heard == [1]


async def test_a_round_is_bounded_and_says_that_there_is_more(
    catalog: Catalog, store: SqlStore, clock: FakeClock
) -> None:
    await fire(catalog, clock, schedules=5)
    clock.advance(minutes(1))
    marker = LateMarker(store, batch=2)

    rounds = [await marker.run_once() for _ in range(4)]

    assert [(each.marked, each.more) for each in rounds] == [(2, True), (2, True), (1, False), (0, False)]


async def test_a_run_that_has_ended_is_not_late(
    catalog: Catalog, store: SqlStore, clock: FakeClock, ids: TimeOrderedIds
) -> None:
    await fire(catalog, clock)
    await catalog.end_all_runs()
    clock.advance(minutes(1))

    assert (await LateMarker(store).run_once()).marked == 0
