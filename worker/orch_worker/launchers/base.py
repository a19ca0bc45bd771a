"""What a launcher is: it starts an attempt of a run somewhere, watches it, stops it, and finds it again.

The worker keeps leases, reports states and ships lines; a launcher knows processes, containers or jobs, and nothing of
the control plane. A package offers one under the entry point group `orch.launchers`, by the pool type's name.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import NamedTuple, Protocol

from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.launch_pb2 import LaunchSpec


class AttemptKey(NamedTuple):
    """Names one attempt of a run: a second one of the same name must never start."""

    flow_run_id: str
    token: int


def _say_nothing(sentence: str, /) -> None:
    """Where nobody listens."""


@dataclass(frozen=True, slots=True)
class Job:
    """One attempt of a run, ready to be launched."""

    key: AttemptKey
    flow_run: FlowRun
    spec: LaunchSpec
    variables: Mapping[str, object]
    """Job variables: the pool's defaults, the deployment's over them, the run's over both."""
    environment: Mapping[str, str]
    """The ticket, to be added to the environment: run, token, address, parameters (docs/worker_protocol.md)."""
    tell: Callable[[str], None] = field(default=_say_nothing, repr=False)
    """Takes a sentence for the run's log: what is being done where a launch takes long."""
    memo: str = ""
    """What the worker wants to know again of the attempt, opaque. A launcher whose attempts may outlive this machine
    keeps it with them, as a label, say."""


class Outcome(Enum):
    """How an attempt ended, as far as its launcher can tell."""

    COMPLETED = "completed"
    """It ended by itself, well."""
    FAILED = "failed"
    """It ended by itself and says that it failed: an exit code other than 0."""
    CRASHED = "crashed"
    """Something ended it: a signal, a lack of memory, a lost machine."""
    LAUNCH_FAILED = "launch_failed"
    """It never began: no such command, image or folder. Trying again changes nothing until somebody mends that."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of an attempt."""

    outcome: Outcome
    message: str
    """In words, for people: what happened, and where it can be helped, what to do."""
    exit_code: int | None = None
    """None: it had none."""
    result: bytes | None = field(default=None, repr=False)
    """What a command left in its result file (ORCH_RESULT_FILE): JSON; None: nothing."""


class OutputLine(NamedTuple):
    """One line that an attempt wrote."""

    stream: str
    """stdout or stderr."""
    time_ns: int
    """When it was read, since 1970."""
    text: str
    """Without its line end; what is not UTF-8 is replaced. Very long lines come in pieces."""


class Attempt(Protocol):
    """A launched attempt."""

    key: AttemptKey
    place: str
    """Where it runs, for people: "process 4711", "container 3f2a…"."""
    memo: str
    """The job's memo, where the launcher keeps it with the attempt; else empty."""

    async def wait(self) -> Ending:
        """Its end. May be awaited by several, and again."""
        ...

    def output(self, start: int = 0) -> AsyncIterator[Sequence[OutputLine]]:
        """Lines from number `start` on, as they come, until all are there. The same numbers after a restart.

        May be read more than once, and left early. Ends soon after the attempt, whoever still holds its pipes.
        """
        ...

    async def stop(self, *, grace_seconds: float) -> None:
        """Ask it to end; where it has not after `grace_seconds`, end it and all that it started. Returns at its end.

        May be called again while a call is under way, or after one was cancelled: the shorter grace counts.
        """
        ...

    async def forget(self) -> None:
        """Clean up: its end was reported, its lines are stored."""
        ...


class Launcher(Protocol):
    """Launches attempts. Made once a worker, by the factory of its entry point; for one event loop."""

    async def open(self) -> None:
        """Get ready, before the first run. Raises LauncherError where this machine lacks what is needed."""
        ...

    async def close(self) -> None:
        """The worker ends. What still runs goes on, if it can."""
        ...

    async def launch(self, job: Job) -> Attempt:
        """Start an attempt. Raises LaunchError, in words, where it cannot be started; LauncherUnavailableError where
        nothing can be started here for now, PlaceUnavailableError where that is so only where this run would go.

        Cancelled, it leaves nothing behind: nothing runs, and `find` does not show it.
        """
        ...

    async def find(self) -> Sequence[Attempt]:
        """Attempts that an earlier worker of the same name had started and not forgotten, alive or ended.

        Not those that it was about to start: nothing of them has run, and they may be given back.
        """
        ...

    async def strays(self) -> Sequence[Attempt]:
        """Attempts of this control plane and pool that this launcher neither launched nor found, alive or ended.

        Workers of other names may still look after them. The worker asks the control plane which of them are wanted,
        and stops and forgets the others. Empty where attempts cannot outlive their worker's machine.
        """
        ...


@dataclass(frozen=True, slots=True)
class LauncherSettings:
    """What a launcher is made with."""

    folder: Path
    """Its own, on disk, kept between starts of the same worker; nobody else uses it meanwhile."""
    pool_name: str
    worker_name: str
    code_cache: Path | None = None
    """Where code that was fetched is kept, for all workers of a home directory; None: in `folder`."""
    relay: Path | None = None
    """A socket of this machine through which runs may call the control plane: what runs here is told ORCH_RELAY."""
    control_plane_id: str = ""
    """Tells control planes apart where several share an engine or a cluster."""


class LauncherFactory(Protocol):
    """What an entry point of the group `orch.launchers` names."""

    def __call__(self, settings: LauncherSettings, /) -> Launcher:
        """Make one. Touches nothing yet."""
        ...


class LauncherError(Exception):
    """The launcher cannot work here. The text says why and what to do."""


class LaunchError(Exception):
    """An attempt could not be started. The text says why and what to do; it becomes the run's state message."""


class LauncherUnavailableError(Exception):
    """Nothing can be started here for now, through no fault of the run: a full disk, an engine that is away. Nothing of
    the attempt has run. The text says why and what to do; the run goes back to its queue, and the worker rests.
    """


class PlaceUnavailableError(LauncherUnavailableError):
    """The same, where it is about this run's place alone: a quota of its namespace. The run goes back to its queue, and
    the worker goes on with others. A launcher waits a while before it raises this, lest the run come right back.
    """
