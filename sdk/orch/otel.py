"""Spans of runs on OpenTelemetry. Imported by `orch.telemetry` alone, and only where traces are asked for.

Exporters, samplers and limits follow the OTEL_* variables, which OpenTelemetry reads itself.
"""

import atexit
import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from orch.errors import ConfigurationError
from orch.states import StateType

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.util.types import AttributeValue

    from orch.recording.records import FlowRunRecord, TaskRunRecord
    from orch.states import State

_logger = logging.getLogger("orch.telemetry")
_LAST_EXPORT_SECONDS = 3.0
_W3C = TraceContextTextMapPropagator()
_UNSUCCESSFUL = {StateType.FAILED, StateType.CRASHED}
_PACKAGES = {
    "grpc": ("opentelemetry.exporter.otlp.proto.grpc.trace_exporter", "orch[otel]"),
    "http/protobuf": (
        "opentelemetry.exporter.otlp.proto.http.trace_exporter",
        "opentelemetry-exporter-otlp-proto-http",
    ),
}


class RunSpan:
    """A run's span: current from the moment it is made until `end`."""

    __slots__ = ("_span", "_token")

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self._token = otel_context.attach(trace.set_span_in_context(span))

    def end(self, state: "State[Any] | None", error: BaseException | None = None) -> None:
        """The run has ended in this state, or was interrupted by this error."""
        otel_context.detach(self._token)
        if self._span.is_recording():
            self._describe(state, error)
        self._span.end()

    def _describe(self, state: "State[Any] | None", error: BaseException | None) -> None:
        if state is not None:
            self._span.set_attribute("orch.state.type", state.type.value)
            self._span.set_attribute("orch.state.name", state.name)
            if error is None and isinstance(state.data, BaseException):
                error = state.data
        if error is not None:
            self._span.record_exception(error)
        if error is not None or (state is not None and state.type in _UNSUCCESSFUL):
            self._span.set_status(trace.StatusCode.ERROR, (state.message if state is not None else None) or repr(error))


class LastExport:
    """Sends what a provider has left when the process ends, and gives up on a collector that does not take it.

    The exporters alone would try for 10 s and more. The thread waits from the start, because Python 3.12 and newer
    start none while they end.
    """

    def __init__(self, shutdown: Callable[[], None]) -> None:
        self._shutdown = shutdown
        self._asked, self._done = threading.Event(), threading.Event()
        threading.Thread(target=self._wait, name="orch-last-export", daemon=True).start()
        atexit.register(self.close)

    def _wait(self) -> None:
        self._asked.wait()
        try:
            self._shutdown()
        finally:
            self._done.set()

    def close(self) -> None:
        """Send it now. Takes at most 3 s; again it does nothing."""
        atexit.unregister(self.close)
        self._asked.set()
        if not self._done.wait(_LAST_EXPORT_SECONDS):
            _logger.warning("The last traces are lost: the collector did not take them within 3 s.")


class Spans:
    """Makes the spans of this process's runs."""

    def __init__(self, provider: trace.TracerProvider, *, last_export: LastExport | None = None) -> None:
        """`last_export` is given where the provider is Orch's to close."""
        self._tracer = provider.get_tracer("orch")
        self._last_export = last_export

    @classmethod
    def open(cls, environ: Mapping[str, str]) -> "Spans":
        """On the provider that the program has set; else on one of Orch's own, by the OTEL_* variables.

        Raises:
            ConfigurationError: a variable asks for what there is not, or a package is missing.
        """
        if trace._TRACER_PROVIDER is not None:
            return cls(trace._TRACER_PROVIDER)
        provider = _own_provider(environ)
        # Set for all, so that spans of the user's own code and libraries join the run's trace.
        trace.set_tracer_provider(provider)
        return cls(provider, last_export=LastExport(provider.shutdown))

    def flow_run(self, record: "FlowRunRecord") -> RunSpan:
        """A flow run's span. It belongs to the caller's, else to the trace that the run or the process was given."""
        attributes: dict[str, AttributeValue] = {
            "orch.flow.name": record.flow_name,
            "orch.flow_run.id": record.id,
            "orch.flow_run.name": record.name,
        }
        if record.flow_version:
            attributes["orch.flow.version"] = record.flow_version
        if record.parent is not None:
            attributes["orch.parent_flow_run.id"] = record.parent.id
        given = record.traceparent or os.environ.get("TRACEPARENT", "")
        span = self._tracer.start_span(f"flow {record.flow_name}", context=_parent(given), attributes=attributes)
        if span.get_span_context().is_valid:
            record.traceparent = _traceparent(span.get_span_context())
        return RunSpan(span)

    def task_run(self, record: "TaskRunRecord") -> RunSpan:
        """A task run's span, which belongs to the span around it, else to its flow run's."""
        attributes: dict[str, AttributeValue] = {
            "orch.flow.name": record.flow_run.flow_name,
            "orch.flow_run.id": record.flow_run.id,
            "orch.task_run.id": record.id,
            "orch.task_run.name": record.name,
            "orch.task.key": record.task_key,
        }
        parent = _parent(record.flow_run.traceparent)
        return TaskRunSpan(
            self._tracer.start_span(_task_span_name(record), context=parent, attributes=attributes), record
        )

    def current_ids(self) -> tuple[str, str]:
        """Trace id and span id of the current span in hexadecimal; empty where there is none."""
        found = trace.get_current_span().get_span_context()
        if not found.is_valid:
            return "", ""
        return trace.format_trace_id(found.trace_id), trace.format_span_id(found.span_id)

    def close(self) -> None:
        """Send what is left, where the provider is Orch's own."""
        if self._last_export is not None:
            self._last_export.close()


