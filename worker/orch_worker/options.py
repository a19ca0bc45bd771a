"""From the command line to settings."""

from collections.abc import Mapping, MutableMapping
from typing import TypedDict, cast

from orch_client.logs import LogFormat, LogLevel
from orch_worker.errors import SettingsError
from orch_worker.settings import (
    HealthSettings,
    LogSettings,
    WorkerSettings,
    client_settings,
    default_limit,
    home_directory,
    labels_of,
)


class _Options(TypedDict):
    """What click has parsed."""

    pool: str
    queues: tuple[str, ...]
    limit: int | None
    labels: tuple[str, ...]
    name: str
    pool_type: str
    create_pool: bool
    home: str
    health_port: int | None
    health_host: str
    log_format: LogFormat
    log_level: LogLevel


def settings_from_options(options: Mapping[str, object], environ: MutableMapping[str, str]) -> WorkerSettings:
    """Raises SettingsError. A home that was given is the runs' home, too: their processes find it in `environ`."""
    given = cast("_Options", options)
    if not given["pool"].strip():
        raise SettingsError("--pool (ORCH_WORKER_POOL) is empty: name the work pool that the worker is to serve.")
    home = home_directory(given["home"], environ)
    if given["home"]:
        environ["ORCH_HOME"] = str(home)
    return WorkerSettings(
        pool=given["pool"],
        home=home,
        client=client_settings(home, environ),
        queues=given["queues"],
        limit=given["limit"] or default_limit(),
        labels=labels_of(given["labels"]),
        name=given["name"],
        pool_type=given["pool_type"],
        create_pool=given["create_pool"],
        health=HealthSettings(given["health_port"], given["health_host"]),
        logs=LogSettings(given["log_format"], given["log_level"]),
    )
