"""Traces of runs: a span for each flow run and task run, where OpenTelemetry is installed and asked for.

Asked for is it by a tracer provider that the program has set, or by the standard OTEL_* variables, which then get a
provider of Orch's own. Otherwise nothing of OpenTelemetry is imported, and the engine asks one bool.
"""

import os
import sys
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orch.otel import RunSpan, Spans
    from orch.recording.records import FlowRunRecord, TaskRunRecord

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")


class Telemetry:
    """The engine's door to OpenTelemetry. Ask `on` first: everything else needs it."""

    def __init__(self) -> None:
        self.on = False
        self._lock = threading.Lock()
        self._spans: Spans | None = None
        self._refused = False

    def prepare(self, environ: Mapping[str, str] = os.environ) -> None:
        """Find out whether traces are wanted. Called when a flow run begins that has no parent; cheap.

        A program may set its tracer provider at any time before; once on, it stays on.
        """
        if self.on or self._refused or not wanted(environ):
            return
        with self._lock:
            if self._spans is None:  # another thread may have been here
                self._spans = self._open(environ)
                self.on = self._spans is not None

    def _open(self, environ: Mapping[str, str]) -> "Spans | None":
        from orch.logging import get_logger

        needed = "opentelemetry.trace" if _provider_is_set() else "opentelemetry.sdk"
        if _is_missing(needed):
            self._refused = True
            get_logger("telemetry").warning(
                "OTEL_* variables ask for traces, but OpenTelemetry is not installed: pip install 'orch[otel]'. "
                "The runs go on without."
            )
            return None
        from orch.errors import ConfigurationError
        from orch.otel import Spans

        try:
            return Spans.open(environ)
        except ConfigurationError as error:
            self._refused = True
            get_logger("telemetry").warning("Runs are not traced. %s", error)
            return None

    def flow_span(self, record: "FlowRunRecord") -> "RunSpan":
        """Begin a flow run's span and make it current. Its context is written to `record.traceparent`."""
        assert self._spans is not None, "ask telemetry.on first"
        return self._spans.flow_run(record)

    def task_span(self, record: "TaskRunRecord") -> "RunSpan":
        """Begin a task run's span and make it current."""
        assert self._spans is not None, "ask telemetry.on first"
        return self._spans.task_run(record)

    def current_ids(self) -> tuple[str, str]:
        """Trace id and span id of the current span in hexadecimal; empty where there is none."""
        return ("", "") if self._spans is None else self._spans.current_ids()

    def close(self) -> None:
        """Send what is left and forget the provider: for tests, and before the environment changes."""
        with self._lock:
            if self._spans is not None:
                self._spans.close()
            self.on, self._refused, self._spans = False, False, None


def wanted(environ: Mapping[str, str]) -> bool:
    """Whether the program or its environment asks for traces."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if _provider_is_set():
        return True
    exporters = environ.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if exporters:
        return exporters != "none"
    return any(environ.get(variable, "").strip() for variable in _ENDPOINTS)


def _provider_is_set() -> bool:
    """Whether the program has set a tracer provider. Where the API is not even imported, it has not."""
    trace: Any = sys.modules.get("opentelemetry.trace")
    return trace is not None and getattr(trace, "_TRACER_PROVIDER", None) is not None


def _is_missing(module: str) -> bool:
    from importlib.util import find_spec

    try:
        return find_spec(module) is None
    except ModuleNotFoundError:  # its parent package
        return True


def environment_traceparent(environ: Mapping[str, str] = os.environ) -> str:
    """The W3C trace context that the process was started with; empty for none."""
    return environ.get("TRACEPARENT", "").strip()


telemetry = Telemetry()
"""This process's."""

__all__ = ["Telemetry", "environment_traceparent", "telemetry", "wanted"]
