"""Work pools, with who serves them and what runs in them."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orch_cli.output import Column, plain, when
from orch_cli.output.plain_values import enum_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from orch_client.client import Client
    from orch_proto.v1.work_pool_pb2 import WorkPool
    from orch_proto.v1.work_queue_pb2 import WorkQueue
    from orch_proto.v1.worker_pb2 import Worker


@dataclass(frozen=True, slots=True)
class ServedPool:
    """A pool and the workers that are there for it."""

    pool: "WorkPool"
    workers: "Sequence[Worker]"

    @property
    def state(self) -> str:
        """In a word or two: whether a run that comes would be started."""
        if self.pool.paused:
            return "paused"
        return "ready" if any(is_online(each) for each in self.workers) else "no worker"

    @property
    def held(self) -> int:
        """How many runs its workers hold."""
        return sum(each.held_leases for each in self.workers)

    def whole(self) -> dict[str, object]:
        """As JSON's own types."""
        pool = plain(self.pool)
        assert isinstance(pool, dict)
        return {**pool, "state": self.state, "workers": len(self.workers), "held_leases": self.held}


@dataclass(frozen=True, slots=True)
class WholePool:
    """All that there is to know of a pool."""

    served: ServedPool
    queues: "Sequence[WorkQueue]"

    def whole(self) -> dict[str, object]:
        """As JSON's own types."""
        return {
            **self.served.whole(),
            "workers": [plain(each) for each in self.served.workers],
            "queues": [plain(each) for each in self.queues],
        }


def is_online(worker: "Worker") -> bool:
    """Whether it would take a run."""
    from orch_proto.v1.worker_pb2 import WorkerStatus

    return worker.status == WorkerStatus.WORKER_STATUS_ONLINE


def worker_status(worker: "Worker") -> str:
    """In a word: "online", "draining", "offline", "closed"."""
    from orch_proto.v1.worker_pb2 import WorkerStatus

    return enum_name(worker.status, WorkerStatus.DESCRIPTOR).lower()


def pools(orch: "Client") -> list[ServedPool]:
    """All pools, by name."""
    from orch_proto.v1.work_pool_pb2 import WorkPool
    from orch_proto.v1.work_pool_service_pb2 import ListWorkPoolsRequest

    found = orch.items(orch.work_pools.ListWorkPools, ListWorkPoolsRequest(), of=WorkPool)
    workers = list(_workers(orch))
    return [ServedPool(pool, [each for each in workers if each.work_pool_name == pool.name]) for pool in found]


def whole_pool(orch: "Client", name: str) -> WholePool:
    """One pool. Raises the client's NotFoundError, which says what looks like it."""
    from orch_proto.v1.work_pool_service_pb2 import GetWorkPoolRequest
    from orch_proto.v1.work_queue_pb2 import WorkQueue
    from orch_proto.v1.work_queue_service_pb2 import ListWorkQueuesRequest

    pool = orch.work_pools.GetWorkPool(GetWorkPoolRequest(name=name)).work_pool
    queues = orch.items(orch.work_queues.ListWorkQueues, ListWorkQueuesRequest(work_pool_name=name), of=WorkQueue)
    return WholePool(ServedPool(pool, list(_workers(orch, name))), list(queues))


def _workers(orch: "Client", pool: str = "") -> "Iterable[Worker]":
    from orch_proto.v1.worker_pb2 import Worker
    from orch_proto.v1.worker_service_pb2 import ListWorkersRequest

    return orch.items(orch.workers.ListWorkers, ListWorkersRequest(work_pool_name=pool), of=Worker)


def limit_text(thing: "WorkPool | WorkQueue") -> str:
    """Its concurrency limit; empty for none."""
    return str(thing.concurrency_limit) if thing.HasField("concurrency_limit") else ""


_STATE_STYLES = {"ready": "green", "paused": "yellow", "no worker": "red"}


def _state_style(served: ServedPool) -> str:
    return _STATE_STYLES[served.state]


COLUMNS: list[Column[ServedPool]] = [
    Column("NAME", lambda each: each.pool.name),
    Column("TYPE", lambda each: each.pool.type),
    Column("STATE", lambda each: each.state, style=_state_style),
    Column("WORKERS", lambda each: str(len(each.workers)), right=True),
    Column("RUNS", lambda each: str(each.held), right=True),
    Column("LIMIT", lambda each: limit_text(each.pool), right=True),
    Column("DESCRIPTION", lambda each: each.pool.description, may_wrap=True),
]

LINES: list[Column[WholePool]] = [
    Column("NAME", lambda each: each.served.pool.name),
    Column("ID", lambda each: each.served.pool.work_pool_id),
    Column("TYPE", lambda each: each.served.pool.type),
    Column("DESCRIPTION", lambda each: each.served.pool.description),
    Column("STATE", lambda each: each.served.state, style=lambda each: _state_style(each.served)),
    Column("CONCURRENCY LIMIT", lambda each: limit_text(each.served.pool) or "none"),
    Column("LEASE TTL", lambda each: f"{each.served.pool.lease_ttl.ToTimedelta().total_seconds():g} s"),
    Column("JOB TEMPLATE", lambda each: each.served.pool.job_template_json),
    Column("RUNS HELD", lambda each: str(each.served.held)),
    Column("QUEUES", lambda each: "\n".join(map(_queue_line, each.queues))),
    Column("WORKERS", lambda each: "\n".join(map(_worker_line, each.served.workers)) or "none"),
    Column("CREATED", lambda each: when(each.served.pool.create_time)),
    Column("CHANGED", lambda each: when(each.served.pool.update_time)),
]


def _queue_line(queue: "WorkQueue") -> str:
    limit = f", limit {queue.concurrency_limit}" if queue.HasField("concurrency_limit") else ""
    return f"{queue.name} (priority {queue.priority}{limit}{', paused' if queue.paused else ''})"


def _worker_line(worker: "Worker") -> str:
    slots = f" of {worker.slots}" if worker.slots else ""
    held = f"holds {worker.held_leases}{slots}"
    return f"{worker.name} ({worker_status(worker)}, {held}, spoke {when(worker.last_seen_time)})"
