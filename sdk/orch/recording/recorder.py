"""What the engine calls to have runs recorded: from any thread, some microseconds a call.

No call waits for a control plane, and none raises because there is none: a run is user code's, its record is ours. Who
must know that something is stored (a durable flow, an exclusive one, the end of a script) asks for it: `begun`,
`committed`, `flush`.
"""

import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from orch.errors import RecordingError
from orch.recording.ending import heeding_termination
from orch.recording.inbox import Awaited, Begun, Ended, Inbox, News, RunNews, TaskNews, Waiting
from orch.recording.records import FlowRunRecord, LogLine, TaskRunRecord

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from concurrent.futures import Future

    from orch.recording.courier import Courier, Plan
    from orch.recording.transport import Transport
    from orch.results.stored import StoredResult
    from orch.states import State

logger = logging.getLogger(__name__)

T = TypeVar("T")

_BACKSTOP_SECONDS = 5.0
"""How much longer than agreed anybody waits for the courier."""
_CLOSING_SECONDS = 15.0
_PARKING_SECONDS = 5.0


class Recorder(Protocol):
    """Records runs."""

    @property
    def confirms_begin(self) -> bool:
        """Whether the next run is to wait for `begun`, though it could begin without.

        So does the first one of a process that was told where its control plane is: a wrong key does not go unnoticed.
        """
        ...

    def begin(self, run: FlowRunRecord) -> None:
        """The run begins: it is to be started, taken up again (`resume_from`), or adopted (`adopted_token`)."""
        ...

    def begun(self, run: FlowRunRecord) -> "Future[bool]":
        """Done when the control plane has granted the run.

        Fails with LeaseLostError where somebody else has it, with RecordingError where the control plane refuses it (a
        wrong key, another version, a home that cannot be written), or has not answered within the settings'
        `start_timeout_seconds`. A run that can begin without (neither durable, exclusive, taken up again nor adopted)
        does not wait for a control plane that is away.
        """
        ...

    def task(self, task: TaskRunRecord, state: "State[Any]") -> None:
        """The task run has entered a state; its `version` and `attempt` are those of the record now."""
        ...

    def log(self, line: LogLine) -> None:
        """The run has said something."""
        ...

    def state(self, run: FlowRunRecord, state: "State[Any]") -> None:
        """The run has entered a state that it does not end in: AwaitingRetry, Retrying, Paused …"""
        ...

    def end(self, run: FlowRunRecord, state: "State[Any]", result: "StoredResult | None") -> None:
        """The run has ended. Late lines and news of its tasks are still taken."""
        ...

    def committed(self, run: FlowRunRecord) -> "Future[bool]":
        """Done when everything handed in before is stored. Waits for as long as the control plane is away.

        Fails with RecordingError where the run was refused, or is somebody else's now.
        """
        ...

    def flush(self, timeout_seconds: float | None = None) -> bool:
        """Wait until everything handed in before is stored, and say whether it is.

        Waits so long at most (None: the settings' `flush_timeout_seconds`), all waiting for one absence of the control
        plane taken together: a script that runs many flows does not wait anew for each.
        """
        ...

    def close(self, timeout_seconds: float | None = None) -> None:
        """Flush, keep on disk what could not be delivered, and stop. For the end of the process."""
        ...


class NullRecorder:
    """Records nothing: ORCH_RECORDING=off."""

    confirms_begin = False

    def begin(self, run: FlowRunRecord) -> None:
        """Not recorded."""

    def begun(self, run: FlowRunRecord) -> "Future[bool]":
        """Done at once."""
        return _done()

    def task(self, task: TaskRunRecord, state: "State[Any]") -> None:
        """Not recorded."""

    def log(self, line: LogLine) -> None:
        """Not recorded."""

    def state(self, run: FlowRunRecord, state: "State[Any]") -> None:
        """Not recorded."""

    def end(self, run: FlowRunRecord, state: "State[Any]", result: "StoredResult | None") -> None:
        """Not recorded."""

    def committed(self, run: FlowRunRecord) -> "Future[bool]":
        """Done at once."""
        return _done()

    def flush(self, timeout_seconds: float | None = None) -> bool:
        """There is nothing to wait for."""
        return True

    def close(self, timeout_seconds: float | None = None) -> None:
        """There is nothing to stop."""


