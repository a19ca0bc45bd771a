"""Work queues by what people call them: "pool/queue", or the queue's name with --pool."""

from typing import TYPE_CHECKING

from orch_cli.failures import NotFound, Wrong

if TYPE_CHECKING:
    from orch_client.client import Client
    from orch_proto.v1.work_queue_pb2 import WorkQueue


def queue_key(queue: "WorkQueue") -> str:
    """As people name it: "pool/queue"."""
    return f"{queue.work_pool_name}/{queue.name}"


def new_queue_names(text: str, pool: str | None) -> tuple[str, str]:
    """Pool and queue of one that is to be made. Raises Wrong where the pool is not said."""
    if pool is not None:
        return pool, text
    first, slash, rest = text.partition("/")
    if not (first and slash and rest):
        raise Wrong(f"In which pool? Write POOL/{text.strip('/')}, or pass --pool.")
    return first, rest


def find_queue(orch: "Client", text: str, pool: str | None) -> "WorkQueue":
    """A queue by "pool/queue", by its name in `pool`, or by its name where only one pool has it.

    Raises NotFound, which says what there is, or Wrong where several are meant; for `pool` the client's NotFoundError.
    """
    if pool is not None:
        return _get(orch, pool, text)
    everything = _all(orch)
    found = [each for each in everything if text in (queue_key(each), each.name)]
    if len(found) == 1:
        return found[0]
    exact = [each for each in found if queue_key(each) == text]
    if len(exact) == 1:
        return exact[0]
    if found:
        raise Wrong(f"{text!r} may be any of {', '.join(map(queue_key, found))}: name one of them, or pass --pool.")
    from orch_cli.finding import suggestion

    near = suggestion(text, [queue_key(each) for each in everything])
    raise NotFound(f"There is no work queue {text!r}.{near} `orch work-queue ls` lists them.")


def _get(orch: "Client", pool: str, name: str) -> "WorkQueue":
    from orch_proto.v1.work_queue_service_pb2 import GetWorkQueueRequest

    return orch.work_queues.GetWorkQueue(GetWorkQueueRequest(work_pool_name=pool, name=name)).work_queue


def _all(orch: "Client") -> "list[WorkQueue]":
    from orch_proto.v1.work_queue_pb2 import WorkQueue
    from orch_proto.v1.work_queue_service_pb2 import ListWorkQueuesRequest

    return list(orch.items(orch.work_queues.ListWorkQueues, ListWorkQueuesRequest(), of=WorkQueue))
