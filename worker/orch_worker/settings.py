"""What a worker is told, parsed once: by its options, by the environment, by default."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from orch_client.errors import ConfigurationError
from orch_client.local_server import find_local_server
from orch_client.logs import LogFormat, LogLevel
from orch_client.settings import ClientSettings, settings_from
from orch_worker.errors import SettingsError

SLOTS_PER_CPU = 4
"""Runs wait for others' services more often than they compute; who computes says --limit."""


def default_limit() -> int:
    """How many runs a worker has at once where nobody says."""
    return max(SLOTS_PER_CPU * (os.cpu_count() or 1), 8)


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """Where the worker tells how it is."""

    port: int | None = None
    """None: nowhere; 0: any free port."""
    host: str = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class LogSettings:
    """How the worker logs."""

    format: LogFormat = "auto"
    level: LogLevel = "info"


@dataclass(frozen=True, slots=True)
class WorkerSettings:
    """All of it."""

    pool: str
    home: Path
    client: ClientSettings
    queues: tuple[str, ...] = ()
    """Of the pool; empty: all."""
    limit: int = field(default_factory=default_limit)
    """Runs at once."""
    labels: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    """Empty: the machine's name, or the next free one made from it."""
    pool_type: str = ""
    """The type that the pool must have; empty: any."""
    create_pool: bool = True
    """Create the pool where there is none."""
    health: HealthSettings = HealthSettings()
    logs: LogSettings = LogSettings()


def home_directory(text: str, environ: Mapping[str, str]) -> Path:
    """The home directory: as given, or ORCH_HOME, or ~/.orch. Raises SettingsError."""
    written = text or environ.get("ORCH_HOME", "").strip() or "~/.orch"
    try:
        return Path(written).expanduser().absolute()
    except RuntimeError as error:
        raise SettingsError(
            f"{written!r} cannot be resolved, since this user has no home directory. Give --home, or set ORCH_HOME."
        ) from error


def client_settings(home: Path, environ: Mapping[str, str]) -> ClientSettings:
    """How to reach the control plane: as the environment says, or the one that runs on this home directory.

    Raises SettingsError.
    """
    address = None
    if not environ.get("ORCH_API_URL", "").strip():
        found = find_local_server(home)
        if found is None:
            raise SettingsError(
                f"ORCH_API_URL is not set, and no control plane runs on {home}. Start one (`orch server start`), or set"
                " ORCH_API_URL to the address of yours, such as http://host:4201."
            )
        address = f"{'https' if found.secure else 'http'}://{found.target}"
    try:
        return settings_from(environ, address=address)
    except ConfigurationError as error:
        raise SettingsError(error.message) from error


def labels_of(texts: Sequence[str]) -> dict[str, str]:
    """From `key=value` each. Raises SettingsError."""
    labels: dict[str, str] = {}
    for text in texts:
        key, separator, value = text.partition("=")
        if not separator or not key.strip():
            raise SettingsError(f"--label: {text!r} is not of the form key=value.")
        labels[key.strip()] = value.strip()
    return labels
