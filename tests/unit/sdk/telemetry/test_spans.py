"""Spans of runs."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from orch.otel import LastExport, Spans
from orch.recording.records import FlowRunRecord
from orch.states import Completed, Failed
from orch.telemetry import Telemetry, environment_traceparent, wanted
from tests.unit.sdk.logging.logged_runs import flow_record, task_record

_CALLER = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """What was sent."""
    return InMemorySpanExporter()


@pytest.fixture
def spans(exporter: InMemorySpanExporter) -> Spans:
    """Spans on a provider of the test's own."""
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Spans(provider)


def sent(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def test_a_task_runs_span_belongs_to_its_flow_runs(spans: Spans, exporter: InMemorySpanExporter) -> None:
    flow_run = flow_record()
    task_run = task_record(flow_run)
    task_run.task_key = "pipelines.cities.load"

    outer = spans.flow_run(flow_run)
    inner = spans.task_run(task_run)
    task_run.attempt = 2
    inner.end(Completed(name="Cached"))
    outer.end(Completed())

    found = sent(exporter)
    flow_span, task_span = found["flow etl"], found["task load"]
    assert task_span.parent is not None
    assert flow_span.context is not None
    assert task_span.parent.span_id == flow_span.context.span_id
    assert flow_span.parent is None
    assert dict(flow_span.attributes or {}) == {
        "orch.flow.name": "etl",
        "orch.flow_run.id": flow_run.id,
        "orch.flow_run.name": "quick-lynx",
        "orch.state.type": "COMPLETED",
        "orch.state.name": "Completed",
    }
    assert dict(task_span.attributes or {}) == {
        "orch.flow.name": "etl",
        "orch.flow_run.id": flow_run.id,
        "orch.task_run.id": task_run.id,
        "orch.task_run.name": "load-0",
        "orch.task.key": "pipelines.cities.load",
        "orch.task_run.attempt": 2,
        "orch.task_run.cache_hit": True,
        "orch.state.type": "COMPLETED",
        "orch.state.name": "Cached",
    }
    context = flow_span.context
    assert flow_run.traceparent == f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def test_the_span_is_current_while_the_run_lasts(spans: Spans) -> None:
    span = spans.flow_run(flow_record())
    trace_id, span_id = spans.current_ids()
    span.end(Completed())

    assert (len(trace_id), len(span_id)) == (32, 16)
    assert spans.current_ids() == ("", "")


def test_a_run_belongs_to_the_callers_span(spans: Spans, exporter: InMemorySpanExporter) -> None:
    caller = TracerProvider().get_tracer("caller").start_span("caller")
    with trace.use_span(caller, end_on_exit=True):
        spans.flow_run(flow_record()).end(Completed())

    found = sent(exporter)["flow etl"]
    assert found.parent is not None
    assert found.parent.span_id == caller.get_span_context().span_id


@pytest.mark.parametrize("way", ["environment", "record"])
def test_a_run_belongs_to_the_trace_that_it_was_given(
    spans: Spans, exporter: InMemorySpanExporter, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = flow_record()
    if way == "environment":
        monkeypatch.setenv("TRACEPARENT", _CALLER)
    else:
        record.traceparent = _CALLER

    spans.flow_run(record).end(Completed())

    found = sent(exporter)["flow etl"]
    assert found.parent is not None
    assert f"{found.parent.trace_id:032x}-{found.parent.span_id:016x}" == _CALLER[3:-3]
    assert record.traceparent[:36] == _CALLER[:36]


def test_a_task_without_a_span_around_belongs_to_its_flow_run(spans: Spans, exporter: InMemorySpanExporter) -> None:
    """As in the processes of a process pool."""
    flow_run = FlowRunRecord(id="i", name="n", flow_name="etl", traceparent=_CALLER)
    spans.task_run(task_record(flow_run)).end(Completed())

    found = sent(exporter)["task load"]
    assert found.parent is not None
    assert f"{found.parent.span_id:016x}" == _CALLER[36:52]


def test_a_failed_run_is_a_failed_span_with_its_exception(spans: Spans, exporter: InMemorySpanExporter) -> None:
    spans.flow_run(flow_record()).end(Failed(message="ValueError: bad", data=ValueError("bad")))

    found = sent(exporter)["flow etl"]
    assert (found.status.status_code, found.status.description) == (trace.StatusCode.ERROR, "ValueError: bad")
    assert [(event.attributes or {})["exception.message"] for event in found.events] == ["bad"]


def test_an_interrupted_run_is_a_failed_span(spans: Spans, exporter: InMemorySpanExporter) -> None:
    spans.flow_run(flow_record()).end(None, KeyboardInterrupt())

    assert sent(exporter)["flow etl"].status.status_code is trace.StatusCode.ERROR


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://localhost:4317"}, True),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://localhost:4317"}, False),
        ({"OTEL_TRACES_EXPORTER": "console"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://localhost:4317"}, False),
        ({"OTEL_SDK_DISABLED": "true", "OTEL_TRACES_EXPORTER": "console"}, False),
        ({"OTEL_SERVICE_NAME": "mine"}, False),
    ],
)
def test_the_environment_asks_for_traces(environment: dict[str, str], expected: bool) -> None:
    assert wanted(environment) is expected


def test_a_wrong_variable_is_said_once_and_the_run_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    door = Telemetry()
    door.prepare({"OTEL_TRACES_EXPORTER": "zipkin"})
    door.prepare({"OTEL_TRACES_EXPORTER": "zipkin"})

    assert not door.on
    assert [record.getMessage() for record in caplog.records] == [
        "Runs are not traced. OTEL_TRACES_EXPORTER holds 'zipkin'; write otlp, console, both with a comma, or none."
    ]


def test_the_process_may_have_been_given_a_trace() -> None:
    assert environment_traceparent({"TRACEPARENT": _CALLER}) == _CALLER
    assert environment_traceparent({}) == ""


def run(tmp_path: Path, program: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"ORCH_HOME": str(tmp_path), **environment},
    )
    return done.stdout + done.stderr


_RUN = """
import sys
import threading
from orch.telemetry import telemetry
from orch.recording.records import FlowRunRecord
telemetry.prepare()
if telemetry.on:
    telemetry.flow_span(FlowRunRecord(id="i", name="quick-lynx", flow_name="etl")).end(None)
print("on" if telemetry.on else "off", "opentelemetry" in sys.modules)
"""


def test_nothing_is_imported_where_nobody_asks(tmp_path: Path) -> None:
    assert run(tmp_path, _RUN) == "off False\n"


def test_traces_leave_by_the_variables_and_are_flushed_at_exit(tmp_path: Path) -> None:
    output = run(tmp_path, _RUN, OTEL_TRACES_EXPORTER="console")

    assert output.startswith("on True\n")
    assert '"name": "flow etl"' in output
    assert '"service.name": "orch"' in output


def test_the_users_own_provider_is_used(tmp_path: Path) -> None:
    program = f"""
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter()))
trace.set_tracer_provider(provider)
{_RUN}
assert trace.get_tracer_provider() is provider
"""
    output = run(tmp_path, program)

    assert '"name": "flow etl"' in output
    assert output.endswith("on True\n")


def test_missing_packages_are_said_and_the_run_goes_on(tmp_path: Path) -> None:
    program = f"""
import sys
import threading
sys.modules["opentelemetry.sdk"] = None
class Gone:
    def find_spec(self, name, path=None, target=None):
        if name.startswith("opentelemetry"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Gone())
{_RUN}
"""
    output = run(tmp_path, program, OTEL_TRACES_EXPORTER="otlp")

    assert "pip install 'orch[otel]'" in output
    assert "off False\n" in output or "off True\n" in output


def test_what_is_left_is_sent_in_the_end() -> None:
    sent_by = threading.Event()
    last = LastExport(sent_by.set)
    last.close()
    last.close()

    assert sent_by.is_set()


def test_a_collector_that_takes_nothing_does_not_hold_the_process_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("orch.otel._LAST_EXPORT_SECONDS", 0.01)
    answer = threading.Event()

    def never_taken() -> None:
        answer.wait()

    LastExport(never_taken).close()
    answer.set()

    assert [record.getMessage() for record in caplog.records] == [
        "The last traces are lost: the collector did not take them within 3 s."
    ]
