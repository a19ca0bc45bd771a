"""One worker that is connected to the host."""

import socket
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from orch_worker.launchers.process.host.log import log
from orch_worker.launchers.process.host.loop import Loop
from orch_worker.launchers.process.orders import decode, encode

_READ_BYTES = 256 * 1024
_QUIET_SECONDS = 0.005
"""Lines are told of at most this often: a chatty run must not keep its worker busy with being told."""


class Conversation:
    """Messages from and to a worker. One that does not listen costs a few bytes for each attempt, never more."""

    def __init__(
        self,
        connection: socket.socket,
        loop: Loop,
        *,
        on_message: Callable[["Conversation", dict[str, Any]], None],
        on_end: Callable[["Conversation"], None],
    ) -> None:
        """Begins to listen."""
        connection.setblocking(False)
        self.said_goodbye = False
        self._connection = connection
        self._loop = loop
        self._on_message = on_message
        self._on_end = on_end
        self._received = bytearray()
        self._unsent: deque[memoryview] = deque()
        self._with_output: dict[str, None] = {}
        self._is_quiet = False
        self._is_full = False
        self._is_open = True
        loop.watch(connection.fileno(), self._ready)

    def send(self, message: Mapping[str, Any]) -> None:
        """Say something, now or as soon as the worker listens."""
        if self._is_open:
            self._unsent.append(memoryview(encode(message)))
            self._send()

    def tell_output(self, attempt: str) -> None:
        """Say that an attempt has written lines."""
        self._with_output[attempt] = None
        if not self._is_quiet:
            self._flush_output()

    def close(self) -> None:
        """The end. May be called twice."""
        if self._is_open:
            self._is_open = False
            self._loop.unwatch(self._connection.fileno())
            self._connection.close()
            self._on_end(self)

    def abandon(self) -> None:
        """In a fork of the host: let go of the connection."""
        self._connection.close()

    def _flush_output(self) -> None:
        self._is_quiet = False
        if not self._with_output or not self._is_open:
            return
        if not self._unsent:
            names, self._with_output = list(self._with_output), {}
            self.send({"output": names})
        self._is_quiet = True
        self._loop.after(_QUIET_SECONDS, self._flush_output)

    def _ready(self) -> None:
        if self._unsent:
            self._send()
        if self._is_open:
            self._receive()

    def _send(self) -> None:
        try:
            while self._unsent:
                sent = self._connection.send(self._unsent[0])
                if sent == len(self._unsent[0]):
                    self._unsent.popleft()
                else:
                    self._unsent[0] = self._unsent[0][sent:]
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        if self._is_full != bool(self._unsent):
            self._is_full = bool(self._unsent)
            self._loop.watch(self._connection.fileno(), self._ready, writes=self._is_full)

    def _receive(self) -> None:
        try:
            data = self._connection.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        self._received += data
        *lines, rest = self._received.split(b"\n")
        self._received = rest
        for line in lines:
            message = _understood(bytes(line))
            if message is None:
                self.close()
                return
            self._on_message(self, message)


def _understood(line: bytes) -> dict[str, Any] | None:
    try:
        return decode(line)
    except ValueError as error:
        # Whoever that is: it must not end the host, and with it the runs.
        log(f"hung up on somebody who said what is no message: {error}")
        return None
