"""One process that runs tasks' functions, seen from the flow's process."""

import atexit
import os
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from orch import blocking
from orch.context import flow_run_context
from orch.errors import ConfigurationError, ProcessDiedError
from orch.recording import current_recorder
from orch.task_runners.channel import Channel, Message
from orch.task_runners.relay import Relay
from orch.task_runners.shipping import RemoteTraceback, ShippedError, pack, unpack
from orch.task_runners.snapshots import CallSnapshot, FlowSnapshot

_HEARS_SECONDS = 1.0
"""A process that does not answer to a stop within this is stuck in code that lets no other thread run."""
_STOPS_SECONDS = 12.0
"""How long one that has heard may take to end its code; it says itself if it finds that it cannot."""
_ENDS_SECONDS = 5.0
"""How long an idle process may take to end."""

# Ctrl-C reaches the whole group of processes: the flow's own decides what becomes of its tasks; these ignore it.
_START = (
    "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
    "import sys; sys.path[:] = {path!r}; from orch.child import main; main({descriptor})"
)


class ChildProcess:
    """A process that calls one function at a time."""

    def __init__(self, initializer: Callable[..., object] | None, initargs: tuple[object, ...]) -> None:
        """Starts it; `initializer(*initargs)` is called there before the first function."""
        if os.name != "posix":
            raise ConfigurationError("ProcessPoolTaskRunner needs a POSIX system; use ThreadPoolTaskRunner here.")
        setup = pack((initializer, initargs), what="The initializer of the ProcessPoolTaskRunner")
        ours, theirs = socket.socketpair()
        with theirs, ours:
            descriptor = theirs.fileno()
            self._process = subprocess.Popen(_command(descriptor), pass_fds=[descriptor], stdin=subprocess.DEVNULL)
            connection: Connection[Any, Any] = Connection(ours.detach())
        self._channel = Channel(connection)
        self._relay = Relay(self._channel, current_recorder)
        self._known_flow_runs: set[str] = set()
        self._replies: list[Message] = []
        self._waiter: blocking.Waiter | None = None
        self._gone = False
        self._busy = False
        self._ready = False
        self._reader = threading.Thread(target=self._read, name="orch-process-reader", daemon=True)
        self._reader.start()
        _alive.add(self)
        self._try_send("setup", setup)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def is_usable(self) -> bool:
        """Whether it can be given another function."""
        return not (self._gone or self._busy)

    def wait_until_ready(self) -> None:
        """Wait until it has started. Raises ProcessDiedError."""
        if not self._ready:
            self._reply({"ready"}, None)
            self._ready = True

    def call(self, function: Callable[[], Any], *, is_async: bool) -> Any:  # noqa: ANN401 (what it returns)
        """Call a function there, and return what it returns. Interruptible: the code there is interrupted as well.

        Raises what the function raises; ProcessTransferError; ProcessDiedError.
        """
        flow = flow_run_context.get()
        if flow is not None and flow.record.id not in self._known_flow_runs:
            self._relay.know(flow)
            self._try_send("flow", flow.record.id, pack(FlowSnapshot.of(flow), what=f"The {flow.flow.label}"))
            self._known_flow_runs.add(flow.record.id)
        snapshot = CallSnapshot.of(function, is_async=is_async)
        what = f"The {snapshot.task.label}, or one of its arguments," if snapshot.task is not None else "The function"
        packed = pack(snapshot, what=what)
        self._replies.clear()
        self._busy = True
        try:
            self._try_send("call", packed)
            reply = self._reply({"returned", "raised"}, None)
        except BaseException as error:
            self._stop(error)
            raise
        self._busy = False
        return _value(reply)

    def close(self) -> None:
        """End the process, which must be idle; kill it if it does not go."""
        self._try_send("end")
        try:
            self._process.wait(_ENDS_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._ended()

    def kill(self) -> None:
        """End the process whatever it does, and wait until it is gone."""
        self._process.kill()
        self._process.wait()
        self._ended()

    def _ended(self) -> None:
        self._reader.join()
        self._channel.close()
        _alive.discard(self)

    def _stop(self, error: BaseException) -> None:
        """Interrupt the code in the process, and wait until it has ended; kill the process if it does not."""
        self._try_send("stop", ShippedError.of(error))
        try:
            heard = self._reply({"stopping", "returned", "raised"}, _HEARS_SECONDS)
            if heard[0] == "stopping":
                heard = self._reply({"returned", "raised", "overdue"}, _STOPS_SECONDS)
        except ProcessDiedError:
            return
        except TimeoutError:
            heard = ("overdue",)
        # Where it is overdue, it stays busy, and is killed by whoever finds it so.
        self._busy = heard[0] == "overdue"
        if self._busy:
            error.__cause__ = RemoteTraceback("Its code could not be interrupted, and its process was killed.")
        elif heard[0] == "raised":
            error.__cause__ = RemoteTraceback(heard[1].traceback)

    def _reply(self, kinds: set[str], timeout_seconds: float | None) -> Message:
        """Wait for a message of one of these kinds. Raises TimeoutError, ProcessDiedError."""
        while True:
            while self._replies:
                reply = self._replies.pop(0)
                if reply[0] in kinds:
                    return reply
            if self._gone:
                raise ProcessDiedError(self._death())
            # The thread that waits here stands for the process: its place in the pool is not lent to another.
            self._waiter = waiter = blocking.Waiter(lends=False)
            if self._replies or self._gone:
                continue
            if not waiter.wait(timeout_seconds):
                raise TimeoutError

    def _try_send(self, *message: Any) -> None:  # noqa: ANN401
        try:
            self._channel.send(*message)
        except OSError:
            # It is gone: whoever waits for a reply is told why.
            return

    def _read(self) -> None:
        while (message := self._channel.receive()) is not None:
            kind, *content = message
            try:
                self._take(kind, content, message)
            except Exception:
                import logging

                logging.getLogger("orch").exception("A message of a task's process could not be understood.")
        self._relay.process_ended(self._death())
        self._gone = True
        self._wake()

    def _death(self) -> str:
        """What has ended the process, in words. To be asked when its end of the socket is closed."""
        try:
            return _death(self._process.wait(_ENDS_SECONDS))
        except subprocess.TimeoutExpired:
            self._process.kill()
            return _death(self._process.wait())

    def _take(self, kind: str, content: list[Any], message: Message) -> None:
        if kind == "recorder":
            self._relay.take(*content)
        elif kind == "request":
            self._relay.answer(*content)
        else:
            self._replies.append(message)
            self._wake()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            waiter.wake()


def _value(reply: Message) -> Any:  # noqa: ANN401
    kind, content = reply
    if kind == "raised":
        raise content.restored()
    return unpack(content, what="What the task returned")


def _command(descriptor: int) -> list[str]:
    if not sys.executable:
        raise ConfigurationError("sys.executable is empty, so that no Python process can be started for tasks.")
    flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined] # as multiprocessing does
    return [sys.executable, *flags, "-c", _START.format(path=sys.path, descriptor=descriptor)]


def _death(code: int) -> str:
    """What ended a process, in words."""
    if code >= 0:
        return f"The process that ran the task ended by itself, with exit code {code}."
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"The process that ran the task was ended by {name}.{_DEATHS.get(name, '')}"


_DEATHS = {
    "SIGKILL": " Somebody killed it, or the system had no memory left.",
    "SIGSEGV": " Native code has crashed in it.",
}


_alive: "weakref.WeakSet[ChildProcess]" = weakref.WeakSet()


def _kill_all() -> None:
    """At exit: what an interrupted flow has left."""
    for child in list(_alive):
        child.kill()


atexit.register(_kill_all)
