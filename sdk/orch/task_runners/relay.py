"""What a task's process has to record goes to the recorder of the flow's process, which holds the runs' leases.

`RelayingRecorder` is the recorder there, `Relay` speaks for it here. Records are copies there: each message carries
what is new of them.
"""

from collections import deque
from collections.abc import Callable
from itertools import count
from typing import TYPE_CHECKING, Any

from orch.context import FlowRunContext, Scope
from orch.recording.recorder import Recorder
from orch.recording.records import FlowRunRecord, LogLine, TaskRunRecord, Verdict
from orch.states import Crashed, State
from orch.task_runners.channel import Channel
from orch.task_runners.shipping import ShippedError
from orch.task_runners.snapshots import NOWHERE, bare, stripped

if TYPE_CHECKING:
    from concurrent.futures import Future

    from orch.engine.checkpoints import Checkpoint
    from orch.results.stored import StoredResult


ShippedState = tuple[str, str, str | None, int, str, ShippedError | None]
"""Type, name, message, time, run, and what it failed with."""
_LATEST_ENDED = 256
"""How many subflows that have ended are remembered for what may still be said of them."""


class Requests:
    """Questions of a task's process that the flow's process answers."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._numbers = count()
        self._open: dict[int, Future[Any]] = {}

    def ask(self, method: str, *arguments: object) -> "Future[Any]":
        """Ask; the future has the answer."""
        from concurrent.futures import Future

        future: Future[Any] = Future()
        number = next(self._numbers)
        self._open[number] = future
        self._channel.send("request", number, method, arguments)
        return future

    def answered(self, number: int, value: object, error: ShippedError | None) -> None:
        """An answer has come."""
        future = self._open.pop(number)
        if error is None:
            future.set_result(value)
        else:
            future.set_exception(error.restored())


class RelayingRecorder:
    """The recorder of a task's process. See `orch.recording.Recorder` for the methods."""

    confirms_begin = False

    def __init__(self, channel: Channel, requests: Requests) -> None:
        self._channel = channel
        self._requests = requests
        self._runs: dict[str, FlowRunRecord] = {}

    def begin(self, run: FlowRunRecord) -> None:
        """A subflow begins."""
        self._runs[run.id] = run
        self._channel.send("recorder", "begin", (bare(run),))

    def begun(self, run: FlowRunRecord) -> "Future[bool]":
        """Done when the control plane has granted it."""
        return self._requests.ask("begun", run.id)

    def task(self, task: TaskRunRecord, state: State[Any]) -> None:
        """A nested task run has entered a state."""
        result = task.result if state.is_final() else None
        self._channel.send("recorder", "task", (task.flow_run.id, stripped(task), shipped(state), result))

    def log(self, line: LogLine) -> None:
        """A run has said something."""
        self._channel.send("recorder", "log", (line.flow_run.id, line._replace(flow_run=NOWHERE)))

    def state(self, run: FlowRunRecord, state: State[Any]) -> None:
        """A subflow has entered a state that it does not end in."""
        self._channel.send("recorder", "state", (bare(run), shipped(state)))

    def end(self, run: FlowRunRecord, state: State[Any], result: "StoredResult | None") -> None:
        """A subflow has ended."""
        self._runs.pop(run.id, None)
        self._channel.send("recorder", "end", (bare(run), shipped(state), result))

    def committed(self, run: FlowRunRecord) -> "Future[bool]":
        """Done when everything before is stored."""
        return self._requests.ask("committed", run.id)

    def flush(self, timeout_seconds: float | None = None) -> bool:
        """Everything is in the other process already, which flushes when its flow ends."""
        return True

    def close(self, timeout_seconds: float | None = None) -> None:
        """The channel is not the recorder's."""

    def heard(self, flow_run_id: str, verdict: Verdict, message: str) -> None:
        """What the control plane says of a subflow of this process."""
        run = self._runs.get(flow_run_id)
        if run is not None and run.on_verdict is not None:
            run.on_verdict(verdict, message)


class RelayedCheckpoints:
    """The checkpoints of a durable flow run, for its tasks in this process. See `engine.checkpoints`."""

    def __init__(self, requests: Requests, flow_run_id: str) -> None:
        self._requests = requests
        self._flow_run_id = flow_run_id

    def take(self, dynamic_key: str, *, called: str) -> "Checkpoint | None":
        """What is known of a call; None where it is new."""
        found: Checkpoint | None = self._requests.ask("take", self._flow_run_id, dynamic_key, called).result()
        return found

    def keep(self, checkpoint: "Checkpoint") -> None:
        """Remember a call that has completed now."""
        self._requests.ask("keep", self._flow_run_id, checkpoint).result()


class RelayedScope(Scope):
    """Counts a flow run's calls together with those of its other processes. See `context.Scope`."""

    __slots__ = ("_flow_run_id", "_requests")

    def __init__(self, requests: Requests, flow_run_id: str) -> None:
        super().__init__("")
        self._requests = requests
        self._flow_run_id = flow_run_id

    def next(self, key: str) -> int:
        """How many calls of this key came before."""
        found: int = self._requests.ask("count", self._flow_run_id, key).result()
        return found


