"""What a client needs to know, read once from arguments and the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from orch_client.address import Address
from orch_client.errors import ConfigurationError
from orch_client.retry import RetryRule

DEFAULT_TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """PEM files for an encrypted channel. All may be absent: then the system's authorities vouch for the server."""

    ca_file: str | None = None
    """The authorities that vouch for the server."""
    certificate_file: str | None = None
    """The client's own certificate, where the server asks for one; needs `key_file`."""
    key_file: str | None = None
    """The private key of `certificate_file`."""

    def __bool__(self) -> bool:
        return any((self.ca_file, self.certificate_file, self.key_file))

    def read(self) -> "TlsBytes":
        """The files' contents. Raises ConfigurationError where one cannot be read."""
        if bool(self.certificate_file) != bool(self.key_file):
            raise ConfigurationError(
                "A client certificate needs its private key, and the key its certificate: set both"
                " ORCH_TLS_CERT_FILE and ORCH_TLS_KEY_FILE, or neither."
            )
        return TlsBytes(
            ca=_read("the CA file", self.ca_file),
            certificate=_read("the client certificate", self.certificate_file),
            key=_read("the client certificate's key", self.key_file),
        )


@dataclass(frozen=True, slots=True)
class TlsBytes:
    """What `TlsFiles` hold."""

    ca: bytes | None
    certificate: bytes | None
    key: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """Everything that a client is told."""

    address: Address
    api_key: str = field(default="", repr=False)
    """Sent as `authorization: Bearer …`; empty: not sent."""
    tls: TlsFiles = field(default_factory=TlsFiles)
    allow_insecure: bool = False
    """Send the key without TLS to another machine all the same."""
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    """How long a unary call may take, retries included, where it does not say."""
    retry: RetryRule = field(default_factory=RetryRule)

    def __post_init__(self) -> None:
        _check_key(self.api_key)
        if self.timeout_seconds <= 0:
            raise ConfigurationError(f"A timeout of {self.timeout_seconds} s leaves no time for any call.")
        if self.tls and self.address.secure is False:
            raise ConfigurationError(
                f"TLS files are given, but http://{self.address.target} asks for no TLS."
                f" Write https://{self.address.target}, or leave the TLS files out."
            )
        if self.api_key and not (self.secure or self.address.loopback or self.allow_insecure):
            raise ConfigurationError(
                f"The API key would travel unencrypted to {self.address.target}. Use https://{self.address.target};"
                " or, in a network that you trust, set ORCH_ALLOW_INSECURE=1 or pass allow_insecure=True."
            )

    @property
    def secure(self) -> bool:
        """Whether the channel is encrypted."""
        return bool(self.tls) if self.address.secure is None else self.address.secure

    @property
    def url(self) -> str:
        """The address in full, for people."""
        return f"{'https' if self.secure else 'http'}://{self.address.target}"


def settings_from(
    environment: Mapping[str, str],
    *,
    address: str | None = None,
    api_key: str | None = None,
    tls: TlsFiles | None = None,
    allow_insecure: bool | None = None,
    timeout: float | None = None,
    retry: RetryRule | None = None,
) -> ClientSettings:
    """Settings from arguments and, for those that are None, from `environment` (usually `os.environ`):

    ORCH_API_URL, ORCH_API_KEY or else ORCH_API_KEY_FILE, ORCH_TLS_CA_FILE, ORCH_TLS_CERT_FILE, ORCH_TLS_KEY_FILE,
    ORCH_ALLOW_INSECURE ("1", "true", "yes"). Raises ConfigurationError where they cannot be right.
    """
    text = address if address is not None else environment.get("ORCH_API_URL", "")
    if not text.strip():
        raise ConfigurationError(
            "No address of a control plane is given. Pass one (http://host:4201), or set ORCH_API_URL."
        )
    settings = ClientSettings(
        address=Address.parse(text),
        api_key=_key(environment) if api_key is None else api_key.strip(),
        tls=_tls(environment) if tls is None else tls,
        allow_insecure=_flag(environment, "ORCH_ALLOW_INSECURE") if allow_insecure is None else allow_insecure,
        retry=retry or RetryRule(),
    )
    return settings if timeout is None else replace(settings, timeout_seconds=timeout)


def _key(environment: Mapping[str, str]) -> str:
    if key := environment.get("ORCH_API_KEY", "").strip():
        return key
    content = _read("the API key file", environment.get("ORCH_API_KEY_FILE"))
    return (content or b"").decode("utf-8", "replace").strip()


def _check_key(key: str) -> None:
    # The key itself is never repeated.
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ConfigurationError(
            "The API key holds spaces, line breaks or characters outside ASCII, which no key has."
            " Look at what ORCH_API_KEY or ORCH_API_KEY_FILE holds."
        )


def _tls(environment: Mapping[str, str]) -> TlsFiles:
    return TlsFiles(
        ca_file=environment.get("ORCH_TLS_CA_FILE") or None,
        certificate_file=environment.get("ORCH_TLS_CERT_FILE") or None,
        key_file=environment.get("ORCH_TLS_KEY_FILE") or None,
    )


def _flag(environment: Mapping[str, str], name: str) -> bool:
    return environment.get(name, "").strip().lower() in ("1", "true", "yes", "on")


def _read(what: str, path: str | None) -> bytes | None:
    if not path:
        return None
    try:
        content = Path(path).expanduser().read_bytes()
    except OSError as error:
        raise ConfigurationError(f"Cannot read {what} {path!r}: {error.strerror or error}.") from error
    if not content.strip():
        raise ConfigurationError(f"Cannot use {what} {path!r}: the file is empty.")
    return content
