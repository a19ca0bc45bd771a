"""What the SDK was told: by the environment, by a profile, by default. Parsed once, when somebody first asks.

    variable > the active profile in ORCH_HOME/profiles.toml > default

A profile is a table of the same names in lower case, without "ORCH_":

    active = "staging"

    [profiles.staging]
    api_url = "https://orch.example.com:4201"
    api_key_file = "~/.orch/staging.key"

ORCH_PROFILE names another one than `active`. An empty variable counts as not set.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from orch.errors import ConfigurationError

PROFILES_FILE = "profiles.toml"
"""In the home directory."""
RECORDING_MODES = ("auto", "off")
LOGGING_LEVELS = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it. Each field is the variable ORCH_<FIELD>, and the profile's key <field>."""

    home: Path
    """Directory of the embedded database, of results, and of records that wait for a control plane. ~/.orch"""
    profile: str = ""
    """The profile that is in use; empty for none."""
    api_url: str = ""
    """The control plane, http://host:4201 or https://…; empty: one found on the same home, else one in the process."""
    api_key: str = field(default="", repr=False)
    """Sent to the control plane."""
    api_key_file: str = ""
    """A file that holds the key."""
    tls_ca_file: str = ""
    """PEM: who vouches for the control plane; empty: the system's authorities."""
    tls_cert_file: str = ""
    """PEM: the client's own certificate; needs tls_key_file."""
    tls_key_file: str = ""
    """PEM: the private key of that certificate."""
    allow_insecure: bool = False
    """Send the key without TLS to another machine all the same."""
    recording: str = "auto"
    """auto: runs are recorded. off: they leave no trace."""
    start_timeout_seconds: float = 30.0
    """How long a flow that cannot begin without the control plane (durable, exclusive) waits for it."""
    flush_timeout_seconds: float = 30.0
    """How long a process waits in the end for a control plane that is away; what is left stays on disk."""
    resume: bool = True
    """A durable flow goes on with its unfinished run of the same parameters, where there is one."""
    logging_level: int = LOGGING_LEVELS["INFO"]
    """Lines as grave as this or graver are shown and kept. Python's numbers."""
    logging_extra_loggers: tuple[str, ...] = ()
    """Further loggers whose lines are kept with the run."""
    log_prints: bool = False
    """What flows and tasks print is logged, where they do not say."""
    results_storage: str = ""
    """Where large results go: a path or an fsspec URL; empty: ORCH_HOME/storage."""
    relay: str = ""
    """A worker's socket on this machine, through which its runs call the control plane. Set by the worker alone."""

    @property
    def storage(self) -> str:
        """Where large results go."""
        return self.results_storage or str(self.home / "storage")

    def client_environment(self) -> dict[str, str]:
        """The variables that `orch_client.settings` reads, so that a profile serves it as well."""
        texts = {name: getattr(self, name) for name in _CLIENT_FIELDS}
        found = {f"ORCH_{name.upper()}": text for name, text in texts.items() if text}
        return found | ({"ORCH_ALLOW_INSECURE": "1"} if self.allow_insecure else {})


PROFILE_KEYS = tuple(each.name for each in fields(Settings) if each.name not in {"home", "profile", "relay"})
"""What a profile may hold."""
_CLIENT_FIELDS = ("api_url", "api_key", "api_key_file", "tls_ca_file", "tls_cert_file", "tls_key_file")


@dataclass(frozen=True, slots=True)
class _Source:
    """A text, and where it was written."""

    text: str
    where: str

    def wrong(self, what: str) -> ConfigurationError:
        return ConfigurationError(f"{self.where} is {self.text!r}: {what}")


def load(environ: Mapping[str, str]) -> Settings:
    """Settings from an environment and the profile that it names. Raises ConfigurationError that names the variable,
    or the profile's key, that is wrong.
    """
    home = home_directory(environ)
    name, profile = _profile(home, environ)
    found: dict[str, Any] = {"home": home, "profile": name, "relay": environ.get("ORCH_RELAY", "")}
    for key in PROFILE_KEYS:
        source = _find(key, environ, profile, name)
        if source is not None:
            found[key] = _PARSERS.get(key, _text)(source)
    return Settings(**found)


def origins(environ: Mapping[str, str]) -> dict[str, str]:
    """Where each setting's value comes from, for people: "ORCH_API_URL", "profile staging", "default".

    Raises ConfigurationError.
    """
    home = home_directory(environ)
    name, profile = _profile(home, environ)
    asked = environ.get("ORCH_PROFILE", "").strip()
    found = {
        "home": "ORCH_HOME" if environ.get("ORCH_HOME", "").strip() else "default",
        "profile": "default" if not name else "ORCH_PROFILE" if asked else f"`active` in {home / PROFILES_FILE}",
    }
    for key in PROFILE_KEYS:
        source = _find(key, environ, profile, name)
        found[key] = "default" if source is None else source.where if source.where in environ else f"profile {name}"
    return found


def profile_value(name: str, text: str) -> str | bool | int | float | list[str]:
    """What a profile keeps for the setting `name`, one of PROFILE_KEYS, where somebody writes `text`.

    Raises ConfigurationError where it would be refused when it is read.
    """
    parsed = _PARSERS.get(name, _text)(_Source(text, name))
    if isinstance(parsed, bool):
        return parsed
    if isinstance(parsed, float):
        return int(parsed) if parsed.is_integer() else parsed
    return list(parsed) if isinstance(parsed, tuple) else text


