"""The certificate that the gRPC server shows: another one may take its place while it runs."""

import threading

import grpc

from orch_server.rpc.endpoint import TlsIdentity


class ServerCertificate:
    """What new connections are shown. Those that are open keep what they have seen."""

    def __init__(self, identity: TlsIdentity) -> None:
        self._identity = identity
        self._is_new = False
        self._lock = threading.Lock()

    def renew(self, identity: TlsIdentity) -> None:
        """Show this one from now on. It must have been checked: grpc only logs what it cannot read. Any thread."""
        with self._lock:
            self._identity, self._is_new = identity, True

    def credentials(self) -> grpc.ServerCredentials:
        """For a server's port. Who must show a certificate is settled here, and is not renewed."""
        return grpc.dynamic_ssl_server_credentials(
            self._configuration(),
            self._news,  # type: ignore[arg-type] # its types leave out None, which its documentation names
            require_client_authentication=self._identity.client_ca is not None,
        )

    def _news(self) -> grpc.ServerCertificateConfiguration | None:
        """Called by grpc, in a thread of its own, before each handshake; None: as before."""
        with self._lock:
            is_new, self._is_new = self._is_new, False
        return self._configuration() if is_new else None

    def _configuration(self) -> grpc.ServerCertificateConfiguration:
        found = self._identity
        return grpc.ssl_server_certificate_configuration(
            [(found.private_key, found.certificate_chain)], root_certificates=found.client_ca
        )
