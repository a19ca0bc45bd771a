"""Where news waits for the courier. Any thread puts in, the courier takes out.

Putting in costs about a microsecond: a tuple, an append, and a look at whether the courier sleeps. Both sides run under
the interpreter's lock, and each first writes and then looks (the courier: `sleeping`, then the inbox; the others: the
inbox, then `sleeping`), so that no news is overlooked.
"""

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from orch.recording.records import FlowRunRecord, LogLine, TaskRunRecord

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from orch.results.stored import StoredResult
    from orch.states import State


class Begun(NamedTuple):
    """A flow run has begun, or is to be taken up again."""

    run: FlowRunRecord


class TaskNews(NamedTuple):
    """A task run has entered a state. `version` and `attempt` are those of that moment."""

    task: TaskRunRecord
    state: "State[Any]"
    version: int
    attempt: int


class RunNews(NamedTuple):
    """A flow run has entered a state that it does not end in."""

    run: FlowRunRecord
    state: "State[Any]"


class Ended(NamedTuple):
    """A flow run has ended."""

    run: FlowRunRecord
    state: "State[Any]"
    result: "StoredResult | None"


class Awaited(Enum):
    """What somebody waits for."""

    BEGUN = "begun"
    """That the control plane has granted the run."""
    STORED = "stored"
    """That all news of the run up to here is stored."""
    FLUSHED = "flushed"
    """That all news up to here is stored, or has been given up for now."""


class Waiting(NamedTuple):
    """Somebody waits. `run` is None for all runs."""

    awaited: Awaited
    run: FlowRunRecord | None
    future: "Future[bool]"
    timeout_seconds: float = 0.0


News: TypeAlias = Begun | TaskNews | RunNews | Ended | LogLine | Waiting


class Inbox:
    """News in the order in which it came."""

    def __init__(self) -> None:
        self.news: deque[News] = deque()
        self.sleeping = False
        """The courier waits for any news. Set by the courier, before it looks at `news` for the last time."""
        self.dozing = False
        """The courier waits for urgent news. Set by the courier, before it looks at `urgent` for the last time."""
        self.urgent = False
        """Somebody waits: do not linger."""
        self.wake: Callable[[], None] = _nobody
        """Wakes the courier, from any thread. Set by the courier."""

    def put(self, news: News) -> None:
        """Take news in."""
        self.news.append(news)
        if self.sleeping:
            self.sleeping = False
            self.wake()

    def put_urgent(self, news: News) -> None:
        """Take news in that somebody waits for."""
        self.news.append(news)
        self.urgent = True
        if self.sleeping or self.dozing:
            self.sleeping = self.dozing = False
            self.wake()

    def drain(self, most: int) -> list[News]:
        """What is here now, oldest first. For the courier alone."""
        pop = self.news.popleft
        return [pop() for _ in range(min(len(self.news), most))]


def _nobody() -> None:
    """There is no courier yet; it looks into the inbox when it comes."""
