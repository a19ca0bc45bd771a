"""What the server was told, parsed once and checked at once. Nothing below `app` reads this: values are handed in.

Every field says its unit and its reason. The names of options and variables are in `options.py`.
"""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from orch_client.local_server import DATABASE_FILE
from orch_client.logs import LogFormat, LogLevel, redact_url
from orch_server.errors import SettingsError
from orch_server.options import OptionReader
from orch_server.rpc.endpoint import Endpoint, TlsIdentity
from orch_server.web.access import to_origins
from orch_server.web.hooks.definitions import Webhook, read_webhooks

_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_KEY = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """Where the truth is kept.

    url: postgresql://… or sqlite:///file. May hold a password: show `redacted_url` instead.
    pool_size: connections to Postgres, at most. Group commit needs few; the heartbeat has one of its own beside them.
    statement_timeout_seconds: longest that one statement may take, so that one stalled transaction cannot freeze
        scheduling.
    """

    url: str = field(repr=False)
    pool_size: int = 10
    statement_timeout_seconds: float = 10.0

    @property
    def redacted_url(self) -> str:
        """The URL without its password, for logs and the banner."""
        return redact_url(self.url)


@dataclass(frozen=True, slots=True)
class AccessSettings:
    """Who may call.

    api_keys: each opens everything; several, so that one can be replaced while the other still works. None: no key
        asked for.
    insecure: somebody has said that listening beyond this machine without a key is meant so.
    """

    api_keys: tuple[str, ...] = field(default=(), repr=False)
    insecure: bool = False


