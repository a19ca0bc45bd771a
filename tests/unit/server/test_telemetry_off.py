"""Telemetry that nobody asked for costs nothing and loads nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

from orch_server.application.telemetry import (
    LEASES_GRANTED,
    METERS,
    QUEUE_DEPTH,
    SPAN_GRANT,
    SPANS,
    TRANSACTION_DURATION,
    NoTelemetry,
    Telemetry,
)
from orch_server.errors import SettingsError
from orch_server.telemetry import open_telemetry

MODULES = (
    "orch_server.settings",
    "orch_server.telemetry",
    "orch_server.shutdown",
    "orch_server.banner",
    "orch_server.rpc.server",
    "orch_server.rpc.auth",
    "orch_server.rpc.tracing",
    "orch_server.app",
)


def test_off_every_call_does_nothing() -> None:
    telemetry: Telemetry = NoTelemetry()
    with telemetry.span(SPAN_GRANT, {"pool": "p"}, parent="00-1-1-01") as span:
        span.set("granted", 3)
        span.fail("not really")

    telemetry.count(LEASES_GRANTED, 3, pool="p")
    telemetry.record(TRANSACTION_DURATION, 0.1)
    telemetry.observe_gauge(QUEUE_DEPTH, list)

    assert telemetry.traceparent() is None


def test_off_the_door_gives_the_one_that_does_nothing() -> None:
    with open_telemetry(traces=(), metrics=(), version="1", environ={}) as telemetry:
        assert isinstance(telemetry, NoTelemetry)


def test_off_the_servers_modules_do_not_load_opentelemetry() -> None:
    program = (
        f"import importlib, sys; [importlib.import_module(m) for m in {MODULES!r}];"
        "from orch_server.telemetry import open_telemetry;"
        "open_telemetry(traces=(), metrics=(), version='1', environ={}).__enter__();"
        "print([m for m in sys.modules if m.startswith('opentelemetry')])"
    )

    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert result.stdout == "[]\n"


def test_missing_packages_are_told_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "orch_server.otel", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)

    with pytest.raises(SettingsError, match=r"pip install 'orch\[otel\]'"):
        open_telemetry(traces=("otlp",), metrics=(), version="1", environ={})


def test_the_page_lists_every_meter_and_span() -> None:
    page = (Path(__file__).parents[3] / "docs" / "telemetry.md").read_text()

    for meter in METERS:
        assert f"| `{meter.name}` |" in page
    for span in SPANS:
        assert f"| `{span}` |" in page
