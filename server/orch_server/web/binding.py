"""Listening sockets, and clear words where the address cannot be had."""

import errno
import socket
from contextlib import ExitStack

from orch_server.errors import StartupError

_BACKLOG = 1024


def bind(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen on every address of the host that this machine has, on one port; 0 takes any free one.

    Raises StartupError, with `PortTaken` where somebody else listens there.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise StartupError(
            f"Cannot listen for HTTP: the name {host!r} has no address ({error.strerror}). Choose another with --host."
        ) from error
    with ExitStack() as undo:
        sockets: list[socket.socket] = []
        missing: list[AddressMissing] = []
        for family, _, _, _, address in found:
            # The first address decides about the port of the others.
            wanted = port or (sockets[0].getsockname()[1] if sockets else 0)
            try:
                listening = _listen(family, (address[0], wanted, *address[2:]), host)
            except AddressMissing as error:
                # "localhost" has an IPv6 address in many a container that can do without IPv6.
                missing.append(error)
                continue
            undo.callback(listening.close)
            sockets.append(listening)
        if not sockets:
            raise missing[0]
        undo.pop_all()
    return sockets


class PortTaken(StartupError):
    """Somebody else listens on the port."""


class AddressMissing(StartupError):
    """This machine has no such address."""


def _listen(family: int, address: tuple[object, ...], host: str) -> socket.socket:
    try:
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise _why_not(host, address[1], error) from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # Else "::" would take the IPv4 addresses, too, which a name's other address wants.
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(host != "::"))
        listening.setblocking(False)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise _why_not(host, address[1], error) from error
    return listening


def _why_not(host: str, port: object, error: OSError) -> StartupError:
    match error.errno:
        case errno.EADDRINUSE:
            return PortTaken(
                f"Port {port} on {host} is in use: by another Orch? Stop that one, or choose another port for HTTP "
                "with --http-port (0 takes any free one, off does without HTTP)."
            )
        case errno.EACCES:
            return StartupError(f"This user may not listen on port {port}. Choose one above 1023 with --http-port.")
        case errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT:
            return AddressMissing(f"This machine does not have the address {host}. Choose one of its own with --host.")
        case _:
            return StartupError(f"Cannot listen for HTTP on {host}, port {port}: {error.strerror or error}.")
