"""The trace that a new run continues, where its request names none: the caller's, or that of the call itself."""

from orch_server.application.telemetry import Telemetry
from orch_server.domain.flow_runs import TraceContext
from orch_server.rpc.context import Context
from orch_server.rpc.convert.flow_runs import caller_trace


def call_trace(context: Context, telemetry: Telemetry) -> TraceContext:
    """The caller's trace; where it has none, the one that this call begins, if telemetry is on."""
    trace = caller_trace(context.invocation_metadata())
    return trace if trace.traceparent else TraceContext(telemetry.traceparent() or "")