class Relay:
    """Speaks to the recorder for one process."""

    def __init__(self, channel: Channel, recorder: Callable[[], Recorder]) -> None:
        self._channel = channel
        self._recorder = recorder
        self._flow_runs: dict[str, FlowRunRecord] = {}
        self._contexts: dict[str, FlowRunContext] = {}
        self._task_runs: dict[str, TaskRunRecord] = {}
        """Those that have not ended."""
        self._subflow_runs: dict[str, FlowRunRecord] = {}
        """Those that have not ended."""
        self._ended: deque[str] = deque()

    def know(self, context: FlowRunContext) -> None:
        """A flow run whose tasks run in the process."""
        self._flow_runs[context.record.id] = context.record
        self._contexts[context.record.id] = context

    def take(self, method: str, arguments: tuple[Any, ...]) -> None:
        """Something is to be recorded."""
        getattr(self, f"_{method}")(*arguments)

    def answer(self, number: int, method: str, arguments: tuple[Any, ...]) -> None:
        """Answer a request, now or later."""
        if method in {"begun", "committed"}:
            run = self._flow_runs[arguments[0]]
            future: Future[bool] = getattr(self._recorder(), method)(run)
            future.add_done_callback(lambda done: self._reply(number, done.result))
        else:
            flow_run_id, *rest = arguments
            answer = getattr(self, f"_{method}")
            self._reply(number, lambda: answer(self._contexts[flow_run_id], *rest))

    def process_ended(self, reason: str) -> None:
        """The process is gone. What of its runs has not ended never will: it has crashed."""
        for record in self._task_runs.values():
            state = Crashed(message=reason)
            state.run_id, record.state, record.end_ns = record.id, state, state.timestamp_ns
            record.version += 1
            self._recorder().task(record, state)
        for run in self._subflow_runs.values():
            run.state = Crashed(message=reason)
            self._recorder().end(run, run.state, None)
        self._task_runs.clear()
        self._subflow_runs.clear()

    def _reply(self, number: int, value: Callable[[], object]) -> None:
        try:
            answer, error = value(), None
        except Exception as raised:
            answer, error = None, ShippedError.of(raised)
        try:
            self._channel.send("answer", number, answer, error)
        except OSError:
            # The process is gone, and whoever asked with it.
            return

    def _count(self, context: FlowRunContext, key: str) -> int:
        return context.scope.next(key)

    def _take(self, context: FlowRunContext, dynamic_key: str, called: str) -> "Checkpoint | None":
        return None if context.checkpoints is None else context.checkpoints.take(dynamic_key, called=called)

    def _keep(self, context: FlowRunContext, checkpoint: "Checkpoint") -> None:
        if context.checkpoints is not None:
            context.checkpoints.keep(checkpoint)

    def _begin(self, run: FlowRunRecord) -> None:
        run.parent = self._flow_runs.get(run.parent.id) if run.parent is not None else None
        run.on_verdict = lambda verdict, message: self._tell(run.id, verdict, message)
        self._flow_runs[run.id] = self._subflow_runs[run.id] = run
        self._recorder().begin(run)

    def _tell(self, flow_run_id: str, verdict: Verdict, message: str) -> None:
        try:
            self._channel.send("verdict", flow_run_id, verdict, message)
        except OSError:
            # The process is gone, and its runs with it.
            return

    def _task(self, flow_run_id: str, news: TaskRunRecord, sent: ShippedState, result: "StoredResult | None") -> None:
        state = unshipped(sent)
        news.flow_run, news.state, news.result = self._flow_runs[flow_run_id], state, result
        record = self._task_runs.setdefault(news.id, news)
        if record is not news:
            _update(record, news)
        if state.is_final():
            self._task_runs.pop(news.id, None)
        self._recorder().task(record, state)

    def _log(self, flow_run_id: str, line: LogLine) -> None:
        self._recorder().log(line._replace(flow_run=self._flow_runs[flow_run_id]))

    def _state(self, run: FlowRunRecord, sent: ShippedState) -> None:
        known = self._known(run)
        known.state = unshipped(sent)
        self._recorder().state(known, known.state)

    def _end(self, run: FlowRunRecord, sent: ShippedState, result: "StoredResult | None") -> None:
        known = self._known(run)
        known.state = unshipped(sent)
        self._recorder().end(known, known.state, result)
        self._subflow_runs.pop(run.id, None)
        # Late lines of it may come for a while.
        self._ended.append(run.id)
        if len(self._ended) > _LATEST_ENDED:
            self._flow_runs.pop(self._ended.popleft(), None)

    def _known(self, run: FlowRunRecord) -> FlowRunRecord:
        known = self._flow_runs[run.id]
        known.name, known.parameters_json, known.attempt = run.name, run.parameters_json, run.attempt
        return known


def _update(record: TaskRunRecord, news: TaskRunRecord) -> None:
    for field in TaskRunRecord.__slots__:
        setattr(record, field, getattr(news, field))


def shipped(state: State[Any]) -> ShippedState:
    """A state on its way: without its result; what it failed with in a form that can always be sent."""
    error = ShippedError.of(state.data) if isinstance(state.data, BaseException) else None
    return state.type.value, state.name, state.message, state.timestamp_ns, state.run_id, error


def unshipped(sent: ShippedState) -> State[Any]:
    """The state that was sent."""
    kind, name, message, timestamp_ns, run_id, error = sent
    state: State[Any] = State(kind, name, message, error.restored() if error is not None else None, timestamp_ns)
    state.run_id = run_id
    return state
