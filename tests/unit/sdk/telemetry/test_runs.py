"""Spans of real runs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from orch import flow, get_run_logger, task
from orch.otel import Spans
from orch.recording import use_recorder
from orch.recording.recorder import NullRecorder
from orch.recording.records import FlowRunRecord, LogLine
from orch.settings import temporary_settings
from orch.telemetry import telemetry


class Heard(NullRecorder):
    """Remembers the trace that each run begins with, and the lines."""

    def __init__(self) -> None:
        super().__init__()
        self.traceparents: dict[str, str] = {}
        self.lines: list[LogLine] = []

    def begin(self, run: FlowRunRecord) -> None:
        self.traceparents[run.flow_name] = run.traceparent
        super().begin(run)

    def log(self, line: LogLine) -> None:
        self.lines.append(line)


@pytest.fixture
def provider() -> TracerProvider:
    """The provider of the program."""
    return TracerProvider()


@pytest.fixture
def exporter(provider: TracerProvider, monkeypatch: pytest.MonkeyPatch) -> InMemorySpanExporter:
    """What was sent of the runs."""
    found = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(found))
    monkeypatch.setattr(telemetry, "_spans", Spans(provider))
    monkeypatch.setattr(telemetry, "on", True)
    return found


@pytest.fixture
def heard(tmp_path: Path) -> Iterator[Heard]:
    """The recorder of the test's runs."""
    recorder = Heard()
    before = use_recorder(recorder)
    with temporary_settings(home=tmp_path, recording="off"):
        yield recorder
    use_recorder(before)


def parents(exporter: InMemorySpanExporter) -> dict[str, str]:
    """Each span's name with its parent's."""
    spans = exporter.get_finished_spans()
    names = {span.context.span_id: span.name for span in spans if span.context is not None}
    return {span.name: names.get(span.parent.span_id, "?") if span.parent is not None else "" for span in spans}


def span_named(exporter: InMemorySpanExporter, name: str) -> ReadableSpan:
    return next(span for span in exporter.get_finished_spans() if span.name == name)


def test_runs_are_a_tree_of_spans_with_the_users_own(
    exporter: InMemorySpanExporter, heard: Heard, provider: TracerProvider
) -> None:
    tracer = provider.get_tracer("user")

    @task
    def load() -> None:
        with tracer.start_as_current_span("query"):
            pass

    @flow
    def inner() -> None:
        load.submit().wait()

    @flow
    def etl() -> None:
        inner()

    with tracer.start_as_current_span("program"):
        etl()

    assert parents(exporter) == {
        "query": "task load",
        "task load": "flow inner",
        "flow inner": "flow etl",
        "flow etl": "program",
        "program": "",
    }


async def test_spans_of_tasks_at_the_same_time_are_apart(exporter: InMemorySpanExporter, heard: Heard) -> None:
    import asyncio

    @task
    async def first() -> None:
        await asyncio.sleep(0)

    @task
    async def second() -> None:
        await asyncio.sleep(0)

    @flow
    async def etl() -> None:
        await asyncio.gather(first(), second())

    await etl()

    assert parents(exporter) == {"task first": "flow etl", "task second": "flow etl", "flow etl": ""}


def test_the_control_plane_hears_of_the_trace_with_the_run(exporter: InMemorySpanExporter, heard: Heard) -> None:
    @flow
    def etl() -> None: ...

    etl()

    context = span_named(exporter, "flow etl").context
    assert context is not None
    assert heard.traceparents["etl"].startswith(f"00-{context.trace_id:032x}-{context.span_id:016x}-")


def test_without_telemetry_the_trace_is_handed_on(heard: Heard, monkeypatch: pytest.MonkeyPatch) -> None:
    traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    monkeypatch.setenv("TRACEPARENT", traceparent)

    @flow
    def etl() -> None: ...

    etl()

    assert heard.traceparents == {"etl": traceparent}


def test_lines_carry_the_span_that_they_were_written_in(exporter: InMemorySpanExporter, heard: Heard) -> None:
    @task
    def load() -> None:
        get_run_logger().info("reading")

    @flow
    def etl() -> None:
        load()

    etl()

    context = span_named(exporter, "task load").context
    assert context is not None
    line = next(line for line in heard.lines if line.message == "reading")
    assert (line.trace_id, line.span_id) == (f"{context.trace_id:032x}", f"{context.span_id:016x}")


def test_a_run_that_fails_is_a_failed_span(exporter: InMemorySpanExporter, heard: Heard) -> None:
    @task(retries=1)
    def load() -> None:
        raise ValueError("bad row")

    @flow
    def etl() -> None:
        load()

    with pytest.raises(ValueError, match="bad row"):
        etl()

    failed = span_named(exporter, "task load")
    assert failed.status.status_code.name == "ERROR"
    assert (failed.attributes or {})["orch.task_run.attempt"] == 2
    assert span_named(exporter, "flow etl").status.status_code.name == "ERROR"
