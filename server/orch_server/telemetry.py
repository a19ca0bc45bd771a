"""The door to telemetry: OpenTelemetry is loaded only when the environment has asked for it."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext

from orch_server.application.telemetry import NoTelemetry, Telemetry
from orch_server.errors import SettingsError


def open_telemetry(
    *, traces: tuple[str, ...], metrics: tuple[str, ...], version: str, environ: Mapping[str, str]
) -> AbstractContextManager[Telemetry]:
    """Telemetry for as long as the context lasts; leaving it sends what is left.

    traces, metrics: exporters ("otlp", "console"); both empty: off. Raises SettingsError where packages are missing.
    """
    if not traces and not metrics:
        return nullcontext(NoTelemetry())
    try:
        from orch_server.otel import export
    except ModuleNotFoundError as error:
        raise SettingsError(
            "The OTEL_* variables ask for telemetry, and OpenTelemetry is not installed: pip install 'orch[otel]'. Or "
            f"set OTEL_SDK_DISABLED=true. (Missing: {error.name}.)"
        ) from error
    return export(traces=traces, metrics=metrics, version=version, environ=environ)