class CourierRecorder:
    """Records through a courier, in a thread that starts with the first run."""

    def __init__(
        self,
        plan: "Callable[[], Plan]",
        *,
        confirms_first: bool = False,
        start_timeout_seconds: float = 30.0,
        flush_timeout_seconds: float = 30.0,
    ) -> None:
        """`plan` is called in the courier's thread, so that what it imports costs user code no time."""
        self._plan = plan
        self._confirms = confirms_first
        self._start_timeout_seconds = start_timeout_seconds
        self._flush_timeout_seconds = flush_timeout_seconds
        self._inbox = Inbox()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._courier: Courier | None = None
        self._running = threading.Event()
        """The courier is there, or has failed to come."""
        self._fault: Exception | None = None
        # Of runs that have not begun here there is no news: a forked child may have some of its parent's runs.
        self._put: Callable[[News], None] = _discard
        self._unpark = threading.Event()

    def begin(self, run: FlowRunRecord) -> None:
        """See Recorder."""
        if self._thread is None:
            self._start()
        self._put(Begun(run))

    @property
    def confirms_begin(self) -> bool:
        """See Recorder."""
        return self._confirms

    def begun(self, run: FlowRunRecord) -> "Future[bool]":
        """See Recorder."""
        self._confirms = False
        return self._ask(Awaited.BEGUN, run, self._start_timeout_seconds)

    def task(self, task: TaskRunRecord, state: "State[Any]") -> None:
        """See Recorder."""
        self._put(TaskNews(task, state, task.version, task.attempt))

    def log(self, line: LogLine) -> None:
        """See Recorder."""
        self._put(line)

    def state(self, run: FlowRunRecord, state: "State[Any]") -> None:
        """See Recorder."""
        self._put(RunNews(run, state))

    def end(self, run: FlowRunRecord, state: "State[Any]", result: "StoredResult | None") -> None:
        """See Recorder."""
        self._put(Ended(run, state, result))

    def committed(self, run: FlowRunRecord) -> "Future[bool]":
        """See Recorder."""
        return self._ask(Awaited.STORED, run, 0.0)

    def flush(self, timeout_seconds: float | None = None) -> bool:
        """See Recorder."""
        if self._thread is None:
            return True
        seconds = self._flush_timeout_seconds if timeout_seconds is None else timeout_seconds
        try:
            return self._ask(Awaited.FLUSHED, None, seconds).result(seconds + _BACKSTOP_SECONDS)
        except (TimeoutError, RecordingError):
            return False

    def close(self, timeout_seconds: float | None = None) -> None:
        """See Recorder."""
        if self._thread is None:
            return
        try:
            with heeding_termination():
                self.flush(timeout_seconds)
        finally:
            # Also where somebody does not want to wait: what is left must be put on disk.
            self._end_courier()

    def _end_courier(self) -> None:
        assert self._thread is not None
        self._running.wait(_CLOSING_SECONDS)
        if self._courier is not None:
            try:
                self._courier.close()
            except RuntimeError:
                # Its loop has ended already.
                return
        if self._thread.is_alive():
            self._thread.join(_CLOSING_SECONDS)

    def park(self) -> None:
        """Hold the courier still, between two steps of its loop, until `unpark`."""
        thread = self._thread
        if thread is None or thread is threading.current_thread() or not thread.is_alive():
            return
        if not self._running.wait(_PARKING_SECONDS) or self._courier is None:
            return
        parked, self._unpark = threading.Event(), threading.Event()
        try:
            self._courier.loop.call_soon_threadsafe(_hold, parked, self._unpark)
        except RuntimeError:
            # Its loop has ended.
            return
        parked.wait(_PARKING_SECONDS)

    def unpark(self) -> None:
        """Let the courier go on. There is a child now: what it cannot deliver, this process does."""
        self._unpark.set()
        if self._courier is not None:
            try:
                self._courier.mind_children()
            except RuntimeError:
                # Its loop has ended.
                return

    def read(self, work: "Callable[[Transport], Awaitable[T]]", *, timeout_seconds: float) -> T:
        """Read from the control plane, in the courier's loop; see `reading`. Raises RecordingError where it cannot be
        reached in time, and errors of `orch_client`.
        """
        import asyncio

        if self._thread is None:
            self._start()
        if not self._running.wait(timeout_seconds) or self._courier is None:
            raise RecordingError(f"The control plane cannot be asked: {self._fault or 'it does not come up.'}")
        future = asyncio.run_coroutine_threadsafe(self._courier.read(work), self._courier.loop)
        try:
            return future.result(timeout_seconds)
        except TimeoutError:
            future.cancel()
            fault = self._courier.fault or f"it has not answered within {timeout_seconds:g} s."
            raise RecordingError(f"The control plane cannot be asked: {fault}") from None

    def _ask(self, awaited: Awaited, run: FlowRunRecord | None, timeout_seconds: float) -> "Future[bool]":
        from concurrent.futures import Future

        future: Future[bool] = Future()
        if self._thread is None:
            self._start()
        self._inbox.put_urgent(Waiting(awaited, run, future, timeout_seconds))
        if self._fault is not None:
            self._give_up()
        return future

    def _start(self) -> None:
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="orch-courier", daemon=True)
                self._put = self._inbox.put
                self._thread = thread
                try:
                    thread.start()
                except RuntimeError as error:
                    # The interpreter is shutting down, or the machine has no thread left.
                    self._end(RecordingError(f"Runs cannot be recorded: {error}"))

    def _run(self) -> None:
        """The courier's thread."""
        fault: Exception = RecordingError("Recording has ended.")
        try:
            import asyncio

            plan = self._plan()
            with asyncio.Runner(debug=False, loop_factory=plan.loop_factory) as runner:
                runner.run(self._serve(plan))
        except Exception as error:
            fault = RecordingError(f"Runs cannot be recorded: {error}")
            fault.__cause__ = error
            logger.exception("Runs are not recorded any more, since the recorder has failed.")
        self._end(fault)

    def _end(self, fault: Exception) -> None:
        self._fault = fault
        self._put = _discard
        self._give_up()
        self._running.set()

    async def _serve(self, plan: "Plan") -> None:
        from orch.recording.courier import Courier

        self._courier = Courier(self._inbox, plan)
        self._running.set()
        await self._courier.run()

    def _give_up(self) -> None:
        """Nobody takes news any more: let everybody go who waits."""
        assert self._fault is not None
        news = self._inbox.news
        while news:
            try:
                each = news.popleft()
            except IndexError:
                return
            if isinstance(each, Waiting) and not each.future.done():
                each.future.set_exception(self._fault)


