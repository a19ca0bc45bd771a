"""Where the control plane listens. Apart from the server itself, so that settings do not load grpc."""

import ipaddress
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """What the server shows to prove who it is, and whom it lets in. All PEM.

    certificate_chain: the server's certificate, then its intermediates.
    private_key: of the first certificate, without a passphrase: nobody is there to type one.
    client_ca: where given, a client must show a certificate signed by it.
    """

    certificate_chain: bytes
    private_key: bytes = field(repr=False)
    client_ca: bytes | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One listening address.

    host: an IP address or a name. The default stays on this machine: opening up is a decision.
    port: 0 takes any free one.
    tls: None is plain text.
    max_message_bytes: largest message either way. Room for a batch of reports, and a bound on what one call can hold
        in memory.
    """

    host: str = "127.0.0.1"
    port: int = 4201
    tls: TlsIdentity | None = None
    max_message_bytes: int = 16 * 1024 * 1024

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it. A name other than localhost may resolve to anything."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def address(self, port: int | None = None) -> str:
        """`host:port`, IPv6 in brackets. `port` is the one that was bound, where 0 was asked for."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port if port is None else port}"

    def url(self, port: int | None = None) -> str:
        """What a client on this machine sets ORCH_API_URL to."""
        return f"{'https' if self.tls else 'http'}://{self.address(port)}"

    def local_url(self, port: int | None = None) -> str:
        """What a client on this machine can connect to: all addresses is not one of them."""
        loopback = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)
        return replace(self, host=loopback).url(port)
