"""A channel that calls through a worker of this machine (`orch_client.relay`), and directly where the worker is gone.

It takes the place of a gRPC channel under an `AsyncClient`: calls fail as gRPC's do.
"""

import asyncio
import itertools
import logging
from collections.abc import Callable
from typing import Any, cast

import grpc

from orch_client.relay import Frame, FrameKind, FrameReader, RelayedCall, decoded_failure

logger = logging.getLogger(__name__)

_PATIENCE_SECONDS = 0.5
"""Without an answer for so long, the worker is asked whether it is there; it has as long again to say so."""
_FOR_EVER_SECONDS = 3600.0


class _HungUpError(Exception):
    """The worker is gone, or hangs. Every call of the contract may be repeated."""


class RelayChannel:
    """For one event loop. Connects with the first call; what goes wrong on the way to the worker nobody notices."""

    def __init__(self, path: str, open_direct: Callable[[], grpc.aio.Channel]) -> None:
        """`path`: the worker's socket. `open_direct`: a channel to the control plane, for when that does not answer."""
        self._path = path
        self._open_direct = open_direct
        self._line: _Line | None = None
        self._connecting = asyncio.Lock()
        self._given_up = False
        self._direct_channel: grpc.aio.Channel | None = None

    def unary_unary(
        self, path: str, request_serializer: Callable[[Any], bytes], response_deserializer: Callable[[bytes], Any]
    ) -> Callable[..., Any]:
        """The method at this path, as a channel gives it."""

        async def call(request: object, *, timeout: float | None = None, **options: object) -> object:  # noqa: ASYNC109
            line = await self._connected()
            if line is not None:
                relayed = RelayedCall(path, timeout or _FOR_EVER_SECONDS, request_serializer(request))
                try:
                    return response_deserializer(await line.call(relayed))
                except _HungUpError as error:
                    self._give_up(str(error))
            method = self._direct().unary_unary(path, request_serializer, response_deserializer)
            return await method(request, timeout=timeout, **options)  # type: ignore[arg-type]

        return call

    def unary_stream(
        self, path: str, request_serializer: Callable[[Any], bytes], response_deserializer: Callable[[bytes], Any]
    ) -> Callable[..., Any]:
        """A server stream: never through the worker."""

        def call(request: object, **options: Any) -> object:  # noqa: ANN401
            return self._direct().unary_stream(path, request_serializer, response_deserializer)(request, **options)

        return call

    def stream_stream(
        self, path: str, request_serializer: Callable[[Any], bytes], response_deserializer: Callable[[bytes], Any]
    ) -> Callable[..., Any]:
        """A stream of calls: never through the worker."""

        def call(*args: Any, **options: Any) -> object:  # noqa: ANN401
            return self._direct().stream_stream(path, request_serializer, response_deserializer)(*args, **options)

        return call

    async def hint(self, flow_run_id: str) -> bool:
        """Wait until a heartbeat is due for this run. False where the worker cannot tell (any more)."""
        line = await self._connected()
        if line is None:
            return False
        try:
            await line.hint(flow_run_id)
        except _HungUpError:
            return False
        return True

    async def close(self, grace: float | None = None) -> None:
        """End all calls under way."""
        self._given_up = True
        if self._line is not None:
            self._line.hang_up()
        if self._direct_channel is not None:
            await self._direct_channel.close(grace)

    async def _connected(self) -> "_Line | None":
        if self._line is None:
            async with self._connecting:
                await self._connect()
        return None if self._given_up else self._line

    async def _connect(self) -> None:
        if self._line is not None or self._given_up:
            return
        try:
            _, self._line = await asyncio.get_running_loop().create_unix_connection(_Line, self._path)
        except (OSError, AttributeError) as error:
            self._give_up(str(error))

    def _give_up(self, why: str) -> None:
        if not self._given_up:
            logger.debug("Calls go straight to the control plane from now on, not through the worker: %s", why)
        self._given_up = True
        if self._line is not None:
            self._line.hang_up()

    def _direct(self) -> grpc.aio.Channel:
        if self._direct_channel is None:
            self._direct_channel = self._open_direct()
        return self._direct_channel


class _Line(asyncio.Protocol):
    """The connection to the worker."""

    def __init__(self) -> None:
        self._reader = FrameReader()
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Frame]] = {}
        self._hints: dict[str, asyncio.Future[Frame]] = {}
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not asked for its class: uvloop's are no subclasses of asyncio's.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            for frame in self._reader.feed(data):
                place = self._waiting.pop(frame.number, None)
                if frame.kind == FrameKind.HINT:
                    place = self._hints.pop(frame.body.decode(), None)
                if place is not None and not place.done():
                    place.set_result(frame)
        except ValueError as error:
            self._end(f"it spoke unintelligibly: {error}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._end("it has hung up")

    def hang_up(self) -> None:
        """End the connection."""
        self._end("this side has hung up")

    async def call(self, call: RelayedCall) -> bytes:
        """The response. Raises what gRPC raises; _HungUpError where it is the worker that fails."""
        answer = self._ask(FrameKind.CALL, call.encoded())
        while not answer.done():
            await asyncio.wait({answer}, timeout=_PATIENCE_SECONDS)
            if not answer.done():
                await self._is_there()
        frame = answer.result()
        if frame.kind == FrameKind.ANSWER:
            return frame.body
        raise _rpc_error(frame.body)

    async def hint(self, flow_run_id: str) -> None:
        """Wait for a hint. Raises _HungUpError."""
        place = self._hints.setdefault(flow_run_id, asyncio.get_running_loop().create_future())
        self._send(Frame(FrameKind.WATCH, 0, flow_run_id.encode()))
        await asyncio.shield(place)

    async def _is_there(self) -> None:
        """Raises _HungUpError where the worker hangs: calls that it had are repeated elsewhere."""
        pong = self._ask(FrameKind.PING, b"")
        await asyncio.wait({pong}, timeout=_PATIENCE_SECONDS)
        if not pong.done():
            self._end("it does not answer")

    def _ask(self, kind: FrameKind, body: bytes) -> "asyncio.Future[Frame]":
        place: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        number = next(self._numbers)
        self._waiting[number] = place
        self._send(Frame(kind, number, body))
        return place

    def _send(self, frame: Frame) -> None:
        if self._transport is None or self._transport.is_closing():
            raise _HungUpError("it has hung up")
        self._transport.write(frame.encoded())

    def _end(self, why: str) -> None:
        if self._transport is not None:
            self._transport.abort()
        for place in [*self._waiting.values(), *self._hints.values()]:
            if not place.done():
                place.set_exception(_HungUpError(why))
                # Whoever waited may be gone.
                place.exception()
        self._waiting.clear()
        self._hints.clear()


def _rpc_error(body: bytes) -> grpc.aio.AioRpcError:
    code, message, status = decoded_failure(body)
    trailing = grpc.aio.Metadata(("grpc-status-details-bin", status)) if status else grpc.aio.Metadata()
    return grpc.aio.AioRpcError(
        getattr(grpc.StatusCode, code, grpc.StatusCode.UNKNOWN), grpc.aio.Metadata(), trailing, details=message
    )
