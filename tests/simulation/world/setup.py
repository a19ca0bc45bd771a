"""What a seed turns on. Each turns on some of it only ("swarm testing"): where everything happens at once, much that
needs a quiet moment never happens.
"""

from dataclasses import dataclass
from enum import StrEnum
from random import Random


class Fault(StrEnum):
    """What goes wrong."""

    SERVER_CRASH = "servers crash"
    SERVER_RESTART = "servers restart"
    SERVER_PAUSE = "servers pause"
    OUTAGE = "all servers are away"
    MACHINE_CRASH = "machines crash"
    WORKER_CRASH = "workers crash, their processes live on"
    PROCESS_CRASH = "processes crash"
    PAUSE = "machines pause"
    DRIFT = "clocks drift"
    PARTITION = "partitions"
    LOST_REQUEST = "requests are lost"
    LOST_ANSWER = "answers are lost"
    DOUBLED = "requests arrive twice"
    DELAYED = "requests arrive late"
    DATABASE_SLOW = "the database is slow"
    DATABASE_FAILS = "transactions fail"
    LOST_WAKEUPS = "wake-ups are lost"


class Feature(StrEnum):
    """What is made use of."""

    POOL_LIMIT = "pool limit"
    QUEUE_LIMIT = "queue limit"
    DEPLOYMENT_LIMIT = "deployment limit"
    SCHEDULES = "schedules"
    RESTORE = "schedules redeployed and restored"
    CANCEL = "cancels"
    RETRY = "retries"
    DELETE = "deletes"
    WATCH = "watchers"
    LOGS = "logs"
    TASKS = "task runs"
    CHILDREN = "child runs"
    SCRIPTS = "runs of processes without a worker"
    DRAIN = "drains"
    RELEASE = "releases"
    EXCLUSIVE = "exclusive runs"
    GHOSTS = "old holders that do not give up"


@dataclass(frozen=True)
class Setup:
    """One seed's world."""

    seed: int
    servers: int
    machines: int
    slots: int
    runs: int
    scripts: int
    seconds: float
    """Until the faults are healed."""
    lease_ttl_seconds: float
    faults: frozenset[Fault]
    features: frozenset[Feature]

    def has(self, what: Fault | Feature) -> bool:
        """Whether it is turned on."""
        return what in (self.faults if isinstance(what, Fault) else self.features)


def setup_of(seed: int) -> Setup:
    """What a seed turns on; the same for the same seed, always."""
    chance = Random(f"setup {seed}")
    large = chance.random() < 0.01
    calm = chance.random() < 0.12
    share_of_faults = 0.0 if calm else chance.choice((0.15, 0.3, 0.45))
    share_of_features = chance.choice((0.25, 0.4, 0.6))
    # Drawn one by one in the order of the enum: a set's order would be another one in every process.
    faults = frozenset(each for each in Fault if chance.random() < share_of_faults)
    features = frozenset(each for each in Feature if chance.random() < share_of_features)
    if Fault.DRIFT in faults and Feature.EXCLUSIVE in features:
        # Clocks matter to those who are cut off and have to stop by them.
        faults |= {Fault.PARTITION}
    return Setup(
        seed=seed,
        servers=chance.choice((1, 2, 2, 2, 3)) if large else chance.choice((1, 1, 2, 2, 3)),
        machines=chance.randint(12, 36) if large else chance.choice((1, 2, 2, 3, 3, 5)),
        slots=chance.choice((1, 2, 3)),
        runs=chance.randint(40, 80) if large else chance.randint(3, 9),
        scripts=chance.randint(1, 3) if Feature.SCRIPTS in features else 0,
        seconds=float(chance.randint(6, 20)),
        lease_ttl_seconds=float(chance.choice((4, 6, 8, 10))),
        faults=faults,
        features=features,
    )
