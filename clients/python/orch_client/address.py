"""Where a control plane is: `http://host:4201`, `https://host:4201` or `host:4201`, and nothing else."""

import re
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

from orch_client.errors import ConfigurationError

_HOST_NAME = re.compile(r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_-]{1,63})*\.?")
_FORMS = "Write it as http://host:4201, https://host:4201 (TLS) or host:4201."


@dataclass(frozen=True, slots=True)
class Address:
    """Host and port of a control plane's gRPC service."""

    host: str
    """A name or an IP address; IPv6 without brackets."""
    port: int
    secure: bool | None = None
    """True for https, False for http, None where the address does not say: then TLS files decide."""

    @property
    def target(self) -> str:
        """The form that gRPC takes."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether it never leaves this machine."""
        if self.host.rstrip(".").lower() == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Reads an address. Raises ConfigurationError that says what is wrong and what to write."""
        scheme, rest = _scheme(text.strip())
        parts = _split(text, rest)
        return cls(
            host=_host(text, parts),
            port=_port(text, parts),
            secure={"": None, "http": False, "https": True}[scheme],
        )


def _wrong(text: str, what: str, instead: str = _FORMS) -> ConfigurationError:
    return ConfigurationError(f"{text!r} is not the address of a control plane: {what}. {instead}")


def _scheme(text: str) -> tuple[str, str]:
    if not text:
        raise _wrong(text, "it is empty")
    scheme, separator, rest = text.partition("://")
    if not separator:
        return "", text
    if scheme.lower() not in ("http", "https"):
        raise _wrong(text, f"{scheme!r} is neither http nor https")
    return scheme.lower(), rest


def _split(text: str, rest: str) -> SplitResult:
    try:
        parts = urlsplit(f"//{rest}")
    except ValueError as error:
        raise _wrong(text, f"it cannot be read ({error})") from None
    if "@" in parts.netloc:
        # The text holds a password: it is not repeated.
        raise ConfigurationError(
            f"The control plane's address must not hold a user or a password. Pass the key as api_key, or in"
            f" ORCH_API_KEY. {_FORMS}"
        )
    if parts.netloc.count(":") > 1 and "]" not in parts.netloc:
        raise _wrong(text, "IPv6 addresses need brackets", "Write it as http://[::1]:4201.")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        extra = rest[len(parts.netloc) :]
        raise _wrong(text, f"gRPC knows no paths, and it ends in {extra!r}", f"Write it without {extra!r}.")
    return parts


def _host(text: str, parts: SplitResult) -> str:
    host = parts.hostname or ""
    if not host:
        raise _wrong(text, "it names no host")
    if ":" in host:
        try:
            return str(IPv6Address(host))
        except ValueError as error:
            raise _wrong(text, f"it cannot be read ({error})") from None
    if not _HOST_NAME.fullmatch(host):
        raise _wrong(text, f"{host!r} is not a host name")
    return host


def _port(text: str, parts: SplitResult) -> int:
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port is None:
        raise _wrong(text, "it names no port", f"Write it as {text.strip().rstrip('/')}:4201.")
    if not port:
        raise _wrong(text, "its port is not a number from 1 to 65535")
    return port