class TaskRunSpan(RunSpan):
    """A task run's span, which also tells what is known of it only in the end."""

    __slots__ = ("_record",)

    def __init__(self, span: trace.Span, record: "TaskRunRecord") -> None:
        super().__init__(span)
        self._record = record

    def _describe(self, state: "State[Any] | None", error: BaseException | None) -> None:
        # A name that is made of parameters is known once they are.
        self._span.set_attribute("orch.task_run.name", self._record.name)
        self._span.set_attribute("orch.task_run.attempt", self._record.attempt)
        self._span.set_attribute("orch.task_run.cache_hit", state is not None and state.name == "Cached")
        super()._describe(state, error)


def _task_span_name(record: "TaskRunRecord") -> str:
    # Span names are few: the task's own, not its run's. The key is "module.Class.function".
    return f"task {record.task_key.rpartition('.')[2]}"


def _parent(traceparent: str) -> "Context | None":
    """The context of the current span; where there is none, that of a traceparent, or none."""
    if trace.get_current_span().get_span_context().is_valid or not traceparent:
        return None
    return _W3C.extract({"traceparent": traceparent, "tracestate": os.environ.get("TRACESTATE", "")})


def _traceparent(found: trace.SpanContext) -> str:
    trace_id, span_id = trace.format_trace_id(found.trace_id), trace.format_span_id(found.span_id)
    return f"00-{trace_id}-{span_id}-{found.trace_flags:02x}"


def _own_provider(environ: Mapping[str, str]) -> "TracerProvider":
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    names = environ.get("OTEL_TRACES_EXPORTER", "").strip().lower() or "otlp"
    exporters = [_exporter(name.strip(), environ) for name in names.split(",")]
    named = environ.get("OTEL_SERVICE_NAME") or "service.name=" in environ.get("OTEL_RESOURCE_ATTRIBUTES", "")
    provider = TracerProvider(resource=Resource.create({} if named else {SERVICE_NAME: "orch"}), shutdown_on_exit=False)
    for exporter in exporters:
        provider.add_span_processor(BatchSpanProcessor(exporter))
    _logger.debug("Runs are traced, by the OTEL_* variables: %s.", names)
    return provider


def _exporter(name: str, environ: Mapping[str, str]) -> Any:  # noqa: ANN401 (each package has classes of its own)
    if name == "console":
        from opentelemetry.sdk.trace.export import ConsoleSpanExporter

        return ConsoleSpanExporter(out=sys.stdout)
    if name != "otlp":
        raise ConfigurationError(
            f"OTEL_TRACES_EXPORTER holds {name!r}; write otlp, console, both with a comma, or none."
        )
    variables = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")
    protocol = next((found for variable in variables if (found := environ.get(variable, "").strip())), "grpc")
    if protocol not in _PACKAGES:
        raise ConfigurationError(f"OTEL_EXPORTER_OTLP_PROTOCOL is {protocol!r}; write {' or '.join(_PACKAGES)}.")
    module, requirement = _PACKAGES[protocol]
    try:
        return import_module(module).OTLPSpanExporter()
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"OTLP with {protocol} needs a package that is not installed: pip install '{requirement}'."
        ) from error
