"""Every option of the server, once: the command line, the environment and the documentation are made from this table.

The variables for the address are called ORCH_LISTEN_HOST and ORCH_LISTEN_PORT, not ORCH_PORT or ORCH_SERVER_PORT:
Kubernetes sets `<SERVICE>_PORT=tcp://10.0.0.1:4201` in every container for each service, and `orch` or `orch-server`
are the names that people give it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from orch_server.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Option:
    """One option. Given on the command line it wins over its variable; an empty variable counts as not set."""

    name: str
    variable: str
    default: str
    help: str
    metavar: str = "TEXT"
    flag: bool = False

    @property
    def switch(self) -> str:
        """As it is written on the command line."""
        return "--" + self.name.replace("_", "-")


OPTIONS = (
    Option("home", "ORCH_HOME", "~/.orch", "Directory of the default database.", "DIR"),
    Option(
        "database_url",
        "ORCH_DATABASE_URL",
        "",
        "postgresql://user:password@host/name or sqlite:///file. Without it: orch.db in the home directory.",
        "URL",
    ),
    Option("database_pool_size", "ORCH_DATABASE_POOL_SIZE", "10", "Most connections to Postgres.", "N"),
    Option(
        "database_statement_timeout_seconds",
        "ORCH_DATABASE_STATEMENT_TIMEOUT_SECONDS",
        "10",
        "Longest that one statement may take.",
        "SECONDS",
    ),
    Option("host", "ORCH_LISTEN_HOST", "127.0.0.1", "Address to listen on; 0.0.0.0 or :: for all.", "HOST"),
    Option("port", "ORCH_LISTEN_PORT", "4201", "Port to listen on; 0 takes any free one.", "PORT"),
    Option(
        "http_port", "ORCH_LISTEN_HTTP_PORT", "4200", "Port for HTTP; 0 takes any free one, off does without.", "PORT"
    ),
    Option(
        "http_origins",
        "ORCH_HTTP_ORIGINS",
        "",
        "Origins of other sites whose pages may call, with commas: https://orch.example.com.",
        "URLS",
    ),
    Option("webhooks_file", "ORCH_WEBHOOKS_FILE", "", "Inbound webhooks that start runs, TOML.", "FILE"),
    Option("tls_cert", "ORCH_TLS_CERT", "", "Certificate chain of the server, PEM. Switches TLS on.", "FILE"),
    Option("tls_key", "ORCH_TLS_KEY", "", "Private key of the certificate, PEM, without a passphrase.", "FILE"),
    Option("tls_client_ca", "ORCH_TLS_CLIENT_CA", "", "Clients must show a certificate by this CA, PEM.", "FILE"),
    Option("api_key_file", "ORCH_API_KEY_FILE", "", "API keys, one a line; # starts a comment.", "FILE"),
    Option("insecure", "ORCH_INSECURE", "", "Listen beyond this machine without an API key.", flag=True),
    Option("max_message_bytes", "ORCH_MAX_MESSAGE_BYTES", "16777216", "Largest message either way.", "BYTES"),
    Option("retain_runs_days", "ORCH_RETAIN_RUNS_DAYS", "90", "Ended runs are kept so long; 0: for ever.", "DAYS"),
    Option("retain_logs_days", "ORCH_RETAIN_LOGS_DAYS", "30", "Logs are kept so long; 0: with their run.", "DAYS"),
    Option("sweep_interval_seconds", "ORCH_SWEEP_INTERVAL_SECONDS", "1", "Between looks for lost leases.", "SECONDS"),
    Option("late_after_seconds", "ORCH_LATE_AFTER_SECONDS", "15", "A run not started by then is Late.", "SECONDS"),
    Option("grace_seconds", "ORCH_GRACE_SECONDS", "10", "Calls under way may take so long at the end.", "SECONDS"),
    Option("log_format", "ORCH_LOG_FORMAT", "auto", "human, json, or auto: human on a terminal.", "FORMAT"),
    Option("log_level", "ORCH_LOG_LEVEL", "info", "debug, info, warning or error.", "LEVEL"),
)

_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"", "0", "false", "no", "off"})


class OptionReader:
    """Looks options up by name and turns their text into values; what is wrong is told with where it was written."""

    def __init__(self, arguments: Mapping[str, object], environ: Mapping[str, str]) -> None:
        self._arguments = arguments
        self._environ = environ
        self._options = {option.name: option for option in OPTIONS}

    def text(self, name: str) -> str:
        """As written, without the spaces around it."""
        return self._find(name)[0]

    def whole(self, name: str, low: int, high: int) -> int:
        """A whole number within bounds."""
        text, source = self._find(name)
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise SettingsError(f"{source}: {text!r} is not a whole number from {low} to {high}.")
        return value

    def seconds(self, name: str, low: float, high: float) -> float:
        """A span of time in seconds within bounds."""
        text, source = self._find(name)
        try:
            value = float(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise SettingsError(f"{source}: {text!r} is not a number of seconds from {low:g} to {high:g}.")
        return value

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """One of a few words, in any case."""
        text, source = self._find(name)
        if text.lower() not in choices:
            raise SettingsError(f"{source}: {text!r} is not one of {', '.join(choices)}.")
        return text.lower()

    def flag(self, name: str) -> bool:
        """Yes or no."""
        text, source = self._find(name)
        if text.lower() in _TRUE:
            return True
        if text.lower() in _FALSE:
            return False
        raise SettingsError(f"{source}: {text!r} is neither true nor false.")

    def given(self, name: str) -> bool:
        """Whether somebody has written it, or it is the default."""
        option = self._options[name]
        return self._arguments.get(name) is not None or bool(self._environ.get(option.variable, "").strip())

    def file(self, name: str) -> bytes | None:
        """What the named file holds; None where no file is named."""
        text, source = self._find(name)
        if not text:
            return None
        try:
            content = Path(text).expanduser().read_bytes()
        except OSError as error:
            raise SettingsError(f"{source}: cannot read {text}: {error.strerror or error}.") from error
        if not content.strip():
            raise SettingsError(f"{source}: the file {text} is empty.")
        return content

    def source(self, name: str) -> str:
        """Where the option was written: its switch, its variable, or its switch where it was not."""
        return self._find(name)[1]

    def _find(self, name: str) -> tuple[str, str]:
        option = self._options[name]
        given = self._arguments.get(name)
        if given is not None:
            return str(given).strip(), option.switch
        written = self._environ.get(option.variable, "").strip()
        if written:
            return written, option.variable
        return option.default, option.switch
