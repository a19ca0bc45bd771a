"""Schedules: found when due, advanced under the next time they had."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Insert, Row, Select, Update, bindparam, delete, func, select, text, update

from orch_server.application.schedule_rows import Advance
from orch_server.domain.deployment_schedules import Schedule
from orch_server.domain.schedules import CatchUpPolicy, OverlapPolicy
from orch_server.storage.batch import Batch, one_of
from orch_server.storage.inserts import insert_or_skip
from orch_server.storage.schedule_specs import dump_spec, load_spec
from orch_server.storage.scope import Kind, Scope
from orch_server.storage.tables import flow_run, schedule
from orch_server.storage.types import ID, INSTANT
from orch_server.storage.work_queues import OPEN_RUN

_MILLISECOND = timedelta(milliseconds=1)

_NOT_PAUSED = text("NOT schedule.paused")
"""In the words of the partial index, so that SQLite finds it too."""

_BY_ID = select(schedule).where(schedule.c.id == bindparam("schedule_id"))
_LOCK = _BY_ID.with_for_update(key_share=True)
_DUE = (
    select(schedule)
    .where(_NOT_PAUSED, schedule.c.next_time <= bindparam("now"))
    .order_by(schedule.c.next_time)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, key_share=True)
)
_NEXT_DUE = select(func.min(schedule.c.next_time, type_=INSTANT)).where(_NOT_PAUSED)
_CHANGEABLE = (
    "spec",
    "paused",
    "parameters",
    "catch_up_policy",
    "catch_up_window_ms",
    "overlap_policy",
    "jitter_ms",
    "next_time",
    "update_time",
    "version",
)
_CHANGE = (
    update(schedule)
    .where(schedule.c.id == bindparam("schedule_id"), schedule.c.version == bindparam("old_version"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGEABLE})
)
_DELETE = delete(schedule).where(schedule.c.id == bindparam("schedule_id"))


@cache
def _add(kind: Kind) -> Insert:
    return insert_or_skip(kind, schedule, ["deployment_id", "name"])


@cache
def _page(*, one_deployment: bool, first: bool) -> Select[Any]:
    statement = select(schedule).order_by(schedule.c.id.desc()).limit(bindparam("most"))
    if one_deployment:
        statement = statement.where(schedule.c.deployment_id == bindparam("of_deployment"))
    return statement if first else statement.where(schedule.c.id < bindparam("before"))


@cache
def _open_runs(kind: Kind) -> Select[Any]:
    statement = select(flow_run.c.schedule_id, flow_run.c.id).where(one_of(flow_run.c.schedule_id, "ids", kind))
    return statement.where(OPEN_RUN).order_by(flow_run.c.id)


@cache
def _advance(kind: Kind) -> tuple[Batch, Update]:
    batch = Batch(kind, id=ID, old_next_time=INSTANT, next_time=INSTANT, last_time=INSTANT)
    c = batch.table.c
    statement = (
        update(schedule)
        .where(schedule.c.id == c.id, schedule.c.next_time == c.old_next_time)
        .values(next_time=c.next_time, last_time=c.last_time)
    )
    return batch, statement


class SqlSchedules:
    """The store's side of `ScheduleRows`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def add(self, schedule_: Schedule) -> bool:
        """Insert a schedule; False where its deployment has one of that name."""
        statement = _add(self._scope.kind).returning(schedule.c.id)
        return self._scope.connection.execute(statement, _row(schedule_)).first() is not None

    def get(self, schedule_id: UUID) -> Schedule | None:
        """One schedule."""
        return self._one(_BY_ID, schedule_id)

    def lock(self, schedule_id: UUID) -> Schedule | None:
        """One schedule, which nobody else changes, fires or deletes until the transaction ends."""
        return self._one(_LOCK, schedule_id)

    def _one(self, statement: Select[Any], schedule_id: UUID) -> Schedule | None:
        row = self._scope.connection.execute(statement, {"schedule_id": schedule_id}).one_or_none()
        return _schedule(row) if row is not None else None

    def page(self, *, deployment_id: UUID | None, before: UUID | None, limit: int) -> list[Schedule]:
        """Schedules, newest first, older than `before`, at most `limit`; only of one deployment where given."""
        statement = _page(one_deployment=deployment_id is not None, first=before is None)
        parameters = {"of_deployment": deployment_id, "before": before, "most": limit}
        return [_schedule(row) for row in self._scope.connection.execute(statement, parameters)]

    def change(self, schedule_: Schedule, *, old_version: int) -> bool:
        """Write a schedule's changeable fields and `next_time` where it still has `old_version`; False where not."""
        row = _row(schedule_)
        parameters = {f"new_{name}": row[name] for name in _CHANGEABLE}
        parameters |= {"schedule_id": schedule_.id, "old_version": old_version}
        return self._scope.connection.execute(_CHANGE, parameters).rowcount == 1

    def delete(self, schedule_id: UUID) -> None:
        """Delete a schedule. Its runs stay."""
        self._scope.connection.execute(_DELETE, {"schedule_id": schedule_id})

    def lock_due(self, now: datetime, *, limit: int) -> list[Schedule]:
        """Schedules that are not paused and whose next time has come, the most overdue first, locked; those that
        others have locked are skipped."""
        rows = self._scope.rows(_DUE, {"now": now, "most": limit})
        return [_schedule(row) for row in rows]

    def open_runs(self, schedule_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
        """Runs of these schedules that have not ended, by schedule."""
        found: dict[UUID, list[UUID]] = {}
        if schedule_ids:
            rows = self._scope.connection.execute(_open_runs(self._scope.kind), {"ids": list(schedule_ids)})
            for schedule_id, run_id in rows:
                found.setdefault(schedule_id, []).append(run_id)
        return found

    def advance(self, advances: Sequence[Advance]) -> None:
        """Write how far locked schedules have come."""
        if not advances:
            return
        batch, statement = _advance(self._scope.kind)
        rows = [(each.schedule_id, each.old_next_time, each.next_time, each.last_time) for each in advances]
        written = self._scope.connection.execute(statement, batch.parameters(rows)).rowcount
        if written != len(advances):
            raise RuntimeError(f"{len(advances) - written} of {len(advances)} locked schedules moved under their lock")

    def next_due(self) -> datetime | None:
        """The earliest next time of all schedules that are not paused; None where none will ever fire."""
        earliest: datetime | None = self._scope.rows(_NEXT_DUE, {})[0][0]
        return earliest


def _schedule(row: Row[Any]) -> Schedule:
    return Schedule(
        id=row.id,
        deployment_id=row.deployment_id,
        name=row.name,
        spec=load_spec(row.spec),
        paused=row.paused,
        parameters=row.parameters,
        catch_up_policy=CatchUpPolicy(row.catch_up_policy),
        catch_up_window=row.catch_up_window_ms * _MILLISECOND if row.catch_up_window_ms is not None else None,
        overlap_policy=OverlapPolicy(row.overlap_policy),
        jitter=row.jitter_ms * _MILLISECOND,
        next_time=row.next_time,
        last_time=row.last_time,
        create_time=row.create_time,
        update_time=row.update_time,
        version=row.version,
    )


def _row(schedule_: Schedule) -> dict[str, Any]:
    window = schedule_.catch_up_window
    return {
        "id": schedule_.id,
        "deployment_id": schedule_.deployment_id,
        "name": schedule_.name,
        "spec": dump_spec(schedule_.spec),
        "paused": schedule_.paused,
        "parameters": schedule_.parameters,
        "catch_up_policy": int(schedule_.catch_up_policy),
        "catch_up_window_ms": window // _MILLISECOND if window is not None else None,
        "overlap_policy": int(schedule_.overlap_policy),
        "jitter_ms": schedule_.jitter // _MILLISECOND,
        "next_time": schedule_.next_time,
        "last_time": schedule_.last_time,
        "create_time": schedule_.create_time,
        "update_time": schedule_.update_time,
        "version": schedule_.version,
    }
