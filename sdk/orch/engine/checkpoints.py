"""Answers of a durable flow's earlier attempts: a finished task is not run again.

A call is known again by what it calls and with which inputs, counted within the body of code that calls it
(`Scope`): the flow's own, or a task's. So neither the pace of threads nor the order in which an event loop wakes its
tasks matters; only code that calls something else does. Where the flow's code has changed since the attempt that left
the checkpoints, it must first repeat every call that was recorded before it may make a new one.
"""

import threading
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from orch.context import Scope
from orch.errors import CheckpointMismatchError
from orch.results.stored import StoredResult


class Checkpoint(NamedTuple):
    """A task run of an earlier attempt, as the control plane has it."""

    task_run_id: str
    name: str
    task_key: str
    dynamic_key: str
    attempt: int
    version: int
    result: StoredResult | None
    """What it returned, where it had completed; else None."""
    child_flow_run_id: str = ""
    """The flow run that it stood for, where it was a subflow."""


def durable_key(scope: Scope, task_key: str, parameters: Mapping[str, Any]) -> str:
    """Names a call within its flow run, alike in every attempt: `<scope>.<what and with which inputs>.<which one>`."""
    from hashlib import blake2b

    from orch.hashing import hash_objects

    inputs = hash_objects(dict(parameters)) or "?"
    what = blake2b(f"{task_key}\0{inputs}".encode(), digest_size=10).hexdigest()
    return f"{_short(scope)}.{what}.{scope.next(what)}"


def _short(scope: Scope) -> str:
    if not scope.digest:
        from hashlib import blake2b

        scope.digest = blake2b(scope.path.encode(), digest_size=6).hexdigest()
    return scope.digest


class Checkpoints:
    """The checkpoints of one flow run."""

    def __init__(self, known: Iterable[Checkpoint] = (), *, code_changed: bool = False) -> None:
        """`code_changed`: the flow's code is not what it was in the attempt that left `known`."""
        self._known = {each.dynamic_key: each for each in known}
        self._open = {key for key, each in self._known.items() if each.result is not None}
        self._code_changed = code_changed
        self._lock = threading.Lock()

    def take(self, dynamic_key: str, *, called: str) -> Checkpoint | None:
        """What is known of a call; None where it is new. `called` names the task in errors.

        Raises CheckpointMismatchError where changed code calls something new before it has repeated what was recorded.
        """
        with self._lock:
            found = self._known.get(dynamic_key)
            self._open.discard(dynamic_key)
            if found is None and self._code_changed:
                self._expect_nothing_open(dynamic_key.partition(".")[0], called)
            return found

    def keep(self, checkpoint: Checkpoint) -> None:
        """Remember a call that has completed now, for the flow's own retries."""
        with self._lock:
            self._known[checkpoint.dynamic_key] = checkpoint

    def rewind(self) -> None:
        """The flow starts again from its top."""
        with self._lock:
            self._open = {key for key, each in self._known.items() if each.result is not None}

    def close(self) -> None:
        """The flow's code has returned. Raises CheckpointMismatchError where changed code left recorded calls out."""
        if self._code_changed:
            with self._lock:
                self._expect_nothing_open(_short(Scope("")), "")

    def _expect_nothing_open(self, scope: str, called: str) -> None:
        left = [each for key, each in self._known.items() if key in self._open and key.startswith(f"{scope}.")]
        if not left:
            return
        names = ", ".join(repr(each.name) for each in left[:3]) + (" and others" if len(left) > 3 else "")
        what = f"calls {called!r} now" if called else "returned"
        raise CheckpointMismatchError(
            f"The flow's code has changed since this run's earlier attempt: it {what}, where it had called {names} "
            "before with inputs that it does not use any more. Its finished tasks cannot be told apart from the new "
            "ones, so nothing was mixed: put the old code back to finish this run, or set ORCH_RESUME=off to start "
            "a new one."
        )
