"""The tables as statements know them; `indexes.py` has the rest of the schema. `migrations/` makes them; a test keeps
the two alike.

Locks are taken in one order everywhere, so that transactions cannot wait for each other in a circle: flow runs by id,
leases by run id, sessions by id, work pool, deployments by id. A grant comes last in its transaction: it skips runs
that others have locked, and waits only for sessions, pools and deployments. Changes of the catalog go from pool to
queue to deployment, and look at runs without locking them.

Runs and leases, which come and go by the thousand, have no foreign keys: what they refer to is share-locked while they
are made (`FOR KEY SHARE`), and a pool or queue goes only when no open run refers to it. An ended run may outlive it.

Where Postgres partitions a table by time (`PARTITIONED`), its primary key ends in the partition's column.
"""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    MetaData,
    Sequence,
    Table,
    UniqueConstraint,
)

from orch_server.storage.types import BIG, BYTES, ID, INSTANT, SMALL, TEXT

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

PARTITIONED = ("flow_run_state", "task_run_state", "log_chunk")
"""Tables that Postgres partitions by day of their `create_time` or `state_time`; retention drops whole partitions."""

flow = Table(
    "flow",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", TEXT, nullable=False, unique=True),
    Column("create_time", INSTANT, nullable=False),
)

work_pool = Table(
    "work_pool",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", TEXT, nullable=False, unique=True),
    Column("type", TEXT, nullable=False),
    Column("description", TEXT, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("concurrency_limit", BIG),
    Column("lease_ttl_ms", BIG, nullable=False),
    Column("job_template", TEXT, nullable=False),
    Column("create_time", INSTANT, nullable=False),
    Column("update_time", INSTANT, nullable=False),
    Column("version", BIG, nullable=False),
    CheckConstraint("lease_ttl_ms >= 1000", name="lease_ttl"),
    CheckConstraint("concurrency_limit >= 0", name="concurrency_limit"),
)

work_queue = Table(
    "work_queue",
    metadata,
    Column("id", ID, primary_key=True),
    Column("work_pool_id", ID, ForeignKey("work_pool.id", ondelete="CASCADE"), nullable=False),
    Column("name", TEXT, nullable=False),
    Column("description", TEXT, nullable=False),
    Column("priority", BIG, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("concurrency_limit", BIG),
    Column("create_time", INSTANT, nullable=False),
    Column("update_time", INSTANT, nullable=False),
    Column("version", BIG, nullable=False),
    UniqueConstraint("work_pool_id", "name"),
    CheckConstraint("concurrency_limit >= 0", name="concurrency_limit"),
)

deployment = Table(
    "deployment",
    metadata,
    Column("id", ID, primary_key=True),
    Column("flow_id", ID, ForeignKey("flow.id"), nullable=False),
    Column("name", TEXT, nullable=False),
    Column("description", TEXT, nullable=False),
    Column("tags", TEXT, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("work_queue_id", ID, ForeignKey("work_queue.id"), nullable=False),
    Column("parameters", TEXT, nullable=False),
    Column("parameter_schema", TEXT, nullable=False),
    Column("concurrency_limit", BIG),
    Column("concurrency_policy", SMALL, nullable=False),
    Column("retry_policy", TEXT),
    Column("recovery_policy", TEXT),
    Column("current_version", BIG, nullable=False),
    Column("create_time", INSTANT, nullable=False),
    Column("update_time", INSTANT, nullable=False),
    Column("version", BIG, nullable=False),
    UniqueConstraint("flow_id", "name"),
    CheckConstraint("concurrency_limit >= 0", name="concurrency_limit"),
)

deployment_version = Table(
    "deployment_version",
    metadata,
    Column("deployment_id", ID, ForeignKey("deployment.id", ondelete="CASCADE"), primary_key=True),
    Column("number", BIG, primary_key=True),
    Column("launch_spec", TEXT, nullable=False),
    Column("create_time", INSTANT, nullable=False),
    Column("parameters", TEXT),
    Column("parameter_schema", TEXT),
)

schedule = Table(
    "schedule",
    metadata,
    Column("id", ID, primary_key=True),
    Column("deployment_id", ID, ForeignKey("deployment.id", ondelete="CASCADE"), nullable=False),
    Column("name", TEXT, nullable=False),
    Column("spec", TEXT, nullable=False),
    Column("paused", Boolean, nullable=False),
    Column("parameters", TEXT, nullable=False),
    Column("catch_up_policy", SMALL, nullable=False),
    Column("catch_up_window_ms", BIG),
    Column("overlap_policy", SMALL, nullable=False),
    Column("jitter_ms", BIG, nullable=False),
    Column("next_time", INSTANT),
    Column("last_time", INSTANT),
    Column("create_time", INSTANT, nullable=False),
    Column("update_time", INSTANT, nullable=False),
    Column("version", BIG, nullable=False),
    UniqueConstraint("deployment_id", "name"),
)

flow_run = Table(
    "flow_run",
    metadata,
    Column("id", ID, primary_key=True),
    Column("name", TEXT, nullable=False),
    Column("flow_id", ID, nullable=False),
    Column("deployment_id", ID),
    Column("deployment_version", BIG, nullable=False),
    Column("work_pool_id", ID),
    Column("work_queue_id", ID),
    Column("state_type", SMALL, nullable=False),
    Column("state_name", TEXT, nullable=False),
    Column("state_message", TEXT, nullable=False),
    Column("state_time", INSTANT, nullable=False),
    Column("failure", TEXT),
    Column("version", BIG, nullable=False),
    Column("token", BIG, nullable=False),
    Column("report_sequence", BIG, nullable=False),
    Column("lost_from", SMALL),
    Column("attempt", BIG, nullable=False),
    Column("retries_used", BIG, nullable=False),
    Column("crash_restarts_used", BIG, nullable=False),
    Column("retry_policy", TEXT),
    Column("recovery_policy", TEXT),
    Column("parameters", TEXT, nullable=False),
    Column("job_variables", TEXT, nullable=False),
    Column("tags", TEXT, nullable=False),
    Column("idempotency_scope", ID),
    Column("idempotency_key", TEXT),
    Column("parent_flow_run_id", ID),
    Column("parent_task_run_id", ID),
    Column("schedule_id", ID),
    Column("nominal_time", INSTANT),
    Column("waits_for_schedule", Boolean, nullable=False),
    Column("traceparent", TEXT, nullable=False),
    Column("tracestate", TEXT, nullable=False),
    Column("create_time", INSTANT, nullable=False),
    Column("scheduled_time", INSTANT, nullable=False),
    Column("start_time", INSTANT),
    Column("end_time", INSTANT),
    Column("update_time", INSTANT, nullable=False),
    Column("flow_version", TEXT),
    # Of the process that runs it without a worker: NULL in runs of pools.
    Column("holder_id", ID),
    Column("holder_name", TEXT),
    Column("lease_ttl_ms", BIG),
    CheckConstraint("state_type BETWEEN 1 AND 9", name="state_type"),
    CheckConstraint("token >= 0 AND version >= 1", name="counters"),
    CheckConstraint("(end_time IS NULL) = (state_type < 6)", name="terminal_has_end"),
)

flow_run_tag = Table(
    "flow_run_tag",
    metadata,
    Column("tag", TEXT, primary_key=True),
    Column("flow_run_id", ID, ForeignKey("flow_run.id", ondelete="CASCADE"), primary_key=True, index=True),
)

flow_run_result = Table(
    "flow_run_result",
    metadata,
    Column("flow_run_id", ID, ForeignKey("flow_run.id", ondelete="CASCADE"), primary_key=True),
    Column("data", BYTES),
    Column("uri", TEXT, nullable=False),
    Column("media_type", TEXT, nullable=False),
    Column("size_bytes", BIG, nullable=False),
)

flow_run_state = Table(
    "flow_run_state",
    metadata,
    Column("flow_run_id", ID, primary_key=True),
    Column("version", BIG, primary_key=True),
    Column("state_time", INSTANT, primary_key=True),
    Column("type", SMALL, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("message", TEXT, nullable=False),
    Column("failure", TEXT),
    Column("token", BIG, nullable=False),
)

session = Table(
    "session",
    metadata,
    Column("id", ID, primary_key=True),
    Column("work_pool_id", ID, ForeignKey("work_pool.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("worker_name", TEXT, nullable=False),
    Column("work_queue_names", TEXT, nullable=False),
    Column("slots", BIG, nullable=False),
    Column("labels", TEXT, nullable=False),
    Column("capabilities", TEXT, nullable=False),
    Column("worker_version", TEXT, nullable=False),
    Column("draining", Boolean, nullable=False),
    Column("closed", Boolean, nullable=False),
    Column("create_time", INSTANT, nullable=False),
    Column("last_seen_time", INSTANT, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("flow_run_id", ID, primary_key=True),
    Column("token", BIG, nullable=False),
    Column("session_id", ID, index=True),
    Column("request_id", ID),
    Column("work_pool_id", ID),
    Column("work_queue_id", ID),
    Column("deployment_id", ID),
    Column("phase", SMALL, nullable=False),
    Column("adopter_id", ID),
    Column("ttl_ms", BIG, nullable=False),
    Column("grant_time", INSTANT, nullable=False),
    Column("expire_time", INSTANT, nullable=False),
    CheckConstraint("token > 0", name="token"),
)

task_run = Table(
    "task_run",
    metadata,
    Column("id", ID, primary_key=True),
    Column("flow_run_id", ID, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("task_key", TEXT, nullable=False),
    Column("dynamic_key", TEXT, nullable=False),
    Column("state_type", SMALL, nullable=False),
    Column("state_name", TEXT, nullable=False),
    Column("state_message", TEXT, nullable=False),
    Column("state_time", INSTANT, nullable=False),
    Column("failure", TEXT),
    Column("attempt", BIG, nullable=False),
    Column("tags", TEXT, nullable=False),
    Column("upstream_task_run_ids", TEXT, nullable=False),
    Column("cache_key", TEXT, nullable=False),
    Column("child_flow_run_id", ID),
    Column("result_data", BYTES),
    Column("result_uri", TEXT),
    Column("result_media_type", TEXT),
    Column("result_size_bytes", BIG),
    Column("create_time", INSTANT, nullable=False),
    Column("start_time", INSTANT),
    Column("end_time", INSTANT),
    Column("version", BIG, nullable=False),
    # NULL: no. Only reruns write it.
    Column("superseded", Boolean),
    # Rises with each change of a flow run's task runs. NULL where the last one was before revision 0005.
    Column("change", BIG),
    CheckConstraint("state_type BETWEEN 1 AND 9", name="state_type"),
)

task_run_change = Sequence("task_run_change", metadata=metadata)
"""Where `task_run.change` comes from on Postgres; SQLite, on one machine, takes the time."""

task_run_state = Table(
    "task_run_state",
    metadata,
    Column("task_run_id", ID, primary_key=True),
    Column("version", BIG, primary_key=True),
    Column("state_time", INSTANT, primary_key=True),
    Column("type", SMALL, nullable=False),
    Column("name", TEXT, nullable=False),
    Column("message", TEXT, nullable=False),
    Column("failure", TEXT),
    Column("token", BIG, nullable=False),
)

log_stream = Table(
    "log_stream",
    metadata,
    Column("flow_run_id", ID, ForeignKey("flow_run.id", ondelete="CASCADE"), primary_key=True),
    Column("stream", TEXT, primary_key=True),
    Column("next_offset", BIG, nullable=False),
)

log_chunk = Table(
    "log_chunk",
    metadata,
    Column("flow_run_id", ID, primary_key=True),
    Column("stream", TEXT, primary_key=True),
    Column("first_offset", BIG, primary_key=True),
    Column("create_time", INSTANT, primary_key=True),
    Column("record_count", BIG, nullable=False),
    Column("max_level", SMALL, nullable=False),
    Column("records", BYTES, nullable=False),
    # When the first and the last line were said, since 1970. NULL in chunks from before revision 0005.
    Column("min_second", BIG),
    Column("max_second", BIG),
)

request = Table(
    "request",
    metadata,
    Column("id", ID, primary_key=True),
    Column("method", TEXT, nullable=False),
    Column("fingerprint", BYTES, nullable=False),
    Column("response", BYTES, nullable=False),
    Column("create_time", INSTANT, nullable=False),
)

background_service = Table(
    "background_service",
    metadata,
    Column("name", TEXT, primary_key=True),
    Column("last_run_time", INSTANT, nullable=False),
)

control_plane = Table(
    "control_plane",
    metadata,
    # One row, made with the table: whoever shares a cluster with other control planes knows its own by this.
    Column("id", ID, primary_key=True),
)
