"""One task run, from its parameters to its final state."""

import time
from collections.abc import Callable
from functools import partial
from random import random
from typing import TYPE_CHECKING, Any

from orch.context import FlowRunContext, TaskRunContext, current_tags, restore, sorted_tags, task_run_context
from orch.engine import caching_step
from orch.engine.checkpoints import Checkpoint, durable_key
from orch.engine.hooks import run_hooks
from orch.engine.inputs import has_dependencies, settled
from orch.engine.outcomes import (
    broken_off_state,
    described,
    failed_state,
    is_worth_a_retry,
    returned_state,
    stopped_state,
    timeout_error,
)
from orch.engine.run_ids import new_run_id
from orch.engine.steps import Await, Block, Call, Sleep, Steps, Until
from orch.engine.streams import items_of, repeated
from orch.errors import LostInterrupt, OrchError, ProcessDiedError, TaskRunTimeoutError, UpstreamTaskError
from orch.interrupts import Target
from orch.logging.messages import was_told
from orch.logging.prints import watch_prints
from orch.logging.run_loggers import task_run_logger
from orch.parameters import call_with
from orch.recording.records import TaskRunRecord
from orch.states import AwaitingRetry, Completed, Pending, Retrying, Running, State
from orch.task_runners.remote import remote_caller
from orch.telemetry import telemetry

if TYPE_CHECKING:
    from orch.futures import OrchFuture
    from orch.recording.recorder import Recorder
    from orch.tasks import Task


def new_task_record(
    task: "Task[..., Any]", parameters: dict[str, Any], flow: FlowRunContext, *, upstream_ids: tuple[str, ...]
) -> TaskRunRecord:
    """The record of a task run that begins here. Counts the call: to be made once, in the caller's thread."""
    outer = task_run_context.get()
    inside = outer is not None and outer.flow_context is flow
    scope = outer.scope if outer is not None and inside else flow.scope
    number = flow.scope.next(task.task_key)
    record = TaskRunRecord(
        id=new_run_id(),
        flow_run=flow.record,
        name=f"{task.name}-{number}",
        task_key=task.task_key,
        dynamic_key=str(number) if flow.checkpoints is None else "",
        tags=sorted_tags(task.tags, current_tags()) if task.tags or current_tags() else (),
        upstream_ids=upstream_ids,
        create_ns=time.time_ns(),
    )
    if flow.checkpoints is not None:
        record.dynamic_key = durable_key(scope, task.task_key, parameters)
    return record


