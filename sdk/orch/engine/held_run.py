"""Stops a flow run on demand: everything of it that runs in this process is interrupted."""

import threading
from collections.abc import Callable

from orch.errors import CancelInterrupt, LostInterrupt
from orch.interrupts import Target
from orch.recording.records import Verdict


class HeldRun:
    """What of a flow run runs in this process: its own code, and the tasks that it submitted."""

    def __init__(self, parent: "HeldRun | None" = None) -> None:
        """A subflow stops with its parent."""
        # A signal's handler may stop the run while its own thread is in here.
        self._lock = threading.RLock()
        self._targets: set[Target] = set()
        self._children: set[HeldRun] = set()
        self._stop: Callable[[], BaseException] | None = None
        self._parent = parent
        self.is_beginning = False
        """Whether none of its code can have run yet: nothing of it needs to be interrupted."""
        if parent is not None:
            parent._adopt(self)

    @property
    def is_stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stop is not None

    def raise_if_stopping(self) -> None:
        """Raise what the run was stopped with, if it was."""
        stop = self._stop
        if stop is not None:
            raise stop()

    def has_stopped(self) -> None:
        """All of the run has stopped; what its hooks do now is not to be stopped any more."""
        with self._lock:
            self._stop = None

    def target(self) -> "_Held":
        """Something to interrupt, for as long as the `with` block lasts. Raises at once where the run is to stop."""
        return _Held(self)

    def _add(self, target: Target) -> None:
        with self._lock:
            if self._stop is not None:
                raise self._stop()
            self._targets.add(target)

    def _discard(self, target: Target) -> None:
        with self._lock:
            self._targets.discard(target)

    def heard(self, verdict: Verdict, message: str) -> None:
        """What the control plane says of the run. Called in any thread."""
        if verdict is Verdict.CANCEL:
            self.stop(lambda: CancelInterrupt(message or "Somebody asked for a stop."))
        elif verdict in {Verdict.LOST, Verdict.FINISHED}:
            self.stop(lambda: LostInterrupt(message or "The run is somebody else's now."))

    def stop(self, error: Callable[[], BaseException]) -> None:
        """Interrupt everything of the run. Only the first call counts."""
        with self._lock:
            if self._stop is not None:
                return
            self._stop = error
            targets, children = list(self._targets), list(self._children)
        for target in targets:
            target.interrupt(error())
        for child in children:
            child.stop(error)

    def close(self) -> None:
        """The run has ended."""
        if self._parent is not None:
            with self._parent._lock:
                self._parent._children.discard(self)

    def _adopt(self, child: "HeldRun") -> None:
        with self._lock:
            self._children.add(child)
            child._stop = self._stop


class _Held:
    """A target for the length of a block. No generator: `contextlib` writes to exceptions, and users' may be frozen."""

    __slots__ = ("_run", "_target")

    def __init__(self, run: HeldRun) -> None:
        self._run = run
        self._target = Target()

    def __enter__(self) -> Target:
        self._run._add(self._target)
        return self._target

    def __exit__(self, *_: object) -> None:
        self._run._discard(self._target)
