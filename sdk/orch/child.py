"""The process of a ProcessPoolTaskRunner that calls tasks' functions.

Calls run in the main thread, so that they can be interrupted anywhere; another thread receives. What is to be recorded
goes back over the channel. When the flow's process is gone, this one ends.
"""

import logging
import os
import threading
from contextvars import Context
from multiprocessing.connection import Connection
from queue import SimpleQueue
from types import GeneratorType
from typing import TYPE_CHECKING, Any

from orch import interrupts
from orch.context import FlowRunContext, flow_run_context, tags, task_run_context
from orch.engine.inputs import as_states
from orch.interrupts import Target
from orch.logging.capture import capture
from orch.recording import use_recorder
from orch.task_runners import ThreadPoolTaskRunner, loops
from orch.task_runners.channel import Channel
from orch.task_runners.relay import RelayedCheckpoints, RelayedScope, RelayingRecorder, Requests
from orch.task_runners.shipping import ShippedError, pack, unpack
from orch.task_runners.snapshots import CallSnapshot, FlowSnapshot
from orch.tracebacks import from_the_user

if TYPE_CHECKING:
    from orch.engine.held_run import HeldRun


class Child:
    """What this process knows and does."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._requests = Requests(channel)
        self._recorder = RelayingRecorder(channel, self._requests)
        self._work: SimpleQueue[bytes | None] = SimpleQueue()
        self._flows: dict[str, bytes] = {}
        self._fault: BaseException | None = None
        self._lock = threading.Lock()
        self._target = Target()
        self._held: HeldRun | None = None
        self._busy = False

    def run(self) -> None:
        """Call what comes, until the flow's process hangs up."""
        from orch.logging.setup import begin_logging

        use_recorder(self._recorder)
        begin_logging()
        threading.Thread(target=self._receive, name="orch-receiver", daemon=True).start()
        while (data := self._work.get()) is not None:
            self._answer(data)

    def _receive(self) -> None:
        while (message := self._channel.receive()) is not None:
            kind, *content = message
            try:
                getattr(self, f"_on_{kind}")(*content)
            except Exception:
                # What comes next, a stop for one, must still be heard.
                logging.getLogger("orch").exception("A message of the flow's process could not be understood.")
        if self._busy:
            # Nobody is there any more who could want the result, or stop the code.
            os._exit(1)
        self._work.put(None)

    def _on_setup(self, data: bytes) -> None:
        try:
            initializer, arguments = unpack(data, what="The initializer of the ProcessPoolTaskRunner")
            if initializer is not None:
                initializer(*arguments)
        except Exception as error:
            # Told to every call.
            self._fault = error
        self._channel.send("ready")

    def _on_flow(self, flow_run_id: str, data: bytes) -> None:
        self._flows[flow_run_id] = data

    def _on_call(self, data: bytes) -> None:
        with self._lock:
            self._busy = True
            self._target = Target()
        self._work.put(data)

    def _on_stop(self, error: ShippedError) -> None:
        self._channel.send("stopping")
        stop = error.restored()
        stop.__cause__ = None  # where it comes from is the other process's to tell
        with self._lock:
            target, held = self._target, self._held
        target.interrupt(stop)
        if held is not None:
            held.stop(lambda: stop)

    def _on_end(self) -> None:
        self._work.put(None)

    def _on_answer(self, number: int, value: object, error: ShippedError | None) -> None:
        self._requests.answered(number, value, error)

    def _on_verdict(self, flow_run_id: str, verdict: Any, message: str) -> None:  # noqa: ANN401
        self._recorder.heard(flow_run_id, verdict, message)

    def _answer(self, data: bytes) -> None:
        try:
            returned = Context().run(self._called, data)
            reply: tuple[Any, ...] = ("returned", pack(returned, what="What the task returned"))
        except BaseException as error:
            reply = ("raised", ShippedError.of(error.with_traceback(from_the_user(error.__traceback__))))
        with self._lock:
            self._busy = False
            self._held = None
        self._channel.send(*reply)

    def _called(self, data: bytes) -> object:
        if self._fault is not None:
            raise self._fault
        call: CallSnapshot = unpack(data, what="The task, or one of its arguments,")
        flow = self._flow_context(call.flow_run_id)
        if flow is None:
            return self._call(call)
        task = call.task_context(flow)
        flow_run_context.set(flow)
        task_run_context.set(task)
        if task is not None and task.log_prints:
            from orch.logging.prints import watch_prints

            watch_prints()
        with self._lock:
            self._held = flow.held
        with tags(*call.tags), ThreadPoolTaskRunner() as runner:
            # Tasks that this one submits run here, in threads.
            flow.runner = runner
            return as_states(self._call(call))

    def _call(self, call: CallSnapshot) -> object:
        """Call the user's function, so that it can be stopped."""
        if call.is_async:
            return loops.run_coroutine(self._acall(call))
        value = interrupts.call(
            call.function,
            target=self._target,
            timeout_seconds=None,
            timeout_error=TimeoutError,
            on_overdue=self._overdue,
        )
        return list(value) if isinstance(value, GeneratorType) else value

    async def _acall(self, call: CallSnapshot) -> object:
        return await interrupts.acall(
            lambda: _awaited(call.function()),
            target=self._target,
            timeout_seconds=None,
            timeout_error=TimeoutError,
            on_overdue=self._overdue,
        )

    def _overdue(self) -> None:
        self._channel.send("overdue")

    def _flow_context(self, flow_run_id: str) -> FlowRunContext | None:
        """The context of the flow run around a call, made anew for each from what was sent of it."""
        from orch.engine.held_run import HeldRun

        data = self._flows.get(flow_run_id)
        if data is None:
            return None
        snapshot = FlowSnapshot.unpacked(data)
        if snapshot.record.grant is not None:
            # What this process writes goes where the flow's process writes, which is stored.
            capture.quiet = True
        checkpoints: Any = RelayedCheckpoints(self._requests, flow_run_id) if snapshot.has_checkpoints else None
        context = FlowRunContext(
            flow=snapshot.flow,
            record=snapshot.record,
            parameters=snapshot.restored_parameters(),
            held=HeldRun(),
            log_prints=snapshot.log_prints,
            checkpoints=checkpoints,
        )
        context.scope = RelayedScope(self._requests, flow_run_id)
        return context


async def _awaited(value: Any) -> object:  # noqa: ANN401 (what an async function returned when it was called)
    """What a coroutine returns, or all that an async generator yields."""
    if hasattr(value, "__aiter__"):
        return [each async for each in value]
    return await value


def main(descriptor: int) -> None:
    """Run as the other end of a socket."""
    Child(Channel(Connection(descriptor))).run()