class TaskEngine:
    """Runs one task run. `steps()` is driven to its end once; the state it returns is final, but for NotReady."""

    __slots__ = (
        "_closed",
        "_context",
        "_error",
        "_flow",
        "_future",
        "_logger",
        "_parameters",
        "_reader_left",
        "_recorder",
        "_task",
        "_time_is_up",
        "_wait_for",
        "record",
        "target",
    )

    def __init__(
        self,
        task: "Task[..., Any]",
        parameters: dict[str, Any],
        flow: FlowRunContext,
        recorder: "Recorder",
        *,
        record: TaskRunRecord,
        wait_for: object = None,
        future: "OrchFuture[Any] | None" = None,
    ) -> None:
        """`future` is told the states of a task that was submitted."""
        self.record = record
        self.target = Target()
        """Interrupts its code."""
        self._task = task
        self._parameters = parameters
        self._flow = flow
        self._recorder = recorder
        self._wait_for = wait_for
        self._future = future
        self._logger = task_run_logger(task, record)
        self._context = TaskRunContext(
            task=task,
            record=record,
            parameters=parameters,
            flow_context=flow,
            log_prints=flow.log_prints if task.log_prints is None else task.log_prints,
        )
        if self._context.log_prints:
            watch_prints()
        self._closed = False
        self._error: BaseException | None = None
        """What has left the engine."""
        self._reader_left = False
        self._time_is_up: TaskRunTimeoutError | None = None

    def steps(self) -> Steps:
        """Run it."""
        token = task_run_context.set(self._context)
        span = telemetry.task_span(self.record) if telemetry.on else None
        try:
            state = yield from self._guarded()
        except BaseException as error:
            self._error = error
            if span is not None:
                span.end(self.record.state, error)
            raise
        else:
            if span is not None:
                span.end(state, None)
            return state
        finally:
            restore(task_run_context, token)

    def _guarded(self) -> Steps:
        """Something other than an Exception that ends the run is recorded, and goes on its way."""
        try:
            # Code that calls one short task after the other is hardly ever in its own lines, where interrupts strike.
            self._flow.held.raise_if_stopping()
            try:
                yield from self._resolve()
            except UpstreamTaskError as error:
                return self.enter(Pending(name="NotReady", message=str(error)))
            state = self._answered() or (yield from self._run())
            if self._streams and isinstance(state.data, caching_step.Kept):
                yield from repeated(state)
            return state
        except LostInterrupt:
            raise
        except Exception as error:
            # Nothing of the user's: names that cannot be rendered, inputs that cannot be read.
            state = failed_state(error, what="The task run", timeout_seconds=None)
            self._log_failure(state, 0)
            self._end(state)
            return state
        except BaseException as error:
            if not self._closed:
                state = stopped_state(error)
                if self._future is not None and state.is_crashed():
                    # It goes no further than the future, which may never be asked.
                    self._log_failure(state, 0)
                self._end(state)
            raise

    @property
    def _streams(self) -> bool:
        """Whether somebody reads a generator's items as they come."""
        return self._task.isgenerator and self._future is None

    def _resolve(self) -> Steps:
        """Futures among the inputs become their results."""
        if self._wait_for is not None:
            yield Block(partial(settled, self._wait_for))
        if has_dependencies(self._parameters):
            self._parameters = yield Block(partial(settled, self._parameters))
            self._context.parameters = self._parameters
        if self._task.task_run_name is not None:
            from orch.run_names import render

            self.record.name = render(self._task.task_run_name, self._parameters, {"task": self._task.name})
            self._logger = task_run_logger(self._task, self.record)

    def _answered(self) -> State[Any] | None:
        """A durable flow's task that has completed before answers as it did."""
        checkpoints = self._flow.checkpoints
        if checkpoints is None:
            return None
        known = checkpoints.take(self.record.dynamic_key, called=self._task.name)
        if known is None:
            return None
        record = self.record
        record.id, record.name, record.attempt, record.version = (
            known.task_run_id,
            known.name,
            known.attempt,
            known.version,
        )
        if known.result is None:
            return None
        record.result = known.result
        state = Completed(name="Cached", message="Answered from its checkpoint.", data=caching_step.Kept(known.result))
        state.run_id = record.id
        record.state = state
        if self._future is not None:
            self._future._finish(state)
        return state

    def _run(self) -> Steps:
        yield from self._begin(Running())
        if caching_step.keeps(self._task, self._flow):
            state = yield from self._run_kept()
        else:
            state = yield from self._attempts()
        self._end(state)
        if self._flow.checkpoints is not None:
            yield from self._committed(state)
        hooks = self._task.hooks_for(state)
        if hooks:
            yield from run_hooks(hooks, self._task, self.record, state, self._logger)
        return state

    def _run_kept(self) -> Steps:
        """A durable flow's task whose result cannot be kept has failed; any other goes on without."""
        state: State[Any] | None = None

        def attempts() -> Steps:
            nonlocal state
            state = yield from self._attempts()
            return state

        try:
            state, self.record.result = yield from caching_step.run_kept(
                self._task, self._context, attempts, self._logger, is_whole=lambda: not self._reader_left
            )
        except OrchError as error:
            if state is None or self._flow.checkpoints is not None:
                return failed_state(error, what="The task run", timeout_seconds=None)
            self._logger.warning("The result of task %s is not kept: %s", self._task.name, error)
        return state

    def _attempts(self) -> Steps:
        used = 0
        while True:
            state = yield from self._attempt()
            if self._closed or self._reader_left or used >= self._task.retry_plan.number:
                break
            if not is_worth_a_retry(state):
                break
            if not (yield from self._retry_allowed(state)):
                break
            yield from self._await_retry(state, used)
            used += 1
        if (state.is_failed() or state.is_crashed()) and not self._closed:
            self._log_failure(state, used)
        return state

    def _attempt(self) -> Steps:
        try:
            args, kwargs = call_with(self._task.fn, self._parameters)
            code, seconds = partial(self._task.fn, *args, **kwargs), self._task.timeout_seconds
            if self._task.isgenerator and remote_caller() is None:
                value = yield from self._items_of(code, seconds)
            else:
                value = yield self._call(code, timeout_seconds=seconds)
            return returned_state(value)
        except Exception as error:
            own = self._task.timeout_seconds if error is self._time_is_up else None
            return failed_state(error, what="The task run", timeout_seconds=own)

    def _items_of(self, code: Callable[[], Any], timeout_seconds: float | None) -> Steps:
        """Items that are handed on as they come are remembered only where the result is kept, to be read again."""
        collect = not self._streams or caching_step.keeps(self._task, self._flow)
        return items_of(code, self._call, timeout_seconds=timeout_seconds, collect=collect, reader_left=self._left)

    def _left(self) -> None:
        self._reader_left = True

    def _call(self, code: Callable[[], Any], *, timeout_seconds: float | None) -> Call:
        return Call(
            code,
            is_async=self._task.isasync,
            target=self.target,
            timeout_seconds=timeout_seconds,
            timeout_error=self._timeout_error,
            on_overdue=self._overdue,
        )

    def _retry_allowed(self, state: State[Any]) -> Steps:
        """Whether the task's own condition wants the retry."""
        condition = self._task.retry_condition_fn
        if condition is None:
            return True
        try:
            return bool((yield Await(partial(condition, self._task, self.record, state))))
        except Exception:
            self._logger.exception("The retry condition of task %s has failed: there is no retry.", self._task.name)
            return False

    def _await_retry(self, state: State[Any], used: int) -> Steps:
        delay = self._task.retry_plan.delay(used, random())
        self._logger.info(
            "Retry %s of %s %s, after %s",
            used + 1,
            self._task.retry_plan.number,
            f"in {delay:g} s" if delay else "at once",
            described(state.data) if isinstance(state.data, BaseException) else state,
        )
        if delay:
            self.enter(AwaitingRetry(message=state.message))
            yield Sleep(delay, self.target)
        yield from self._begin(Retrying())

    def _begin(self, state: State[Any]) -> Steps:
        self.record.attempt += 1
        self._logger.debug("Attempt %s begins.", self.record.attempt)
        if not self.record.start_ns:
            self.record.start_ns = state.timestamp_ns
            self._flow.open_calls.add(self)
        self.enter(state)
        if self._task.on_running_hooks:
            yield from run_hooks(self._task.on_running_hooks, self._task, self.record, state, self._logger)

    def _committed(self, state: State[Any]) -> Steps:
        """A durable flow goes on when the task's result is safe."""
        checkpoints, record = self._flow.checkpoints, self.record
        if checkpoints is None or not state.is_completed():
            return
        yield Until(self._recorder.committed(record.flow_run))
        checkpoints.keep(
            Checkpoint(
                record.id,
                record.name,
                record.task_key,
                record.dynamic_key,
                record.attempt,
                record.version,
                record.result,
            )
        )

    def enter(self, state: State[Any]) -> State[Any]:
        """The run is in this state from now on."""
        record = self.record
        state.run_id = record.id
        record.version += 1
        record.state = state
        self._recorder.task(record, state)
        if self._future is not None:
            if state.is_final() or state.name == "NotReady":
                self._future._finish(state)
            else:
                self._future._set_state(state)
        return state

    def ended(self, state: State[Any]) -> State[Any]:
        """The run has ended in this state, unless it has ended before. Returns the state that it ended in."""
        self._end(state)
        return self.record.state or state

    def break_off(self) -> None:
        """See OpenCall."""
        self._end(broken_off_state(self._error, what="The task run"))

    def _end(self, state: State[Any]) -> None:
        if self._closed:
            return
        self._closed = True
        self.record.end_ns = state.timestamp_ns
        try:
            self.enter(state)
        except BaseException:
            # No room for it on the stack, or a Ctrl-C just now.
            self._closed = False
            raise
        self._flow.open_calls.discard(self)

    def _overdue(self) -> None:
        """The code was interrupted and does not stop: the run has ended all the same. Called in another thread."""
        stop = self.target.error
        if stop is not None:
            state = stopped_state(stop)
        else:
            state = failed_state(self._timeout_error(), what="The task run", timeout_seconds=self._task.timeout_seconds)
        self._logger.error("%s Its code cannot be interrupted and still runs.", state.message)
        self._end(state)

    def _timeout_error(self) -> TaskRunTimeoutError:
        what = f"Task run {self.record.name!r}"
        self._time_is_up = timeout_error(TaskRunTimeoutError, what, self._task.timeout_seconds)
        return self._time_is_up

    def _log_failure(self, state: State[Any], used: int) -> None:
        most = self._task.retry_plan.number
        exhausted = " No retries are left." if most and used == most else ""
        # Where a process was when it died, nobody knows: the frames of those who waited for it say nothing.
        found = state.data if isinstance(state.data, BaseException) else None
        error = None if found is None or isinstance(found, ProcessDiedError) or was_told(found) else found
        self._logger.error("%s%s", state.message or "Failed.", exhausted, exc_info=error)
