"""One deployed run, from its ticket to its end."""

import faulthandler
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orch.blocking import result_of
from orch.errors import LostInterrupt, OrchError, RecordingError, TerminationSignal
from orch.recording.ending import heeding_termination
from orch.recording.recorder import close_recorder, current_recorder
from orch.recording.records import FlowRunRecord
from orch.run.ticket import Ticket
from orch.settings import origins, temporary_settings
from orch.telemetry import environment_traceparent

if TYPE_CHECKING:
    from orch.flows import Flow
    from orch.recording.recorder import Recorder
    from orch.states import State

_PATIENCE_SECONDS = {"start_timeout_seconds": 600.0, "flush_timeout_seconds": 3600.0}
"""How long to wait for a control plane that is away, where nobody says. Its absence expires no lease: nobody loses a
run meanwhile, and there is nothing else for this process to do.
"""

_STANDARD_ERROR = 2

REPORTED, NOT_REPORTED = 0, 1


def run(ticket: Ticket) -> int:
    """Run it. Returns the exit code; see `orch.run.main`."""
    unsaid = {name for name, origin in origins(os.environ).items() if origin == "default"}
    patience = {name: seconds for name, seconds in _PATIENCE_SECONDS.items() if name in unsaid}
    with temporary_settings(recording="auto", **patience):
        return _Deployed(ticket).run()


class _Deployed:
    """A run of this process."""

    def __init__(self, ticket: Ticket) -> None:
        self._ticket = ticket
        self._recorder: Recorder = current_recorder()
        self._record = FlowRunRecord(
            id=ticket.flow_run_id,
            name=ticket.flow_run_name or ticket.flow_run_id,
            flow_name=ticket.flow_name or ticket.entrypoint,
            adopted_token=ticket.token,
            start_ns=time.time_ns(),
            traceparent=environment_traceparent(),
        )

    def run(self) -> int:
        """From the lease to the end."""
        from orch.logging.capture import capture
        from orch.logging.setup import begin_logging

        # Native code that crashes leaves a traceback in the output that the worker stores: nobody else could tell.
        faulthandler.enable(_STANDARD_ERROR)
        begin_logging()
        # What this process writes is stored as well, by whoever started it.
        capture.quiet = True
        self._recorder.begin(self._record)
        granted = self._recorder.begun(self._record)
        # The lease is on its way meanwhile.
        flow = self._loaded()
        try:
            result_of(granted)
        except RecordingError as error:
            sys.stderr.write(f"The run has not begun: {error}\n")
            return NOT_REPORTED
        try:
            self._begin(flow)
        except LostInterrupt as error:
            sys.stderr.write(f"The run has stopped: {error}\n")
            return NOT_REPORTED
        return self._end()

    def _loaded(self) -> "Flow[..., Any] | OrchError":
        from orch.run.entrypoint import EntrypointError, load_flow

        try:
            return load_flow(self._ticket.entrypoint, Path.cwd())
        except EntrypointError as error:
            return error

    def _begin(self, flow: "Flow[..., Any] | OrchError") -> None:
        """Run the flow. Whatever ends it has been handed to the recorder when this returns."""
        from orch.run.carrying_out import carry_out
        from orch.run.parameters import parameters_of

        grant = self._record.grant
        assert grant is not None
        if isinstance(flow, OrchError):
            self._fail(flow)
            return
        try:
            parameters = parameters_of(flow.fn, grant.parameters_json)
        except OrchError as error:
            self._fail(error)
            return
        carry_out(flow, parameters, self._recorder, self._record)

    def _fail(self, error: OrchError) -> None:
        """The run ends before its code began."""
        from orch.engine.outcomes import described
        from orch.logging.run_loggers import RunLogger
        from orch.states import Failed
        from orch.tracebacks import user_traceback

        state: State[Any] = Failed(message=described(error), data=error)
        # Of what the user's own code has raised, where; how Orch came across it is nothing to them.
        raised = f"\n{user_traceback(error.__cause__)}" if error.__cause__ is not None else ""
        RunLogger(self._record).error("%s%s", state.message, raised)
        self._record.state = state
        self._recorder.end(self._record, state, None)

    def _end(self) -> int:
        """Wait until the end is stored, for as long as the control plane may be away."""
        try:
            with heeding_termination():
                self._recorder.flush()
                result_of(self._recorder.committed(self._record))
        except TerminationSignal:
            # Whoever started this process has no more patience: what is left is kept on disk.
            close_recorder(0.0)
            return NOT_REPORTED
        except RecordingError as error:
            sys.stderr.write(f"The run's end was not stored: {error}\n")
            return NOT_REPORTED
        return REPORTED