def _hold(parked: threading.Event, unpark: threading.Event) -> None:
    parked.set()
    unpark.wait(_PARKING_SECONDS)


def _discard(news: News) -> None:
    """There is no courier any more."""


def _done() -> "Future[bool]":
    from concurrent.futures import Future

    future: Future[bool] = Future()
    future.set_result(True)
    return future


_lock = threading.Lock()
_current: Recorder | None = None


def current_recorder() -> Recorder:
    """This process's recorder, as the settings want it. Opened when it is first asked for.

    Raises ConfigurationError where the settings cannot be right.
    """
    global _current
    if _current is None:
        with _lock:
            if _current is None:
                from orch.recording.opening import open_recorder

                _current = open_recorder()
    return _current


def use_recorder(recorder: Recorder | None) -> Recorder | None:
    """Put another recorder in place, None for one that is opened anew when it is asked for; returns the one before.
    For tests, and for processes that relay to another one.
    """
    global _current
    with _lock:
        before, _current = _current, recorder
    return before


def close_recorder(timeout_seconds: float | None = None) -> None:
    """Flush and stop this process's recorder; the next run opens a new one."""
    recorder = use_recorder(None)
    if recorder is not None:
        recorder.close(timeout_seconds)


def _park_before_fork() -> None:
    """A module that the courier's thread is loading while this process forks would stay half loaded in the child."""
    if isinstance(_current, CourierRecorder):
        _current.park()


def _unpark_after_fork() -> None:
    if isinstance(_current, CourierRecorder):
        _current.unpark()


def _forget_after_fork() -> None:
    """A forked child has neither the courier's thread nor its connections: it gets a recorder of its own, and what its
    parent's runs do in it is not recorded.
    """
    global _current, _lock, _forked_from_grpc, _forked_from_sqlite, _grpc_is_only_loaded
    _forked_from_grpc = _forked_from_grpc or ("grpc" in sys.modules and not _grpc_is_only_loaded)
    _forked_from_sqlite = _forked_from_sqlite or "orch_server.embedded" in sys.modules
    if _current is not None:
        # Never collected: the connections it holds are the parent's to close.
        _inherited.append(_current)
    _current, _lock = None, threading.Lock()
    # This process may use it; its own children may not, then.
    _grpc_is_only_loaded = False


_inherited: list[Recorder] = []
_forked_from_grpc = False
_forked_from_sqlite = False
_grpc_is_only_loaded = False


def grpc_is_only_loaded() -> None:
    """Called by a process that has imported gRPC, and leaves its use to the children that it forks.

    What does not work in a forked child are gRPC's threads, locks and connections. Importing it makes none of them:
    that begins with the first channel.
    """
    global _grpc_is_only_loaded
    _grpc_is_only_loaded = True


def is_forked_from_grpc() -> bool:
    """Whether this process is the child of one that may have used gRPC, which does not work in such a child."""
    return _forked_from_grpc


def is_forked_from_sqlite() -> bool:
    """Whether this process is the child of one that had a home's database open. SQLite keeps its locks by process, and
    its notes of them in memory: in such a child it waits for locks that nobody holds, and trusts in some that are not
    there.
    """
    return _forked_from_sqlite


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_park_before_fork, after_in_parent=_unpark_after_fork, after_in_child=_forget_after_fork)
