"""Looks whether the files of the TLS certificate and its key have changed, and has the new ones shown.

Certificates are renewed every few weeks or days, by others (cert-manager, certbot), who write new files in place of the
old ones. No restart is needed. What cannot be used is told, and the certificate in use stays.
"""

import asyncio
import hashlib
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from orch_server.background.service import Service

logger = logging.getLogger(__name__)

LOOK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate with its intermediates, and its key. PEM."""

    certificate: bytes
    key: bytes

    @property
    def fingerprint(self) -> str:
        """The first certificate's SHA-256, as `openssl x509 -fingerprint -sha256` prints it, without the colons."""
        text = self.certificate.decode("ascii", "replace")
        first = text[text.index("-----BEGIN CERTIFICATE-----") :].partition("-----END CERTIFICATE-----")[0]
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(f"{first}-----END CERTIFICATE-----")).hexdigest()


class CertificateFiles:
    """The two files."""

    def __init__(self, certificate: Path, key: Path, *, shown: Pair, renew: Callable[[Pair], None]) -> None:
        """shown: what was read at the start. renew: called with what is to be shown from now on."""
        self._certificate, self._key = certificate, key
        self._shown, self._renew = shown, renew
        self._refused: tuple[Pair | None, str] | None = None
        """What was found wrong last: half of it may be new, and the other half not yet written."""
        self._is_told = False

    async def run_once(self) -> bool:
        """Look once. Whether there is a new certificate."""
        found, fault = await asyncio.to_thread(self._read)
        if found == self._shown:
            self._refused, self._is_told = None, False
            return False
        if found is None or fault:
            self._refuse(found, fault)
            return False
        self._refused, self._is_told = None, False
        self._shown = found
        self._renew(found)
        logger.info("certificate renewed", extra={"file": str(self._certificate), "sha256": found.fingerprint})
        return True

    def _read(self) -> tuple[Pair | None, str]:
        """What is in the files, and what is wrong with it; empty where it can be used."""
        try:
            found = Pair(self._certificate.read_bytes(), self._key.read_bytes())
            if found != self._shown:
                ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
                    self._certificate, self._key, password=_refuse_passphrase
                )
                if found != Pair(self._certificate.read_bytes(), self._key.read_bytes()):
                    return None, "the files are being written"
        except ssl.SSLError as error:
            return found, f"not a PEM certificate and its own key ({error.reason or error})"
        except (OSError, ValueError) as error:
            return None, str(error)
        return found, ""

    def _refuse(self, found: Pair | None, fault: str) -> None:
        """Tell it when it is still so at the second look."""
        if self._refused != (found, fault):
            self._refused, self._is_told = (found, fault), False
        elif not self._is_told:
            self._is_told = True
            logger.error(
                "certificate not renewed: the one before is still shown",
                extra={"file": str(self._certificate), "key_file": str(self._key), "cause": fault},
            )

    async def _round(self) -> timedelta | None:
        await self.run_once()
        return None

    def service(self) -> Service:
        """The loop around it."""
        return Service("certificate files", self._round, interval_seconds=LOOK_SECONDS)


def _refuse_passphrase() -> str:
    raise ValueError("the key asks for a passphrase, and nobody is there to type one")
