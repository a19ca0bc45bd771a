"""The first schema.

Revision ID: 0001
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Frozen: what the types of storage/types.py meant when this was written.
ID = sa.Uuid()
BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SMALL = sa.SmallInteger()
TEXT = sa.Text()
BYTES = sa.LargeBinary()
INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def upgrade() -> None:
    """Creates every table, in an order in which each finds those that it refers to."""
    _background_service()
    _flow()
    _flow_run_state()
    _log_chunk()
    _request()
    _task_run()
    _task_run_state()
    _work_pool()
    _session()
    _work_queue()
    _deployment()
    _flow_run()
    _deployment_version()
    _flow_run_result()
    _flow_run_tag()
    _lease()
    _log_stream()
    _schedule()


def _add_default_partition(table: str) -> None:
    """Where rows go whose day has no partition (yet), so that no write ever fails for want of one."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(f"CREATE TABLE {table}_default PARTITION OF {table} DEFAULT")


def _background_service() -> None:
    op.create_table(
        "background_service",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("last_run_time", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_background_service"),
    )


def _flow() -> None:
    op.create_table(
        "flow",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("create_time", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_flow"),
        sa.UniqueConstraint("name", name="uq_flow_name"),
    )


def _flow_run_state() -> None:
    op.create_table(
        "flow_run_state",
        sa.Column("flow_run_id", ID, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("state_time", INSTANT, nullable=False),
        sa.Column("type", SMALL, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("failure", TEXT),
        sa.Column("token", BIG, nullable=False),
        sa.PrimaryKeyConstraint("flow_run_id", "version", "state_time", name="pk_flow_run_state"),
        postgresql_partition_by="RANGE (state_time)",
    )
    _add_default_partition("flow_run_state")


def _log_chunk() -> None:
    op.create_table(
        "log_chunk",
        sa.Column("flow_run_id", ID, nullable=False),
        sa.Column("stream", TEXT, nullable=False),
        sa.Column("first_offset", BIG, nullable=False),
        sa.Column("create_time", INSTANT, nullable=False),
        sa.Column("record_count", BIG, nullable=False),
        sa.Column("max_level", SMALL, nullable=False),
        sa.Column("records", BYTES, nullable=False),
        sa.PrimaryKeyConstraint("flow_run_id", "stream", "first_offset", "create_time", name="pk_log_chunk"),
        postgresql_partition_by="RANGE (create_time)",
    )
    _add_default_partition("log_chunk")


def _request() -> None:
    op.create_table(
        "request",
        sa.Column("id", ID, nullable=False),
        sa.Column("method", TEXT, nullable=False),
        sa.Column("fingerprint", BYTES, nullable=False),
        sa.Column("response", BYTES, nullable=False),
        sa.Column("create_time", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_request"),
    )


def _task_run() -> None:
    op.create_table(
        "task_run",
        sa.Column("id", ID, nullable=False),
        sa.Column("flow_run_id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("task_key", TEXT, nullable=False),
        sa.Column("dynamic_key", TEXT, nullable=False),
        sa.Column("state_type", SMALL, nullable=False),
        sa.Column("state_name", TEXT, nullable=False),
        sa.Column("state_message", TEXT, nullable=False),
        sa.Column("state_time", INSTANT, nullable=False),
        sa.Column("failure", TEXT),
        sa.Column("attempt", BIG, nullable=False),
        sa.Column("tags", TEXT, nullable=False),
        sa.Column("upstream_task_run_ids", TEXT, nullable=False),
        sa.Column("cache_key", TEXT, nullable=False),
        sa.Column("child_flow_run_id", ID),
        sa.Column("result_data", BYTES),
        sa.Column("result_uri", TEXT),
        sa.Column("result_media_type", TEXT),
        sa.Column("result_size_bytes", BIG),
        sa.Column("create_time", INSTANT, nullable=False),
        sa.Column("start_time", INSTANT),
        sa.Column("end_time", INSTANT),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("state_type BETWEEN 1 AND 9", name=op.f("ck_task_run_state_type")),
        sa.PrimaryKeyConstraint("id", name="pk_task_run"),
    )
    op.create_index("ix_task_run_flow_run", "task_run", ["flow_run_id", "id"])


def _task_run_state() -> None:
    op.create_table(
        "task_run_state",
        sa.Column("task_run_id", ID, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("state_time", INSTANT, nullable=False),
        sa.Column("type", SMALL, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("failure", TEXT),
        sa.Column("token", BIG, nullable=False),
        sa.PrimaryKeyConstraint("task_run_id", "version", "state_time", name="pk_task_run_state"),
        postgresql_partition_by="RANGE (state_time)",
    )
    _add_default_partition("task_run_state")


def _work_pool() -> None:
    op.create_table(
        "work_pool",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("concurrency_limit", BIG),
        sa.Column("lease_ttl_ms", BIG, nullable=False),
        sa.Column("job_template", TEXT, nullable=False),
        sa.Column("create_time", INSTANT, nullable=False),
        sa.Column("update_time", INSTANT, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("concurrency_limit >= 0", name=op.f("ck_work_pool_concurrency_limit")),
        sa.CheckConstraint("lease_ttl_ms >= 1000", name=op.f("ck_work_pool_lease_ttl")),
        sa.PrimaryKeyConstraint("id", name="pk_work_pool"),
        sa.UniqueConstraint("name", name="uq_work_pool_name"),
    )


def _session() -> None:
    op.create_table(
        "session",
        sa.Column("id", ID, nullable=False),
        sa.Column("work_pool_id", ID, nullable=False),
        sa.Column("worker_name", TEXT, nullable=False),
        sa.Column("work_queue_names", TEXT, nullable=False),
        sa.Column("slots", BIG, nullable=False),
        sa.Column("labels", TEXT, nullable=False),
        sa.Column("capabilities", TEXT, nullable=False),
        sa.Column("worker_version", TEXT, nullable=False),
        sa.Column("draining", sa.Boolean(), nullable=False),
        sa.Column("closed", sa.Boolean(), nullable=False),
        sa.Column("create_time", INSTANT, nullable=False),
        sa.Column("last_seen_time", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["work_pool_id"], ["work_pool.id"], name="fk_session_work_pool_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name="pk_session"),
        postgresql_with={"fillfactor": 50, "autovacuum_vacuum_scale_factor": 0.02, "autovacuum_vacuum_cost_delay": 0},
    )
    op.create_index("ix_session_work_pool_id", "session", ["work_pool_id"])


def _work_queue() -> None:
    op.create_table(
        "work_queue",
        sa.Column("id", ID, nullable=False),
        sa.Column("work_pool_id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("priority", BIG, nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("concurrency_limit", BIG),
        sa.Column("create_time", INSTANT, nullable=False),
        sa.Column("update_time", INSTANT, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("concurrency_limit >= 0", name=op.f("ck_work_queue_concurrency_limit")),
        sa.ForeignKeyConstraint(
            ["work_pool_id"], ["work_pool.id"], name="fk_work_queue_work_pool_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_work_queue"),
        sa.UniqueConstraint("work_pool_id", "name", name="uq_work_queue_work_pool_id_name"),
    )


def _deployment() -> None:
    op.create_table(
        "deployment",
        sa.Column("id", ID, nullable=False),
        sa.Column("flow_id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("description", TEXT, nullable=False),
        sa.Column("tags", TEXT, nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("work_queue_id", ID, nullable=False),
        sa.Column("parameters", TEXT, nullable=False),
        sa.Column("parameter_schema", TEXT, nullable=False),
        sa.Column("concurrency_limit", BIG),
        sa.Column("concurrency_policy", SMALL, nullable=False),
        sa.Column("retry_policy", TEXT),
        sa.Column("recovery_policy", TEXT),
        sa.Column("current_version", BIG, nullable=False),
        sa.Column("create_time", INSTANT, nullable=False),
        sa.Column("update_time", INSTANT, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.CheckConstraint("concurrency_limit >= 0", name=op.f("ck_deployment_concurrency_limit")),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"], name="fk_deployment_flow_id"),
        sa.ForeignKeyConstraint(["work_queue_id"], ["work_queue.id"], name="fk_deployment_work_queue_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deployment"),
        sa.UniqueConstraint("flow_id", "name", name="uq_deployment_flow_id_name"),
    )


def _flow_run() -> None:
    op.create_table(
        "flow_run",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("flow_id", ID, nullable=False),
        sa.Column("deployment_id", ID),
        sa.Column("deployment_version", BIG, nullable=False),
        sa.Column("work_pool_id", ID),
        sa.Column("work_queue_id", ID),
        sa.Column("state_type", SMALL, nullable=False),
        sa.Column("state_name", TEXT, nullable=False),
        sa.Column("state_message", TEXT, nullable=False),
        sa.Column("state_time", INSTANT, nullable=False),
        sa.Column("failure", TEXT),
        sa.Column("version", BIG, nullable=False),
        sa.Column("token", BIG, nullable=False),
        sa.Column("report_sequence", BIG, nullable=False),
        sa.Column("lost_from", SMALL),
        sa.Column("attempt", BIG, nullable=False),
        sa.Column("retries_used", BIG, nullable=False),
        sa.Column("crash_restarts_used", BIG, nullable=False),
        sa.Column("retry_policy", TEXT),
        sa.Column("recovery_policy", TEXT),
        sa.Column("parameters", TEXT, nullable=False),
        sa.Column("job_variables", TEXT, nullable=False),
        sa.Column("tags", TEXT, nullable=False),
        sa.Column("idempotency_scope", ID),
        sa.Column("idempotency_key", TEXT),
        sa.Column("parent_flow_run_id", ID),
        sa.Column("parent_task_run_id", ID),
        sa.Column("schedule_id", ID),
        sa.Column("nominal_time", INSTANT),
        sa.Column("waits_for_schedule", sa.Boolean(), nullable=False),
        sa.Column("traceparent", TEXT, nullable=False),
        sa.Column("tracestate", TEXT, nullable=False),
        sa.Column("create_time", INSTANT, nullable=False),
        sa.Column("scheduled_time", INSTANT, nullable=False),
        sa.Column("start_time", INSTANT),
        sa.Column("end_time", INSTANT),
        sa.Column("update_time", INSTANT, nullable=False),
        sa.CheckConstraint("(end_time IS NULL) = (state_type < 6)", name=op.f("ck_flow_run_terminal_has_end")),
        sa.CheckConstraint("state_type BETWEEN 1 AND 9", name=op.f("ck_flow_run_state_type")),
        sa.CheckConstraint("token >= 0 AND version >= 1", name=op.f("ck_flow_run_counters")),
        sa.PrimaryKeyConstraint("id", name="pk_flow_run"),
    )
    op.create_index(
        "ix_flow_run_deployment",
        "flow_run",
        ["deployment_id", "id"],
        postgresql_where=sa.text("deployment_id IS NOT NULL"),
        sqlite_where=sa.text("deployment_id IS NOT NULL"),
    )
    op.create_index("ix_flow_run_flow", "flow_run", ["flow_id", "id"])
    op.create_index("ix_flow_run_name", "flow_run", ["name", "id"], postgresql_ops={"name": "text_pattern_ops"})
    op.create_index(
        "ix_flow_run_parent",
        "flow_run",
        ["parent_flow_run_id", "id"],
        postgresql_where=sa.text("parent_flow_run_id IS NOT NULL"),
        sqlite_where=sa.text("parent_flow_run_id IS NOT NULL"),
    )
    op.create_index("ix_flow_run_pool", "flow_run", ["work_pool_id", "id"])
    op.create_index(
        "ix_flow_run_queued",
        "flow_run",
        ["work_queue_id", "scheduled_time", "id"],
        postgresql_where=sa.text("state_type = 1"),
        sqlite_where=sa.text("state_type = 1"),
    )
    op.create_index(
        "ix_flow_run_open_of_schedule",
        "flow_run",
        ["schedule_id", "id"],
        postgresql_where=sa.text("schedule_id IS NOT NULL AND end_time IS NULL"),
        sqlite_where=sa.text("schedule_id IS NOT NULL AND end_time IS NULL"),
    )
    op.create_index(
        "ix_flow_run_schedule",
        "flow_run",
        ["schedule_id", "id"],
        postgresql_where=sa.text("schedule_id IS NOT NULL"),
        sqlite_where=sa.text("schedule_id IS NOT NULL"),
    )
    op.create_index("ix_flow_run_state", "flow_run", ["state_type", "id"])
    named = sa.text(
        "state_name NOT IN ('Scheduled', 'Pending', 'Running', 'Paused', 'Cancelling', 'Completed', 'Failed', "
        "'Cancelled', 'Crashed')"
    )
    op.create_index(
        "ix_flow_run_state_name", "flow_run", ["state_name", "id"], postgresql_where=named, sqlite_where=named
    )
    op.create_index(
        "uq_flow_run_idempotency",
        "flow_run",
        ["idempotency_scope", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
        sqlite_where=sa.text("idempotency_key IS NOT NULL"),
    )


def _deployment_version() -> None:
    op.create_table(
        "deployment_version",
        sa.Column("deployment_id", ID, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("launch_spec", TEXT, nullable=False),
        sa.Column("create_time", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name="fk_deployment_version_deployment_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("deployment_id", "number", name="pk_deployment_version"),
    )


def _flow_run_result() -> None:
    op.create_table(
        "flow_run_result",
        sa.Column("flow_run_id", ID, nullable=False),
        sa.Column("data", BYTES),
        sa.Column("uri", TEXT, nullable=False),
        sa.Column("media_type", TEXT, nullable=False),
        sa.Column("size_bytes", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["flow_run_id"], ["flow_run.id"], name="fk_flow_run_result_flow_run_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("flow_run_id", name="pk_flow_run_result"),
    )


def _flow_run_tag() -> None:
    op.create_table(
        "flow_run_tag",
        sa.Column("tag", TEXT, nullable=False),
        sa.Column("flow_run_id", ID, nullable=False),
        sa.ForeignKeyConstraint(
            ["flow_run_id"], ["flow_run.id"], name="fk_flow_run_tag_flow_run_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tag", "flow_run_id", name="pk_flow_run_tag"),
    )
    op.create_index("ix_flow_run_tag_flow_run_id", "flow_run_tag", ["flow_run_id"])


def _lease() -> None:
    op.create_table(
        "lease",
        sa.Column("flow_run_id", ID, nullable=False),
        sa.Column("token", BIG, nullable=False),
        sa.Column("session_id", ID),
        sa.Column("request_id", ID),
        sa.Column("work_pool_id", ID, nullable=False),
        sa.Column("work_queue_id", ID, nullable=False),
        sa.Column("deployment_id", ID),
        sa.Column("phase", SMALL, nullable=False),
        sa.Column("adopter_id", ID),
        sa.Column("ttl_ms", BIG, nullable=False),
        sa.Column("grant_time", INSTANT, nullable=False),
        sa.Column("expire_time", INSTANT, nullable=False),
        sa.CheckConstraint("token > 0", name=op.f("ck_lease_token")),
        sa.PrimaryKeyConstraint("flow_run_id", name="pk_lease"),
        postgresql_with={"fillfactor": 50, "autovacuum_vacuum_scale_factor": 0.02, "autovacuum_vacuum_cost_delay": 0},
    )
    op.create_index("ix_lease_session_id", "lease", ["session_id"])


def _log_stream() -> None:
    op.create_table(
        "log_stream",
        sa.Column("flow_run_id", ID, nullable=False),
        sa.Column("stream", TEXT, nullable=False),
        sa.Column("next_offset", BIG, nullable=False),
        sa.ForeignKeyConstraint(["flow_run_id"], ["flow_run.id"], name="fk_log_stream_flow_run_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("flow_run_id", "stream", name="pk_log_stream"),
        postgresql_with={"fillfactor": 50},
    )


def _schedule() -> None:
    op.create_table(
        "schedule",
        sa.Column("id", ID, nullable=False),
        sa.Column("deployment_id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("spec", TEXT, nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("parameters", TEXT, nullable=False),
        sa.Column("catch_up_policy", SMALL, nullable=False),
        sa.Column("catch_up_window_ms", BIG),
        sa.Column("overlap_policy", SMALL, nullable=False),
        sa.Column("jitter_ms", BIG, nullable=False),
        sa.Column("next_time", INSTANT),
        sa.Column("last_time", INSTANT),
        sa.Column("create_time", INSTANT, nullable=False),
        sa.Column("update_time", INSTANT, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployment.id"], name="fk_schedule_deployment_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_schedule"),
        sa.UniqueConstraint("deployment_id", "name", name="uq_schedule_deployment_id_name"),
    )
    op.create_index(
        "ix_schedule_due",
        "schedule",
        ["next_time"],
        postgresql_where=sa.text("NOT paused"),
        sqlite_where=sa.text("NOT paused"),
    )
