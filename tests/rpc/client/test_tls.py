"""Encrypted channels, with certificates made for the test."""

from dataclasses import dataclass, replace
from pathlib import Path

import grpc
import pytest
import trustme

from orch_client import ConfigurationError, TlsFiles, UnavailableError, connect
from orch_proto.v1 import server_service_pb2 as server
from tests.rpc.client.support import Connector, Script, handlers, serving

INFO = server.GetServerInfoResponse(version="1")
ASK = server.GetServerInfoRequest()


@dataclass(frozen=True)
class Authority:
    """An authority, a server's certificate by it, and one of a client."""

    ca: trustme.CA
    server: trustme.LeafCert
    files: TlsFiles
    client_files: TlsFiles


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    ca = trustme.CA()
    ca_file, chain, key = tmp_path / "ca.pem", tmp_path / "client.pem", tmp_path / "client.key"
    ca.cert_pem.write_to_path(ca_file)
    client = ca.issue_cert("worker@example.org")
    client.cert_chain_pems[0].write_to_path(chain)
    client.private_key_pem.write_to_path(key)
    return Authority(
        ca=ca,
        server=ca.issue_cert("localhost"),
        files=TlsFiles(ca_file=str(ca_file)),
        client_files=TlsFiles(ca_file=str(ca_file), certificate_file=str(chain), key_file=str(key)),
    )


def credentials(authority: Authority, *, mutual: bool = False) -> grpc.ServerCredentials:
    chain = b"".join(pem.bytes() for pem in authority.server.cert_chain_pems)
    return grpc.ssl_server_credentials(
        [(authority.server.private_key_pem.bytes(), chain)],
        root_certificates=authority.ca.cert_pem.bytes() if mutual else None,
        require_client_auth=mutual,
    )


def info(script: Script) -> grpc.GenericRpcHandler:
    return handlers("ServerService", {"GetServerInfo": script}, server)


async def test_a_server_that_the_authority_vouches_for_is_called(connected: Connector, authority: Authority) -> None:
    script = Script([INFO])
    async with serving(info(script), credentials=credentials(authority)) as port:
        client = connected(port, scheme="https", api_key="k", tls=authority.files)

        assert await client.call(lambda c: c.server.GetServerInfo(ASK)) == INFO

    assert script.metadata[0]["authorization"] == "Bearer k"


async def test_a_server_of_an_unknown_authority_is_not(connected: Connector, authority: Authority) -> None:
    other = replace(authority, server=trustme.CA().issue_cert("localhost"))
    async with serving(info(Script([INFO])), credentials=credentials(other)) as port:
        client = connected(port, scheme="https", tls=authority.files, attempts=1)

        with pytest.raises(UnavailableError, match="ORCH_TLS_CA_FILE"):
            await client.call(lambda c: c.server.GetServerInfo(ASK, timeout=30))


async def test_a_client_shows_its_certificate(connected: Connector, authority: Authority) -> None:
    async with serving(info(Script([INFO])), credentials=credentials(authority, mutual=True)) as port:
        client = connected(port, scheme="https", tls=authority.client_files)

        assert await client.call(lambda c: c.server.GetServerInfo(ASK)) == INFO


async def test_a_client_without_its_certificate_is_turned_away(connected: Connector, authority: Authority) -> None:
    async with serving(info(Script([INFO])), credentials=credentials(authority, mutual=True)) as port:
        client = connected(port, scheme="https", tls=authority.files, attempts=1)

        with pytest.raises(UnavailableError):
            await client.call(lambda c: c.server.GetServerInfo(ASK, timeout=30))


async def test_http_to_a_server_with_tls_points_at_the_scheme(connected: Connector, authority: Authority) -> None:
    async with serving(info(Script([INFO])), credentials=credentials(authority)) as port:
        client = connected(port, attempts=1)

        with pytest.raises(UnavailableError, match="https:// where it expects TLS"):
            await client.call(lambda c: c.server.GetServerInfo(ASK, timeout=30))


def test_a_file_that_is_not_there_is_named_before_anything_is_sent() -> None:
    with pytest.raises(ConfigurationError, match="Cannot read the CA file '/no/such'"):
        connect("https://localhost:1", tls=TlsFiles(ca_file="/no/such"))
