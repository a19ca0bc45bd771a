"""What use cases need from outside: a clock, ids, chance, wake-ups, and a store. Adapters are wired in `app.py`.

A use case is a plain function of a `Transaction`: it reads, decides by the domain's rules, writes, and says which
topics it touched. The store runs it in one transaction of the database; what it announced goes out after the commit.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import IntEnum
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, TypeVar
from uuid import UUID

# Only for annotations: a script that runs one flow need not load schedules and the like.
if TYPE_CHECKING:
    from orch_server.application.background_rows import BackgroundRows
    from orch_server.application.control_plane_rows import ControlPlaneRows
    from orch_server.application.deployment_rows import DeploymentRows
    from orch_server.application.fence_rows import FenceRows
    from orch_server.application.flow_rows import FlowRows
    from orch_server.application.flow_run_rows import FlowRunRows
    from orch_server.application.lease_rows import LeaseRows, SessionRows
    from orch_server.application.log_rows import LogRows
    from orch_server.application.meter_rows import MeterRows
    from orch_server.application.request_rows import RequestRows
    from orch_server.application.retention_rows import PartitionRows, RetentionRows
    from orch_server.application.schedule_rows import ScheduleRows
    from orch_server.application.task_run_rows import TaskRunRows
    from orch_server.application.work_pool_rows import WorkPoolRows
    from orch_server.application.work_queue_rows import WorkQueueRows


R = TypeVar("R")
I_contra = TypeVar("I_contra", contravariant=True)
R_co = TypeVar("R_co", covariant=True)
Item = TypeVar("Item")


class Clock(Protocol):
    """The time, aware and in UTC."""

    def now(self) -> datetime:
        """The present moment."""
        ...


class Ids(Protocol):
    """Where new ids come from."""

    def new(self, now: datetime) -> UUID:
        """A fresh UUID of version 7 for the moment given: later ids sort after earlier ones (RFC 9562 §5.7)."""
        ...


class Chance(Protocol):
    """Where randomness comes from."""

    def __call__(self) -> float:
        """A number drawn evenly from [0, 1)."""
        ...


Topic: TypeAlias = str
"""What a change is about, for those who wait: see the functions below."""


def pool_topic(work_pool_id: UUID) -> Topic:
    """Runs may be waiting in this pool."""
    return f"p{work_pool_id.hex}"


def slot_topic(work_pool_id: UUID) -> Topic:
    """A lease of this pool has ended: what a limit kept waiting may go."""
    return f"f{work_pool_id.hex}"


def run_topic(flow_run_id: UUID) -> Topic:
    """This flow run has changed."""
    return f"r{flow_run_id.hex}"


def log_topic(flow_run_id: UUID) -> Topic:
    """This flow run has more log lines."""
    return f"l{flow_run_id.hex}"


def session_topic(session_id: UUID) -> Topic:
    """A verdict on a lease of this session has changed, or it shall drain."""
    return f"s{session_id.hex}"


LIMITS_TOPIC: Topic = "limits"
"""A deployment with a concurrency limit may have reached it, and runs may wait for it."""

SCHEDULES_TOPIC: Topic = "schedules"
"""A schedule was created or changed: the next due time may be earlier."""


class Wakeups(Protocol):
    """Tells those who wait that something has changed, here and on the other servers. May tell too often.

    May also, rarely, tell nobody (a server died between commit and call): who waits looks again now and then.
    """

    @property
    def closing(self) -> bool:
        """Whether this server stops: nobody should wait any longer."""
        ...

    def announce(self, topics: Iterable[Topic]) -> None:
        """Something has changed. Returns at once. Called in the event loop's thread."""
        ...

    def listen(self, topic: Topic, wake: Callable[[], None]) -> Callable[[], None]:
        """Call `wake` at each change, until the returned function is called."""
        ...


class Transaction(Protocol):
    """One transaction: rows by resource, the database's clock, and what to announce after the commit."""

    @property
    def now(self) -> datetime:
        """The moment of this transaction by the database's clock: the only clock that expiries are compared with."""
        ...

    @property
    def flow_runs(self) -> "FlowRunRows":
        """Flow runs."""
        ...

    @property
    def leases(self) -> "LeaseRows":
        """Leases."""
        ...

    @property
    def sessions(self) -> "SessionRows":
        """Sessions of workers."""
        ...

    @property
    def background(self) -> "BackgroundRows":
        """What background services remember."""
        ...

    @property
    def control_plane(self) -> "ControlPlaneRows":
        """What tells this control plane from others."""
        ...

    @property
    def meters(self) -> "MeterRows":
        """What gauges show."""
        ...

    @property
    def fences(self) -> "FenceRows":
        """Where runs stand, for what their holders write beside them."""
        ...

    @property
    def task_runs(self) -> "TaskRunRows":
        """Task runs."""
        ...

    @property
    def logs(self) -> "LogRows":
        """Logs."""
        ...

    @property
    def retention(self) -> "RetentionRows":
        """What is old enough to go."""
        ...

    @property
    def partitions(self) -> "PartitionRows":
        """Postgres' partitions by day."""
        ...

    @property
    def requests(self) -> "RequestRows":
        """Answered requests."""
        ...

    @property
    def flows(self) -> "FlowRows":
        """Flows."""
        ...

    @property
    def work_pools(self) -> "WorkPoolRows":
        """Work pools."""
        ...

    @property
    def work_queues(self) -> "WorkQueueRows":
        """Work queues."""
        ...

    @property
    def deployments(self) -> "DeploymentRows":
        """Deployments and their versions."""
        ...

    @property
    def schedules(self) -> "ScheduleRows":
        """Schedules."""
        ...

    def announce(self, *topics: Topic) -> None:
        """Tell those who wait, once this transaction is committed."""
        ...


class Lane(Protocol[I_contra, R_co]):
    """Where calls of one kind share transactions: those that come while one is under way share the next."""

    async def submit(self, item: I_contra) -> R_co:
        """Run the lane's use case on this item, together with others', and wait for its own result.

        Raises what the use case put in the item's place, `Overloaded` where too many wait, `Unavailable` where the
        database is away.
        """
        ...


class Turn(IntEnum):
    """The order of use cases that share a transaction: what is created or given back can be granted at once, and what
    a process has started can have child runs.

    Granting comes last also because it locks pools and sessions, for which it must not keep others waiting for long.
    Adopting locks leases without their runs: nothing that waits for runs may come after it.
    """

    START = 0
    CREATE = 1
    REPORT = 2
    RELEASE = 3
    ADOPT = 4
    GRANT = 5


class Store(Protocol):
    """Runs use cases in transactions."""

    @property
    def kind(self) -> Literal["sqlite", "postgresql"]:
        """Which database it is."""
        ...

    async def write(self, work: Callable[[Transaction], R]) -> R:
        """Run `work` in one transaction: all of it is committed, or none."""
        ...

    async def read(self, work: Callable[[Transaction], R]) -> R:
        """Run `work`, which only reads."""
        ...

    def lane(
        self,
        work: Callable[[Transaction, Sequence[Item]], Sequence[R | Exception]],
        *,
        channel: Literal["main", "heartbeat", "reader"] = "main",
        max_batch: int = 500,
        turn: Turn | None = None,
        weigh: Callable[[Item], int] | None = None,
    ) -> Lane[Item, R]:
        """A lane for a use case that takes many items at once and answers each, with a result or an error.

        channel: "reader" is for use cases that only read; they run without a transaction around them.
        Lanes with a turn share transactions with each other, and their use cases run in that order. weigh: how many
        runs an item is about, where that may be many: large ones do not wait for each other. None: one.
        """
        ...
