"""Work pools."""

from datetime import timedelta

from orch_proto.v1 import work_pool_pb2
from orch_server.application.errors import InvalidArgument
from orch_server.application.etags import etag_of
from orch_server.application.work_pools import WorkPoolDraft
from orch_server.domain.leases import DEFAULT_TTL, MAX_TTL, MIN_TTL
from orch_server.domain.work_pools import DEFAULT_TYPE, WorkPool
from orch_server.rpc.convert.basics import from_duration, to_duration, to_timestamp
from orch_server.rpc.convert.changes import Readers, to_fields
from orch_server.rpc.convert.findings import Findings
from orch_server.rpc.convert.limits import to_concurrency_limit, to_description, to_json_object
from orch_server.rpc.convert.names import check_name

FIELD = "work_pool"


def work_pool_message(pool: WorkPool) -> work_pool_pb2.WorkPool:
    """A pool on the wire."""
    return work_pool_pb2.WorkPool(
        work_pool_id=str(pool.id),
        name=pool.name,
        type=pool.type,
        description=pool.description,
        paused=pool.paused,
        concurrency_limit=pool.concurrency_limit,
        lease_ttl=to_duration(pool.lease_ttl),
        job_template_json=pool.job_template,
        create_time=to_timestamp(pool.create_time),
        update_time=to_timestamp(pool.update_time),
        etag=etag_of(pool.version),
    )


def _to_lease_ttl(message: work_pool_pb2.WorkPool) -> timedelta:
    if not message.HasField("lease_ttl"):
        return DEFAULT_TTL
    field = f"{FIELD}.lease_ttl"
    ttl = from_duration(message.lease_ttl, field)
    if not MIN_TTL <= ttl <= MAX_TTL:
        raise InvalidArgument.of(field, f"{ttl.total_seconds():g} s is not between 1 s and 1 h (3600 s).")
    return ttl


def _to_limit(message: work_pool_pb2.WorkPool) -> int | None:
    limit = message.concurrency_limit if message.HasField("concurrency_limit") else None
    return to_concurrency_limit(limit, f"{FIELD}.concurrency_limit")


WORK_POOL_READERS: Readers[work_pool_pb2.WorkPool] = {
    "description": ("description", lambda pool: to_description(pool.description, f"{FIELD}.description")),
    "paused": ("paused", lambda pool: pool.paused),
    "concurrency_limit": ("concurrency_limit", _to_limit),
    "lease_ttl": ("lease_ttl", _to_lease_ttl),
    "job_template_json": (
        "job_template",
        lambda pool: to_json_object(pool.job_template_json, f"{FIELD}.job_template_json"),
    ),
}


def to_work_pool_draft(message: work_pool_pb2.WorkPool) -> WorkPoolDraft:
    """A pool to create. InvalidArgument names every wrong field."""
    with Findings() as findings:
        name = findings.read(lambda: check_name(message.name, f"{FIELD}.name"), "")
        type_ = findings.read(lambda: check_name(message.type, f"{FIELD}.type", required=False), "")
        fields = to_fields(message, WORK_POOL_READERS, findings)
    return WorkPoolDraft(name=name, type=type_ or DEFAULT_TYPE, **fields)
