"""Work pools, where runs wait for a kind of worker, and their queues, lines of different priority."""

from datetime import datetime, timedelta
from uuid import UUID

from orch_server.domain.values import value

DEFAULT_POOL = "default"
"""The pool of runs that name none. It exists after the server's first start."""

DEFAULT_QUEUE = "default"
"""The queue of runs that name none. Every pool has it, for as long as there is the pool."""

DEFAULT_TYPE = "process"
DEFAULT_PRIORITY = 100
MIN_PRIORITY, MAX_PRIORITY = 1, 1000


@value
class WorkPool:
    """A pool. `type` is the launcher of its workers, `job_template` a JSON object as text, empty: the launcher's own.

    `version` rises by one with every change; an etag is made of it.
    """

    id: UUID
    name: str
    type: str
    description: str
    paused: bool
    concurrency_limit: int | None
    lease_ttl: timedelta
    job_template: str
    create_time: datetime
    update_time: datetime
    version: int = 1


@value
class WorkQueue:
    """A queue in a pool. Those with a lower `priority` are served first."""

    id: UUID
    work_pool_id: UUID
    work_pool_name: str
    name: str
    description: str
    priority: int
    paused: bool
    concurrency_limit: int | None
    create_time: datetime
    update_time: datetime
    version: int = 1
