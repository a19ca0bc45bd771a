"""Frames between a run's process and the worker that started it, over a Unix socket.

The worker passes the process's calls on to the control plane, over its own connection: a process that lives for
milliseconds need not open one. Whatever a run may call can be called this way, request and answer unchanged; where the
worker is gone, the process calls the control plane itself.

A frame is a header, the body's length (4 bytes), kind (1) and number (4), all big-endian, and the body:

    CALL     process → worker   path's length (2), seconds that it may take (8, a double), path, request
    ANSWER   worker → process   the response to the call of this number
    FAILURE  worker → process   length of the code's name (1) and of the message (4), both, google.rpc.Status or nothing
    PING     process → worker   nothing; answered by PONG of this number
    PONG     worker → process   nothing
    WATCH    process → worker   a flow run's id: tell of it
    HINT     worker → process   a flow run's id: a heartbeat is due now
"""

from collections.abc import Iterator
from enum import IntEnum
from struct import Struct
from typing import NamedTuple

_HEADER = Struct(">IBI")
_CALL = Struct(">Hd")
_FAILURE = Struct(">BI")
_LARGEST_BODY = 64 * 1024 * 1024
LONGEST_PATH_BYTES = 100
"""Of a socket's address in the file system: systems allow 104 or 108, the last byte included."""


class FrameKind(IntEnum):
    """What a frame is."""

    CALL = 1
    ANSWER = 2
    FAILURE = 3
    PING = 4
    PONG = 5
    WATCH = 6
    HINT = 7


class Frame(NamedTuple):
    """One frame."""

    kind: int
    number: int
    body: bytes

    def encoded(self) -> bytes:
        """As it is sent."""
        return _HEADER.pack(len(self.body), self.kind, self.number) + self.body


class RelayedCall(NamedTuple):
    """The body of a CALL."""

    path: str
    """On the wire: "/orch.v1.LeaseService/ReportRuns"."""
    timeout_seconds: float
    request: bytes

    def encoded(self) -> bytes:
        """As a body."""
        path = self.path.encode()
        return _CALL.pack(len(path), self.timeout_seconds) + path + self.request

    @classmethod
    def decoded(cls, body: bytes) -> "RelayedCall":
        """From a body. Raises ValueError."""
        if len(body) < _CALL.size:
            raise ValueError("a call is cut short")
        length, seconds = _CALL.unpack_from(body)
        end = _CALL.size + length
        return cls(body[_CALL.size : end].decode(), seconds, body[end:])


def encoded_failure(code: str, message: str, status: bytes) -> bytes:
    """The body of a FAILURE. `status`: what came with it as google.rpc.Status; empty where nothing did."""
    name, text = code.encode(), message.encode()
    return _FAILURE.pack(len(name), len(text)) + name + text + status


def decoded_failure(body: bytes) -> tuple[str, str, bytes]:
    """Code, message and status from a FAILURE's body. Raises ValueError."""
    if len(body) < _FAILURE.size:
        raise ValueError("a failure is cut short")
    name_length, text_length = _FAILURE.unpack_from(body)
    text_at = _FAILURE.size + name_length
    status_at = text_at + text_length
    return body[_FAILURE.size : text_at].decode(), body[text_at:status_at].decode(), body[status_at:]


class FrameReader:
    """Cuts a stream of bytes into frames."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that are whole by now. Raises ValueError for one that cannot be meant."""
        self._buffer += data
        while len(self._buffer) >= _HEADER.size:
            length, kind, number = _HEADER.unpack_from(self._buffer)
            if length > _LARGEST_BODY:
                raise ValueError(f"a frame of {length} bytes is announced")
            end = _HEADER.size + length
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_HEADER.size : end])
            del self._buffer[:end]
            yield Frame(kind, number, body)