@dataclass(frozen=True, slots=True)
class HttpSettings:
    """The HTTP edge, on the same host as gRPC, with its keys and TLS.

    port: 0 takes any free one; None: no HTTP.
    fixed: somebody has named the port: where it is taken, the server does not start. Otherwise it takes a free one
        and says so, for gRPC's sake.
    origins: whose pages may call, beside the server's own.
    webhooks: by name; they start runs.
    certificate, key: paths, where TLS is on; the content is checked.
    """

    port: int | None = 4200
    fixed: bool = False
    origins: frozenset[str] = frozenset()
    webhooks: Mapping[str, Webhook] = field(default_factory=dict)
    certificate: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long history is kept, so that tables stay quick to list.

    runs_days: days after a run's end until it goes, with all that belongs to it. 0: never.
    logs_days: days after which log lines go, if their run has not gone before. 0: with their run.
    """

    runs_days: int = 90
    logs_days: int = 30


@dataclass(frozen=True, slots=True)
class BackgroundSettings:
    """The pace of what runs by itself.

    sweep_interval_seconds: seconds between looks for lost leases. A crash is noticed within TTL + 2 s only while this
        is at most 1.
    late_after_seconds: seconds after its time at which a run that has not started counts as Late.
    """

    sweep_interval_seconds: float = 1.0
    late_after_seconds: float = 15.0


@dataclass(frozen=True, slots=True)
class LogSettings:
    """What is said on stderr.

    format: human, json, or auto: human where a person looks on, JSON where a collector does.
    level: what is graver or as grave is written.
    """

    format: LogFormat = "auto"
    level: LogLevel = "info"


@dataclass(frozen=True, slots=True)
class ShutdownSettings:
    """How the server goes.

    grace_seconds: seconds that calls under way may take after the first SIGTERM. Below the 30 s after which Kubernetes
        kills.
    """

    grace_seconds: float = 10.0


@dataclass(frozen=True, slots=True)
class TelemetrySettings:
    """Which OpenTelemetry exporters the standard OTEL_* variables ask for. Both empty: off, and nothing is loaded.

    traces, metrics: exporter names, "otlp" or "console".
    """

    traces: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()

    @property
    def on(self) -> bool:
        """Whether anything is exported."""
        return bool(self.traces or self.metrics)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Follows the OpenTelemetry environment specification, but is off until something is asked for."""
        if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
            return cls()
        return cls(traces=_exporters(environ, "TRACES"), metrics=_exporters(environ, "METRICS"))


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it. home: directory of the default database and of what else this user's Orch keeps."""

    home: Path
    database: DatabaseSettings
    endpoint: Endpoint = field(default_factory=Endpoint)
    access: AccessSettings = AccessSettings()
    http: HttpSettings = HttpSettings()
    retention: RetentionSettings = RetentionSettings()
    background: BackgroundSettings = BackgroundSettings()
    logs: LogSettings = LogSettings()
    shutdown: ShutdownSettings = ShutdownSettings()
    telemetry: TelemetrySettings = TelemetrySettings()

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no log may show."""
        signing = (secret for hook in self.http.webhooks.values() for secret in hook.secrets)
        return (*self.access.api_keys, *(secret.decode("utf-8", errors="replace") for secret in signing))

    @classmethod
    def load(cls, arguments: Mapping[str, object], environ: Mapping[str, str]) -> Self:
        """Reads options (by `Option.name`; None: not given), then variables, then defaults.

        Raises SettingsError, naming the option or variable that is wrong.
        """
        read = OptionReader(arguments, environ)
        home = _home(read)
        settings = cls(
            home=home,
            database=DatabaseSettings(
                url=_database_url(read, home),
                pool_size=read.whole("database_pool_size", 1, 1000),
                statement_timeout_seconds=read.seconds("database_statement_timeout_seconds", 0.1, 3600),
            ),
            endpoint=Endpoint(
                host=_host(read),
                port=read.whole("port", 0, 65535),
                tls=_tls(read),
                max_message_bytes=read.whole("max_message_bytes", 64 * 1024, 2**31 - 1),
            ),
            access=AccessSettings(api_keys=_api_keys(read, environ), insecure=read.flag("insecure")),
            http=_http(read, environ),
            retention=RetentionSettings(
                runs_days=read.whole("retain_runs_days", 0, 36500),
                logs_days=read.whole("retain_logs_days", 0, 36500),
            ),
            background=BackgroundSettings(
                sweep_interval_seconds=read.seconds("sweep_interval_seconds", 0.05, 60),
                late_after_seconds=read.seconds("late_after_seconds", 0, 86400),
            ),
            logs=_logs(read),
            shutdown=ShutdownSettings(grace_seconds=read.seconds("grace_seconds", 0, 3600)),
            telemetry=TelemetrySettings.from_environment(environ),
        )
        _refuse_open_door(settings, read)
        return settings


def _home(read: OptionReader) -> Path:
    try:
        return Path(read.text("home")).expanduser().absolute()
    except RuntimeError as error:
        raise SettingsError(
            f"{read.source('home')}: {read.text('home')!r} cannot be resolved, since this user has no home directory. "
            "Set ORCH_HOME to a directory."
        ) from error


def _database_url(read: OptionReader, home: Path) -> str:
    url, source = read.text("database_url"), read.source("database_url")
    if not url:
        return f"sqlite:///{home / DATABASE_FILE}"
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise SettingsError(f"{source}: {redact_url(url)!r} is not a URL: {error}.") from error
    if parts.scheme == "postgresql":
        return url
    if parts.scheme != "sqlite":
        raise SettingsError(
            f"{source}: {redact_url(url)!r} is of no known kind. Orch keeps its data in Postgres "
            "(postgresql://user:password@host/name) or SQLite (sqlite:///file)."
        )
    if parts.netloc or parts.path in {"", "/", "/:memory:"}:
        raise SettingsError(
            f"{source}: {url!r} names no file. Write sqlite:///relative/file.db or sqlite:////absolute/file.db; "
            "a database in memory would forget every run with the process."
        )
    return url


def _host(read: OptionReader) -> str:
    text, source = read.text("host"), read.source("host")
    host = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    try:
        ip_address(host)
    except ValueError:
        if not _HOST_NAME.fullmatch(host):
            raise SettingsError(
                f"{source}: {text!r} is neither an IP address nor a host name. The port has its own option, --port."
            ) from None
    return host


def _tls(read: OptionReader) -> TlsIdentity | None:
    chain, key, client_ca = read.file("tls_cert"), read.file("tls_key"), read.file("tls_client_ca")
    if chain is None and key is None and client_ca is None:
        return None
    if chain is None or key is None:
        given, missing = ("tls_key", "--tls-cert") if chain is None else ("tls_cert", "--tls-key")
        if chain is None and key is None:
            given, missing = "tls_client_ca", "--tls-cert and --tls-key"
        raise SettingsError(f"{read.source(given)}: TLS needs a certificate and its key; give {missing} too.")
    _check_pair(read)
    if client_ca is not None:
        _check_client_ca(read, client_ca)
    return TlsIdentity(certificate_chain=chain, private_key=key, client_ca=client_ca)


def _http(read: OptionReader, environ: Mapping[str, str]) -> HttpSettings:
    try:
        origins = to_origins(filter(None, (text.strip() for text in read.text("http_origins").split(","))))
    except ValueError as error:
        raise SettingsError(f"{read.source('http_origins')}: {error}") from error
    content = read.file("webhooks_file")
    webhooks = read_webhooks(content, source=read.source("webhooks_file"), environ=environ) if content else {}
    certificate, key = read.text("tls_cert"), read.text("tls_key")
    return HttpSettings(
        port=_http_port(read),
        fixed=read.given("http_port"),
        origins=origins,
        webhooks=webhooks,
        certificate=Path(certificate).expanduser() if certificate else None,
        key=Path(key).expanduser() if key else None,
    )


def _http_port(read: OptionReader) -> int | None:
    if read.text("http_port").lower() == "off":
        return None
    if not read.given("http_port") and read.text("port") == "0":
        # Who takes any port for gRPC does not mean one of HTTP's, which only one server can have.
        return 0
    return read.whole("http_port", 0, 65535)


def _check_pair(read: OptionReader) -> None:
    """grpc would only say that it cannot bind."""
    source = f"{read.source('tls_cert')}, {read.source('tls_key')}"

    def refuse_passphrase() -> str:
        raise SettingsError(
            f"{read.source('tls_key')}: the key asks for a passphrase, and nobody is there to type one. Decrypt it "
            "(openssl pkey -in key.pem -out plain.pem) and keep the file readable for the server only."
        )

    certificate, key = (Path(read.text(name)).expanduser() for name in ("tls_cert", "tls_key"))
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=refuse_passphrase)
    except ssl.SSLError as error:
        raise SettingsError(
            f"{source}: the files are not a PEM certificate and its own key ({error.reason or error})."
        ) from error


def _check_client_ca(read: OptionReader, content: bytes) -> None:
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_verify_locations(cadata=content.decode("ascii"))
    except (ssl.SSLError, UnicodeDecodeError) as error:
        raise SettingsError(f"{read.source('tls_client_ca')}: the file holds no PEM certificate.") from error


def _api_keys(read: OptionReader, environ: Mapping[str, str]) -> tuple[str, ...]:
    """From ORCH_API_KEY and the key file. There is no --api-key: every user of a machine can read command lines."""
    found = [("ORCH_API_KEY", environ.get("ORCH_API_KEY", "").strip())]
    content = read.file("api_key_file")
    if content is not None:
        source = read.source("api_key_file")
        lines = content.decode("utf-8", errors="replace").splitlines()
        in_file = [(f"{source}, line {number}", line.partition("#")[0].strip()) for number, line in enumerate(lines, 1)]
        if not any(key for _, key in in_file):
            raise SettingsError(f"{source}: the file {read.text('api_key_file')} holds no key, only comments.")
        found += in_file
    for source, key in found:
        if key and not _KEY.fullmatch(key):
            raise SettingsError(f"{source}: a key is one word of printable ASCII characters, without spaces.")
    return tuple(dict.fromkeys(key for _, key in found if key))


def _logs(read: OptionReader) -> LogSettings:
    formats: dict[str, LogFormat] = {"auto": "auto", "human": "human", "json": "json"}
    levels: dict[str, LogLevel] = {"debug": "debug", "info": "info", "warning": "warning", "error": "error"}
    return LogSettings(
        format=formats[read.choice("log_format", tuple(formats))],
        level=levels[read.choice("log_level", tuple(levels))],
    )


def _exporters(environ: Mapping[str, str], signal: str) -> tuple[str, ...]:
    variable = f"OTEL_{signal}_EXPORTER"
    names = tuple(name for word in environ.get(variable, "").split(",") if (name := word.strip().lower()))
    if not names:
        endpoints = ("OTEL_EXPORTER_OTLP_ENDPOINT", f"OTEL_EXPORTER_OTLP_{signal}_ENDPOINT")
        return ("otlp",) if any(environ.get(endpoint, "").strip() for endpoint in endpoints) else ()
    unknown = [name for name in names if name not in {"otlp", "console", "none"}]
    if unknown:
        raise SettingsError(f"{variable}: Orch exports to otlp, console or none, not to {', '.join(unknown)}.")
    return () if "none" in names else names


def _refuse_open_door(settings: Settings, read: OptionReader) -> None:
    access, endpoint = settings.access, settings.endpoint
    if endpoint.loopback or access.api_keys or access.insecure:
        return
    raise SettingsError(
        f"{read.source('host')}: {endpoint.host} can be reached from other machines, and no API key is set: whoever "
        "reaches it could run code on your workers. Set ORCH_API_KEY or --api-key-file (a good key: openssl rand -hex "
        "32), or listen on 127.0.0.1, or say --insecure if something else guards the address."
    )
