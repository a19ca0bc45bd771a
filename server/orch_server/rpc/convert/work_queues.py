"""Work queues."""

from orch_proto.v1 import work_queue_pb2
from orch_server.application.errors import InvalidArgument
from orch_server.application.etags import etag_of
from orch_server.application.work_queues import WorkQueueDraft
from orch_server.domain.work_pools import DEFAULT_PRIORITY, MAX_PRIORITY, MIN_PRIORITY, WorkQueue
from orch_server.rpc.convert.basics import to_timestamp
from orch_server.rpc.convert.changes import Readers, to_fields
from orch_server.rpc.convert.findings import Findings
from orch_server.rpc.convert.limits import to_concurrency_limit, to_description
from orch_server.rpc.convert.names import check_name

FIELD = "work_queue"


def work_queue_message(queue: WorkQueue) -> work_queue_pb2.WorkQueue:
    """A queue on the wire."""
    return work_queue_pb2.WorkQueue(
        work_queue_id=str(queue.id),
        work_pool_name=queue.work_pool_name,
        name=queue.name,
        description=queue.description,
        priority=queue.priority,
        paused=queue.paused,
        concurrency_limit=queue.concurrency_limit,
        create_time=to_timestamp(queue.create_time),
        update_time=to_timestamp(queue.update_time),
        etag=etag_of(queue.version),
    )


def _to_priority(message: work_queue_pb2.WorkQueue) -> int:
    priority = message.priority or DEFAULT_PRIORITY
    if not MIN_PRIORITY <= priority <= MAX_PRIORITY:
        text = f"{priority} is not between {MIN_PRIORITY} and {MAX_PRIORITY}; 0 means {DEFAULT_PRIORITY}."
        raise InvalidArgument.of(f"{FIELD}.priority", text)
    return priority


def _to_limit(message: work_queue_pb2.WorkQueue) -> int | None:
    limit = message.concurrency_limit if message.HasField("concurrency_limit") else None
    return to_concurrency_limit(limit, f"{FIELD}.concurrency_limit")


WORK_QUEUE_READERS: Readers[work_queue_pb2.WorkQueue] = {
    "description": ("description", lambda queue: to_description(queue.description, f"{FIELD}.description")),
    "priority": ("priority", _to_priority),
    "paused": ("paused", lambda queue: queue.paused),
    "concurrency_limit": ("concurrency_limit", _to_limit),
}


def to_work_queue_draft(message: work_queue_pb2.WorkQueue) -> WorkQueueDraft:
    """A queue to create. InvalidArgument names every wrong field."""
    with Findings() as findings:
        pool_name = findings.read(lambda: check_name(message.work_pool_name, f"{FIELD}.work_pool_name"), "")
        name = findings.read(lambda: check_name(message.name, f"{FIELD}.name"), "")
        fields = to_fields(message, WORK_QUEUE_READERS, findings)
    return WorkQueueDraft(work_pool_name=pool_name, name=name, **fields)
