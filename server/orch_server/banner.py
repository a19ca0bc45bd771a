"""The first thing the server says: where it listens, on which database, who may call, how to stop it."""

import logging
import os
from dataclasses import dataclass
from typing import TextIO

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Started:
    """What is worth saying. `database` is a URL without its password; `url` is what clients use."""

    version: str
    url: str
    database: str
    api_keys: int
    tls: bool
    client_certificates: bool
    loopback: bool


def announce(started: Started, *, human: bool, stream: TextIO) -> None:
    """For people a few lines on `stream`, for machines one event in the log; warns of what can be overheard."""
    if human:
        stream.write(_banner(started))
        stream.flush()
    else:
        logger.info(
            "server started",
            extra={
                "version": started.version,
                "url": started.url,
                "database": started.database,
                "api_key": started.api_keys > 0,
                "tls": started.tls,
                "client_certificates": started.client_certificates,
                "pid": os.getpid(),
            },
        )
    if not started.loopback and not started.api_keys:
        logger.warning("open to everyone", extra={"hint": "set ORCH_API_KEY or --api-key-file"})
    if not started.loopback and not started.tls:
        logger.warning("calls are not encrypted", extra={"hint": "set --tls-cert and --tls-key, or encrypt in front"})


def _banner(started: Started) -> str:
    keys = {0: "off", 1: "on"}.get(started.api_keys, f"on, {started.api_keys} keys")
    tls = "on, clients show a certificate" if started.client_certificates else "on" if started.tls else "off"
    return (
        f"\n  Orch {started.version}\n\n"
        f"  Address   {started.url}    (ORCH_API_URL for clients and workers)\n"
        f"  Database  {started.database}\n"
        f"  API key   {keys}\n"
        f"  TLS       {tls}\n"
        f"  Stop      Ctrl-C; twice stops at once\n\n"
    )
