"""The first thing the server says: where it listens, on which database, who may call, how to stop it."""

import logging
import os
from dataclasses import dataclass
from typing import TextIO

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Started:
    """What is worth saying. `database` is a URL without its password; `url` is what clients use.

    http_url: for browsers and plain HTTP; empty: off. http_port_wanted: 0 where any was wanted.
    """

    version: str
    url: str
    http_url: str
    http_port_wanted: int
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
                "http_url": started.http_url,
                "database": started.database,
                "api_key": started.api_keys > 0,
                "tls": started.tls,
                "client_certificates": started.client_certificates,
                "pid": os.getpid(),
            },
        )
    if started.http_url and started.http_port_wanted and not started.http_url.endswith(f":{started.http_port_wanted}"):
        logger.warning(
            "HTTP has another port",
            extra={
                "wanted": started.http_port_wanted,
                "cause": "it is in use",
                "http_url": started.http_url,
                "hint": "choose one with --http-port",
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
        f"  HTTP      {started.http_url or 'off'}\n"
        f"  Database  {started.database}\n"
        f"  API key   {keys}\n"
        f"  TLS       {tls}\n"
        f"  Stop      Ctrl-C; twice stops at once\n\n"
    )
