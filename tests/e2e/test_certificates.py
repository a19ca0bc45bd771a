"""Certificates that are renewed while the server runs."""

import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.support.http import Http
from tests.support.started_server import StartedServer, started_server

_SECONDS = 30.0


@dataclass
class Files:
    """The server's certificate and key."""

    certificate: Path
    key: Path
    authority: trustme.CA

    def issue(self) -> bytes:
        """Put a new certificate in place, as who renews certificates does. Returns it, as a server shows it."""
        issued = self.authority.issue_cert("localhost", "127.0.0.1")
        for path, content in ((self.certificate, issued.cert_chain_pems[0]), (self.key, issued.private_key_pem)):
            beside = path.with_suffix(".new")
            beside.write_bytes(content.bytes())
            beside.replace(path)
        return ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path / "server.pem", tmp_path / "server-key.pem", trustme.CA())


@pytest.fixture
def first(files: Files) -> bytes:
    """The certificate at the start."""
    return files.issue()


@pytest.fixture
def server(files: Files, first: bytes, tmp_path: Path) -> Iterator[StartedServer]:
    options = ("--tls-cert", str(files.certificate), "--tls-key", str(files.key))
    with started_server(tmp_path / "home", *options) as started:
        yield started


def shown(server: StartedServer) -> list[bytes]:
    """The certificates that gRPC and HTTP show to a new connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    found = []
    for url, protocol in ((server.url, "h2"), (server.http_url, "http/1.1")):
        host, _, port = url.removeprefix("https://").partition(":")
        context.set_alpn_protocols([protocol])
        with (
            socket.create_connection((host, int(port)), timeout=_SECONDS) as plain,
            context.wrap_socket(plain) as encrypted,
        ):
            found.append(encrypted.getpeercert(binary_form=True) or b"")
    return found


def says(server: StartedServer, event: str) -> None:
    """Wait until its log says so."""
    pause, waited = threading.Event(), 0.0
    while not any(each["event"] == event for each in tuple(server.log)):
        assert waited < _SECONDS, f"it does not say {event!r}"
        pause.wait(0.05)
        waited += 0.05


def test_a_new_certificate_is_shown_without_a_restart(server: StartedServer, files: Files, first: bytes) -> None:
    assert shown(server) == [first, first]

    second = files.issue()

    says(server, "certificate renewed")
    assert shown(server) == [second, second]
    trusting = ssl.create_default_context()
    files.authority.configure_trust(trusting)
    assert Http(server.http_url, tls=trusting).get("/readyz").text == "ready\n"


@pytest.mark.parametrize("damage", ["not a certificate", ""])
def test_what_cannot_be_used_is_told_and_the_old_one_stays(
    server: StartedServer, files: Files, first: bytes, damage: str
) -> None:
    files.key.write_text(damage)

    says(server, "certificate not renewed: the one before is still shown")
    assert shown(server) == [first, first]

    second = files.issue()
    says(server, "certificate renewed")
    assert shown(server) == [second, second]
