"""Which flow runs a filter finds, and how many. Ids are UUIDs of version 7, so their order is that of creation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Interval,
    Select,
    and_,
    bindparam,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
)

from orch_server.application.run_counts import Buckets
from orch_server.domain.flow_runs import FlowRunFilter
from orch_server.storage.flow_run_mapping import run_columns
from orch_server.storage.scope import Kind
from orch_server.storage.tables import flow, flow_run, flow_run_tag, work_pool
from orch_server.storage.types import BIG, INSTANT, to_micros

_CLOCK_SKEW = timedelta(minutes=1)
"""An id's time is the server's, create_time is the database's: the bound on ids leaves this much room."""


@dataclass(frozen=True, slots=True)
class NamedIds:
    """The ids of what a filter names: looked up first, so that the planner knows how rare they are."""

    flows: Sequence[UUID]
    pools: Sequence[UUID]


FLOW_IDS = select(flow.c.id).where(flow.c.name.in_(bindparam("names", expanding=True)))
POOL_IDS = select(work_pool.c.id).where(work_pool.c.name.in_(bindparam("names", expanding=True)))


def page_statement(
    run_filter: FlowRunFilter, ids: NamedIds, kind: Kind, *, before: UUID | None, limit: int
) -> Select[Any]:
    """The statement of one page: conditions on indexed columns, keyset by id, no offset, no count.

    Which runs they are is found first, and only those are joined with all else, however many the planner expects.
    """
    run = flow_run.c
    conditions = _conditions(run_filter, ids, kind)
    if before is not None:
        conditions.append(run.id < before)
    newest = select(run.id).where(*conditions).order_by(run.id.desc()).limit(limit)
    return run_columns(with_result=False).where(run.id.in_(newest)).order_by(run.id.desc())


def upcoming_statement(
    run_filter: FlowRunFilter, ids: NamedIds, kind: Kind, *, after: tuple[datetime, UUID] | None, limit: int
) -> Select[Any]:
    """The statement of one page in the order of the times at which runs may start; keyset by time and id.

    Many are looked at to find the first of them: in the index of queued runs, where there is no other condition.
    """
    run = flow_run.c
    conditions = _conditions(run_filter, ids, kind)
    if after is not None:
        time, run_id = after
        conditions.append(or_(run.scheduled_time > time, and_(run.scheduled_time == time, run.id > run_id)))
    first = select(run.id).where(*conditions).order_by(run.scheduled_time, run.id).limit(limit)
    found = run_columns(with_result=False).where(run.id.in_(first))
    return found.order_by(run.scheduled_time, run.id)


def count_statement(
    run_filter: FlowRunFilter, ids: NamedIds, kind: Kind, *, buckets: Buckets | None, most: int
) -> Select[Any]:
    """The statement that counts the newest `most` runs by bucket (its start; NULL without buckets) and state.

    Its columns: bucket, state type, how many.
    """
    run = flow_run.c
    # Without buckets no column is read that indexes do not have.
    bucket = null() if buckets is None else _bucket(run.create_time, buckets, kind)
    newest = select(bucket.label("bucket"), run.state_type)
    limited = newest.where(*_conditions(run_filter, ids, kind)).order_by(run.id.desc()).limit(most)
    found = limited.subquery("newest").c
    counted = select(found.bucket, found.state_type, func.count().label("runs"))
    return counted.group_by(found.bucket, found.state_type)


def _bucket(time: ColumnElement[datetime], buckets: Buckets, kind: Kind) -> ColumnElement[datetime]:
    """When the bucket begins that a time lies in, which is not before the first."""
    if kind == "postgresql":
        return func.date_bin(literal(buckets.width, Interval()), time, literal(buckets.start, INSTANT), type_=INSTANT)
    micros = type_coerce(time, BIG)
    since = micros - to_micros(buckets.start)
    return type_coerce(micros - since % (buckets.width // timedelta(microseconds=1)), INSTANT)


def _conditions(f: FlowRunFilter, ids: NamedIds, kind: Kind) -> list[ColumnElement[bool]]:
    run = flow_run.c
    found: list[ColumnElement[bool]] = []
    if f.ids:
        found.append(run.id.in_(f.ids))
    if f.flow_names:
        found.append(run.flow_id.in_(ids.flows))
    if f.deployment_ids:
        found.append(run.deployment_id.in_(f.deployment_ids))
    states = [run.state_type.in_(f.state_types)] if f.state_types else []
    states += [run.state_name.in_(f.state_names)] if f.state_names else []
    if states:
        found.append(or_(*states))
    found.extend(run.id.in_(select(flow_run_tag.c.flow_run_id).where(flow_run_tag.c.tag == tag)) for tag in f.tags)
    if f.name_prefix:
        found.append(_starts_with(run.name, f.name_prefix, kind))
    if f.work_pool_names:
        found.append(run.work_pool_id.in_(ids.pools))
    if f.parent_flow_run_id is not None:
        found.append(run.parent_flow_run_id == f.parent_flow_run_id)
    if f.schedule_id is not None:
        found.append(run.schedule_id == f.schedule_id)
    return found + _created_between(f)


def _starts_with(name: ColumnElement[str], prefix: str, kind: Kind) -> ColumnElement[bool]:
    """LIKE finds its index on Postgres; on SQLite it would not see the difference between "A" and "a"."""
    if kind == "postgresql":
        return name.startswith(prefix, autoescape=True)
    return func.substr(name, 1, len(prefix)) == prefix


def _created_between(f: FlowRunFilter) -> list[ColumnElement[bool]]:
    run = flow_run.c
    found: list[ColumnElement[bool]] = []
    if f.create_time_from is not None:
        found += [run.create_time >= f.create_time_from, run.id >= _first_id(f.create_time_from - _CLOCK_SKEW)]
    if f.create_time_to is not None:
        found += [run.create_time < f.create_time_to, run.id < _first_id(f.create_time_to + _CLOCK_SKEW)]
    return found


def _first_id(moment: datetime) -> UUID:
    """The smallest UUID of version 7 of a moment."""
    return UUID(int=max(int(moment.timestamp() * 1000), 0) << 80)