def _find(name: str, environ: Mapping[str, str], profile: Mapping[str, object], profile_name: str) -> _Source | None:
    variable = f"ORCH_{name.upper()}"
    if text := environ.get(variable, "").strip():
        return _Source(text, variable)
    if name not in profile:
        return None
    where = f"{name!r} of the profile {profile_name!r}"
    value = profile[name]
    if isinstance(value, list):
        value = ",".join(map(str, value))
    if not isinstance(value, str | int | float):
        raise ConfigurationError(f"{where} is {value!r}: write a text, a number, true or false.")
    text = str(value).lower() if isinstance(value, bool) else str(value).strip()
    return _Source(text, where) if text else None


def home_directory(environ: Mapping[str, str]) -> Path:
    """ORCH_HOME, or ~/.orch. Raises ConfigurationError where this user has no home directory."""
    text = environ.get("ORCH_HOME", "").strip()
    try:
        return Path(text or "~/.orch").expanduser().absolute()
    except RuntimeError:
        raise ConfigurationError(
            f"ORCH_HOME is {text!r}: this user has no home directory that `~` could stand for. Set ORCH_HOME to a"
            " directory."
        ) from None


def _profile(home: Path, environ: Mapping[str, str]) -> tuple[str, Mapping[str, object]]:
    """The name and the keys of the profile in use; both empty where there is none."""
    asked = environ.get("ORCH_PROFILE", "").strip()
    path = home / PROFILES_FILE
    document = _document(path)
    name = asked or document.get("active", "")
    if not name:
        return "", {}
    profiles = document.get("profiles", {})
    profile = profiles.get(name) if isinstance(profiles, dict) and isinstance(name, str) else None
    if not isinstance(profile, dict):
        source = "ORCH_PROFILE" if asked else f"`active` in {path}"
        raise ConfigurationError(f"{source} is {name!r}, and {path} has no table [profiles.{name}]. Write one.")
    if unknown := sorted(set(profile) - set(PROFILE_KEYS)):
        known = ", ".join(sorted(PROFILE_KEYS))
        raise ConfigurationError(
            f"{path}: the profile {name!r} has a key {unknown[0]!r}, which is none. Known: {known}."
        )
    return name, profile


def _document(path: Path) -> dict[str, Any]:
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise ConfigurationError(f"Cannot read the profiles in {path}: {error.strerror or error}.") from error
    import tomllib

    try:
        return tomllib.loads(content.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"Cannot read the profiles in {path}: {error}.") from error


def _text(source: _Source) -> str:
    return source.text


def _flag(source: _Source) -> bool:
    text = source.text.lower()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise source.wrong("write true or false.")


def _seconds(source: _Source) -> float:
    try:
        seconds = float(source.text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise source.wrong("write a number of seconds, 0 to 86400.")
    return seconds


def _mode(source: _Source) -> str:
    text = source.text.lower()
    if text in _FALSE:
        return "off"
    if text in RECORDING_MODES or text in _TRUE:
        return "off" if text == "off" else "auto"
    raise source.wrong(f"write {' or '.join(RECORDING_MODES)}.")


def _level(source: _Source) -> int:
    text = source.text.upper()
    if text in LOGGING_LEVELS:
        return LOGGING_LEVELS[text]
    if text.isdigit():
        return int(text)
    raise source.wrong(f"write {', '.join(LOGGING_LEVELS)}, or a number.")


def _names(source: _Source) -> tuple[str, ...]:
    return tuple(name for each in source.text.split(",") if (name := each.strip()))


def _address(source: _Source) -> str:
    # Who has an address also calls a control plane: the client's own parser costs nothing more then.
    from orch_client.address import Address
    from orch_client.errors import ConfigurationError as WrongAddress

    try:
        Address.parse(source.text)
    except WrongAddress as error:
        raise ConfigurationError(f"{source.where}: {error}") from None
    return source.text


_PARSERS: Mapping[str, Callable[[_Source], object]] = {
    "allow_insecure": _flag,
    "api_url": _address,
    "flush_timeout_seconds": _seconds,
    "log_prints": _flag,
    "logging_extra_loggers": _names,
    "logging_level": _level,
    "recording": _mode,
    "resume": _flag,
    "start_timeout_seconds": _seconds,
}

_lock = threading.Lock()
_current: Settings | None = None


def current_settings() -> Settings:
    """The settings of this process: read when they are first asked for, and kept. Raises ConfigurationError."""
    global _current
    if _current is None:
        with _lock:
            if _current is None:
                _current = load(os.environ)
    return _current


@contextmanager
def temporary_settings(**changes: object) -> Iterator[Settings]:
    """Other settings inside the block, in all threads: for tests.

    with temporary_settings(home=tmp_path, recording="off"): …
    """
    global _current
    before = current_settings()
    changed = replace(before, **changes)  # type: ignore[arg-type]
    with _lock:
        _current = changed
    try:
        yield changed
    finally:
        with _lock:
            _current = before
