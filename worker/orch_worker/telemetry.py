"""The door to telemetry: OpenTelemetry is loaded only when the environment has asked for it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from orch_worker.errors import SettingsError
from orch_worker.meters import NoTelemetry, Telemetry

_KNOWN = frozenset({"otlp", "console", "none"})


def open_telemetry(*, version: str, worker: str, environ: Mapping[str, str]) -> AbstractContextManager[Telemetry]:
    """Telemetry for as long as the context lasts; leaving it sends what is left. Follows OpenTelemetry's own variables:
    OTEL_METRICS_EXPORTER (otlp, console), OTEL_EXPORTER_OTLP_ENDPOINT …

    Raises SettingsError where packages are missing.
    """
    exporters = metric_exporters(environ)
    if not exporters:
        return nullcontext(NoTelemetry())
    try:
        from orch_worker.otel import export
    except ModuleNotFoundError as error:
        raise SettingsError(
            "The OTEL_* variables ask for telemetry, and OpenTelemetry is not installed: pip install 'orch[otel]'. Or "
            f"set OTEL_SDK_DISABLED=true. (Missing: {error.name}.)"
        ) from error
    return export(exporters=exporters, version=version, worker=worker, environ=environ)


def metric_exporters(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Where metrics go; empty: nowhere. Raises SettingsError for an exporter that is not known."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return ()
    names = tuple(
        name for word in environ.get("OTEL_METRICS_EXPORTER", "").split(",") if (name := word.strip().lower())
    )
    if not names:
        endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT")
        return ("otlp",) if any(environ.get(endpoint, "").strip() for endpoint in endpoints) else ()
    if unknown := [name for name in names if name not in _KNOWN]:
        raise SettingsError(
            f"OTEL_METRICS_EXPORTER: Orch exports to otlp, console or none, not to {', '.join(unknown)}."
        )
    return () if "none" in names else names
