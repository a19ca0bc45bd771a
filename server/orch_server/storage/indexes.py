"""What the database must know of the tables and statements need not: indexes, partitions, how Postgres stores rows.

Apart from `tables.py`, since Postgres' options load its dialect, which SQLite has no use for. `metadata` is the whole
schema once this module is imported; `migrations/` makes it, and a test keeps the two alike.
"""

from typing import Any

from sqlalchemy import Column, Index, Table, text

from orch_server.storage.tables import (
    flow_run,
    flow_run_state,
    lease,
    log_chunk,
    log_stream,
    metadata,
    schedule,
    session,
    task_run,
    task_run_state,
)

__all__ = ["metadata"]

_LIVE_LEASE_ROW = {"fillfactor": 50, "autovacuum_vacuum_scale_factor": 0.02, "autovacuum_vacuum_cost_delay": 0}
"""Heartbeats rewrite these rows again and again: free room on the page keeps the rewrites off the indexes (HOT)."""
_NAMED = (
    "state_name NOT IN ('Scheduled', 'Pending', 'Running', 'Paused', 'Cancelling', 'Completed', 'Failed', 'Cancelled',"
    " 'Crashed')"
)
"""States with a name of their own ("Late", "AwaitingRetry"): few enough for an index that costs other runs nothing."""


_COUNTED: dict[str, Any] = {"postgresql_include": ["state_type"]}
"""How many runs there are by state is counted in the index alone."""


def _partial(where: str, name: str, *columns: Column[object], unique: bool = False, **options: Any) -> None:  # noqa: ANN401
    """An index of the rows for which a condition holds."""
    Index(name, *columns, unique=unique, postgresql_where=text(where), sqlite_where=text(where), **options)


def _on_postgres(table: Table, **options: object) -> None:
    table.kwargs.update({f"postgresql_{name}": value for name, value in options.items()})


_partial("NOT paused", "ix_schedule_due", schedule.c.next_time)

_run = flow_run.c
_partial("state_type = 1", "ix_flow_run_queued", _run.work_queue_id, _run.scheduled_time, _run.id)
Index("ix_flow_run_state", _run.state_type, _run.id)
_partial(_NAMED, "ix_flow_run_state_name", _run.state_name, _run.id)
Index("ix_flow_run_flow", _run.flow_id, _run.id, **_COUNTED)
Index("ix_flow_run_pool", _run.work_pool_id, _run.id, **_COUNTED)
_partial("deployment_id IS NOT NULL", "ix_flow_run_deployment", _run.deployment_id, _run.id, **_COUNTED)
_partial("schedule_id IS NOT NULL", "ix_flow_run_schedule", _run.schedule_id, _run.id)
_partial("schedule_id IS NOT NULL AND end_time IS NULL", "ix_flow_run_open_of_schedule", _run.schedule_id, _run.id)
_partial("parent_flow_run_id IS NOT NULL", "ix_flow_run_parent", _run.parent_flow_run_id, _run.id)
_partial(
    "idempotency_key IS NOT NULL",
    "uq_flow_run_idempotency",
    _run.idempotency_scope,
    _run.idempotency_key,
    unique=True,
)
Index("ix_flow_run_name", _run.name, _run.id, postgresql_ops={"name": "text_pattern_ops"})
Index("ix_task_run_flow_run", task_run.c.flow_run_id, task_run.c.id)

_on_postgres(flow_run_state, partition_by="RANGE (state_time)")
_on_postgres(task_run_state, partition_by="RANGE (state_time)")
_on_postgres(log_chunk, partition_by="RANGE (create_time)")
_on_postgres(session, **{"with": _LIVE_LEASE_ROW})
_on_postgres(lease, **{"with": _LIVE_LEASE_ROW})
_on_postgres(log_stream, **{"with": {"fillfactor": 50}})
