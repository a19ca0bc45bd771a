"""One flow run, from its parameters to its final state."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from random import random
from typing import TYPE_CHECKING, Any

from orch.context import FlowRunContext, current_tags, flow_run_context, restore, sorted_tags, task_run_context
from orch.engine import resuming
from orch.engine.checkpoints import Checkpoints
from orch.engine.flow_results import saved_if_small, saved_result
from orch.engine.held_run import HeldRun
from orch.engine.hooks import run_hooks
from orch.engine.inputs import as_states, has_dependencies, settled
from orch.engine.outcomes import (
    broken_off_state,
    failed_state,
    is_worth_a_retry,
    returned_state,
    stopped_state,
    timeout_error,
    twice_stopped_state,
)
from orch.engine.resume_marks import marked
from orch.engine.run_ids import new_run_id
from orch.engine.signals import ended_by_signals
from orch.engine.steps import Block, Call, Sleep, Steps, Until
from orch.engine.streams import items_of, repeated
from orch.engine.tracked import mirrored
from orch.errors import (
    CancelInterrupt,
    FlowRunTimeoutError,
    LeaseLostError,
    LostInterrupt,
    TerminationSignal,
    UpstreamTaskError,
)
from orch.interrupts import Target
from orch.logging.prints import watch_prints
from orch.logging.run_loggers import flow_run_logger
from orch.logging.setup import begin_logging
from orch.logging.summary import flow_run_began, flow_run_ended
from orch.parameters import call_with, json_text, validated
from orch.recording.ending import may_end_any_moment
from orch.recording.records import FlowRunRecord, TaskRunRecord
from orch.states import AwaitingRetry, Pending, Retrying, Running, State
from orch.telemetry import environment_traceparent, telemetry

if TYPE_CHECKING:
    import logging

    from orch.flows import Flow
    from orch.recording.recorder import Recorder


class FlowEngine:
    """Runs one flow run. `steps()` is driven to its end once; it returns the run's final state."""

    __slots__ = (
        "_began_ns",
        "_context",
        "_ended",
        "_error",
        "_flow",
        "_held",
        "_logger",
        "_parameters",
        "_parent",
        "_recorder",
        "_time_is_up",
        "_told",
        "_tracking",
        "_wait_for",
        "record",
    )

    def __init__(
        self,
        flow: "Flow[..., Any]",
        parameters: dict[str, Any],
        recorder: "Recorder",
        *,
        record: FlowRunRecord | None = None,
        wait_for: object = None,
    ) -> None:
        """`record`: of a run that a worker was granted, and that its maker has begun with the recorder; else a new one
        is made.

        To be made where the flow is called: it notes the run around it.
        """
        self._flow = flow
        self._parameters = parameters
        self._recorder = recorder
        self._wait_for = wait_for
        self._parent = flow_run_context.get()
        self._held = HeldRun(self._parent.held if self._parent is not None else None)
        self._began_ns = time.monotonic_ns()
        self._ended = False
        self._error: BaseException | None = None
        """What has left the engine."""
        self._told = False
        self._time_is_up: FlowRunTimeoutError | None = None
        self._tracking = self._tracked() if self._parent is not None else None
        self.record = record or self._new_record()
        self._logger: logging.LoggerAdapter[Any] = flow_run_logger(flow, self.record)
        self._context: FlowRunContext | None = None

    def _new_record(self) -> FlowRunRecord:
        flow, parent = self._flow, self._parent
        return FlowRunRecord(
            id=new_run_id(),
            name=flow.new_run_name(),
            flow_name=flow.name,
            flow_version=flow.version or (flow.code_version() if flow.durable else ""),
            tags=sorted_tags(flow.tags, current_tags()),
            parent=parent.record if parent is not None else None,
            parent_task_run_id=self._tracking.id if self._tracking is not None else "",
            durable=flow.durable,
            crash_restarts=flow.crash_restarts,
            exclusive=flow.exclusive,
            start_ns=time.time_ns(),
            traceparent=environment_traceparent() if parent is None else "",
            grant=parent.record.grant if parent is not None else None,
        )

    def _tracked(self) -> TaskRunRecord:
        """The task run that stands for this subflow in its parent."""
        from orch.engine.task_engine import new_task_record

        parent = self._parent
        if parent is None:
            raise AssertionError("only subflows are tracked")
        return new_task_record(self._flow.tracking_task(), self._parameters, parent, upstream_ids=())

    def steps(self) -> Steps:
        """Run it."""
        begin_logging()
        telemetry.prepare()
        answered = resuming.answered_by_parent(self._parent, self._tracking, self._flow.name)
        if answered is not None:
            self._held.close()
            if self._flow.isgenerator:
                yield from repeated(answered)
            return answered
        try:
            with ended_by_signals(self._held) if self._parent is None else nullcontext():
                state = yield from self._with_inputs()
                if may_end_any_moment():
                    yield Block(self._recorder.flush)
                return state
        except BaseException as error:
            self._error = error
            raise
        finally:
            resuming.let_go(self.record.id)
            self._held.close()

    def _with_inputs(self) -> Steps:
        try:
            if self._wait_for is not None:
                yield Block(partial(settled, self._wait_for))
            if has_dependencies(self._parameters):
                self._parameters = yield Block(partial(settled, self._parameters))
        except UpstreamTaskError as error:
            state = Pending(name="NotReady", message=str(error))
            self._track(state)
            return state
        self.record.parameters = self._parameters
        self.record.parameters_json = json_text(self._parameters)
        self.record.on_verdict = self._held.heard
        for verdict, message in tuple(self.record.heard):
            self._held.heard(verdict, message)
        return (yield from self._traced())

    def _traced(self) -> Steps:
        """Inside a span, where traces are on. It begins first: the control plane hears of the trace with the run."""
        span = telemetry.flow_span(self.record) if telemetry.on else None
        try:
            state = yield from self._in_context()
        except BaseException as error:
            if span is not None:
                span.end(self.record.state, error)
            raise
        if span is not None:
            span.end(state, None)
        return state

    def _in_context(self) -> Steps:
        checkpoints = yield from self._begin()
        self._context = context = FlowRunContext(
            flow=self._flow,
            record=self.record,
            parameters=self._parameters,
            held=self._held,
            log_prints=self._log_prints(),
            checkpoints=checkpoints,
        )
        if context.log_prints:
            watch_prints()
        flow_token, task_token = flow_run_context.set(context), task_run_context.set(None)
        try:
            return (yield from self._guarded(context))
        finally:
            restore(task_run_context, task_token)
            restore(flow_run_context, flow_token)

    def _log_prints(self) -> bool:
        if self._flow.log_prints is not None:
            return self._flow.log_prints
        if self._parent is not None:
            return self._parent.log_prints
        from orch.settings import current_settings

        return current_settings().log_prints

    def _begin(self) -> Steps:
        """The control plane hears of the run. Returns its checkpoints, where it keeps any."""
        self._held.is_beginning = True
        try:
            return (yield from self._start())
        except Exception:
            raise
        except BaseException as error:
            # Stopped while the control plane was waited for.
            if self._told:
                self._record_end(stopped_state(error))
            raise
        finally:
            self._held.is_beginning = False

    def _start(self) -> Steps:
        record, recorder = self.record, self._recorder
        if record.adopted_token:
            return (yield from self._adopted())
        checkpoints: Checkpoints | None = None
        if record.durable:
            version = record.flow_version
            record.flow_version = marked(version, self._flow, self._parameters, record.parameters_json)
            checkpoints = yield from resuming.resumed(record, self._tracking, self._logger)
        if self._parent is not None:
            self._parent.open_calls.add(self)
        self._track(Running())
        if record.durable and self._parent is not None and self._parent.checkpoints is not None:
            # Whoever takes the parent up again knows this run by that task run alone. Were this run stored first, and
            # the process killed in between, nobody would ever take it up.
            yield Until(recorder.committed(self._parent.record))
        recorder.begin(record)
        self._told = True
        if record.durable or record.exclusive or recorder.confirms_begin:
            try:
                yield Until(recorder.begun(record))
            except LeaseLostError:
                if record.resume_from is None or self._parent is not None:
                    raise
                # Somebody else took the run up at the same moment.
                return (yield from self._begin_anew())
        return checkpoints

    def _adopted(self) -> Steps:
        """The run that a worker was granted: it has begun already. Flow and deployment may both ask for guarantees."""
        record, flow = self.record, self._flow
        yield Until(self._recorder.begun(record))
        self._told = True
        record.durable, record.exclusive = record.durable or flow.durable, record.exclusive or flow.exclusive
        if not record.durable:
            return None
        return (yield from resuming.went_on(record, version=flow.version or flow.code_version()))

    def _begin_anew(self) -> Steps:
        resuming.let_go(self.record.id)
        record = self._new_record()
        record.parameters, record.parameters_json = self._parameters, self.record.parameters_json
        record.flow_version = self.record.flow_version
        record.on_verdict = self._held.heard
        self.record, self._logger = record, flow_run_logger(self._flow, record)
        self._recorder.begin(record)
        yield Until(self._recorder.begun(record))
        return Checkpoints()

    def _guarded(self, context: FlowRunContext) -> Steps:
        """Whatever ends the run is recorded; what is not an Exception goes on its way."""
        try:
            state = yield from self._attempts(context)
            timed_out = state.name == "TimedOut"
            state = yield from self._settled(context, state)
            if not timed_out:
                # A stop while only its tasks were still running is the run's own.
                self._held.raise_if_stopping()
            yield from self._end(state)
        except LostInterrupt:
            self._ended = True
            raise
        except GeneratorExit as error:
            # Whoever ran it has dropped it: nothing more can be waited for.
            self._held.stop(lambda: CancelInterrupt("The flow run was broken off."))
            self._record_end(stopped_state(error))
            raise
        except BaseException as error:
            if not self._ended:
                yield from self._stopped(context, error)
            raise
        return state

    def _stopped(self, context: FlowRunContext, error: BaseException) -> Steps:
        """Stopped from outside: its tasks and hooks end first. Interrupted once more meanwhile, it has crashed."""
        state = stopped_state(error)
        try:
            # A deployed run has nobody at its keyboard.
            if isinstance(error, KeyboardInterrupt | TerminationSignal) and not self.record.adopted_token:
                self._logger.warning("%s Interrupt again to end at once.", state.message)
            else:
                self._logger.warning("Stopping: %s", state.message)
            self._held.stop(lambda: CancelInterrupt(state.message or ""))
            yield from self._settled(context, state)
            self._held.has_stopped()
            yield from self._call_hooks(state)
            self._record_end(state)
        except BaseException as again:
            if not self._ended:
                self._record_end(twice_stopped_state(again))
            raise error from None

    def _attempts(self, context: FlowRunContext) -> Steps:
        used = 0
        invalid = self._validate(context)
        if invalid is not None:
            self.record.attempt += 1
            return invalid
        flow_run_began(self._logger, self.record, is_subflow=self._parent is not None)
        yield from self._attempt_begins(Running())
        while True:
            state = yield from self._attempt(context)
            if not is_worth_a_retry(state) or used >= self._flow.retry_plan.number:
                return state
            delay = self._flow.retry_plan.delay(used, random())
            used += 1
            self._logger.info(
                "Retry %s of %s %s, after %s",
                used,
                self._flow.retry_plan.number,
                f"in {delay:g} s" if delay else "at once",
                state.message,
            )
            if delay:
                yield from self._enter(AwaitingRetry(message=state.message))
                with self._held.target() as target:
                    yield Sleep(delay, target)
            if context.checkpoints is not None:
                context.checkpoints.rewind()
            context.restart()
            yield from self._attempt_begins(Retrying())

    def _validate(self, context: FlowRunContext) -> State[Any] | None:
        """Make the parameters into what the annotations say; the run's state where that cannot be done."""
        try:
            if self._flow.should_validate_parameters:
                self._parameters = validated(self._flow.fn, self._parameters)
                context.parameters = self.record.parameters = self._parameters
            if self._flow.flow_run_name is not None:
                from orch.run_names import render

                self.record.name = render(self._flow.flow_run_name, self._parameters, {"flow": self._flow.name})
        except Exception as error:
            return failed_state(error, what="The flow run", timeout_seconds=None)
        return None

    def _attempt_begins(self, state: State[Any]) -> Steps:
        self.record.attempt += 1
        yield from self._enter(state)

    def _attempt(self, context: FlowRunContext) -> Steps:
        flow = self._flow
        try:
            args, kwargs = call_with(flow.fn, self._parameters)
            with self._held.target() as target:
                code, call = partial(flow.fn, *args, **kwargs), partial(self._call, target)
                seconds = flow.timeout_seconds
                if flow.isgenerator:
                    value = yield from items_of(
                        code, call, timeout_seconds=seconds, collect=self._is_replayed(), reader_left=_nothing
                    )
                else:
                    value = yield call(code, timeout_seconds=seconds)
            value = yield Block(partial(as_states, value))
            if context.checkpoints is not None:
                context.checkpoints.close()
            return returned_state(value)
        except Exception as error:
            own = flow.timeout_seconds if error is self._time_is_up else None
            return failed_state(error, what="The flow run", timeout_seconds=own)

    def _is_replayed(self) -> bool:
        """Whether a durable flow around this one will want the result again."""
        return self._parent is not None and self._parent.checkpoints is not None

    def _call(self, target: Target, code: Callable[[], Any], *, timeout_seconds: float | None) -> Call:
        return Call(
            code,
            is_async=self._flow.isasync,
            target=target,
            timeout_seconds=timeout_seconds,
            timeout_error=self._timeout_error,
            on_overdue=self._overdue if timeout_seconds is not None else None,
        )

    def _settled(self, context: FlowRunContext, state: State[Any]) -> Steps:
        """Tasks that were submitted and not waited for come to their ends first: none is lost."""
        if context.runner is not None:
            if state.is_failed() and state.name == "TimedOut":
                self._held.stop(self._cancelled_by_timeout)
            # It stays open meanwhile: its tasks may submit others.
            yield Block(partial(context.runner.__exit__, None, None, None))
        context.close_runner()
        return state

    def _end(self, state: State[Any]) -> Steps:
        stored = None
        checkpointed = self._is_replayed()
        if state.is_completed() and (self._flow.persists or self.record.durable or checkpointed):
            stored = yield Block(partial(saved_result, self._flow, self.record, state, self._logger))
        elif state.is_completed() and self.record.adopted_token and self._flow.persist_result is None:
            # Whoever asked for the run is elsewhere: what can be told in few words is told.
            stored = yield Block(partial(saved_if_small, self._flow, state, self._logger))
        self._record_end(state, stored)
        if self._parent is not None and self._tracking is not None and stored is not None and checkpointed:
            yield Until(self._recorder.committed(self._parent.record))
            resuming.keep_for_parent(self._parent, self._tracking)
        yield from self._call_hooks(state)

    def _call_hooks(self, state: State[Any]) -> Steps:
        hooks = self._flow.hooks_for(state)
        if hooks:
            yield from run_hooks(hooks, self._flow, self.record, state, self._logger)

    def _record_end(self, state: State[Any], stored: Any = None) -> None:  # noqa: ANN401
        if self._ended:
            return
        self._ended = True
        try:
            self._tell_end(state, stored)
        except BaseException:
            # No room for it on the stack, or a Ctrl-C just now.
            self._ended = False
            raise
        flow_run_ended(
            self._logger,
            self.record,
            state,
            seconds=(time.monotonic_ns() - self._began_ns) / 1e9,
            is_subflow=self._parent is not None,
        )

    def _tell_end(self, state: State[Any], stored: Any) -> None:  # noqa: ANN401
        if self._context is not None:
            self._context.end_open_calls()
        state.run_id = self.record.id
        self.record.state = state
        self._recorder.end(self.record, state, stored)
        if self._tracking is not None:
            self._tracking.result = stored
        self._track(state)
        if self._parent is not None:
            self._parent.open_calls.discard(self)

    def break_off(self) -> None:
        """See OpenCall."""
        self._record_end(broken_off_state(self._error, what="The flow run"))

    def _enter(self, state: State[Any]) -> Steps:
        state.run_id = self.record.id
        self.record.state = state
        self._recorder.state(self.record, state)
        yield from self._call_hooks(state)

    def _track(self, state: State[Any]) -> None:
        """The parent's task run that stands for this run goes where this one goes."""
        tracking = self._tracking
        if tracking is not None:
            self._recorder.task(tracking, mirrored(tracking, self.record, state))

    def _timeout_error(self) -> FlowRunTimeoutError:
        error = timeout_error(FlowRunTimeoutError, f"Flow run {self.record.name!r}", self._flow.timeout_seconds)
        self._time_is_up = error
        return error

    def _cancelled_by_timeout(self) -> Any:  # noqa: ANN401
        return CancelInterrupt(f"The flow run took longer than its timeout of {self._flow.timeout_seconds:g} s.")

    def _overdue(self) -> None:
        """The code does not stop, though its time is over: the run has ended all the same. Called in another thread."""
        state = failed_state(self._timeout_error(), what="The flow run", timeout_seconds=self._flow.timeout_seconds)
        self._logger.error("%s Its code cannot be interrupted and still runs.", state.message)
        self._record_end(state)


def _nothing() -> None:
    """A flow that is not read to its end needs to do nothing about it."""
