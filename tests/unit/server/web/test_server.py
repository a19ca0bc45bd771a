"""The HTTP server's shell: callers who never finish, too many of them, and its end."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from orch_server.errors import StartupError
from orch_server.web.asgi import Answer, Application, Event, Receive, Scope, Send
from orch_server.web.binding import PortTaken, bind
from orch_server.web.bodies import PatientReceive, PatientSend
from orch_server.web.cors import Cors
from orch_server.web.edge import Edge, Routes
from orch_server.web.guarding import ConnectionLimits
from orch_server.web.server import HttpServer

GET = b"GET / HTTP/1.1\r\nhost: here\r\n\r\n"


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await Answer.text("hello").send(send)


class Waiting:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.begun, self.go_on, self.cancelled = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.begun.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        await Answer.text("at last").send(send)


@asynccontextmanager
async def serving(application: Application, limits: ConnectionLimits | None = None) -> AsyncIterator[HttpServer]:
    """A server on a free port."""
    server = HttpServer(application, bind("127.0.0.1", 0), limits=limits or ConnectionLimits())
    await server.start()
    try:
        yield server
    finally:
        await server.stop(None)


async def said(server: HttpServer, request: bytes) -> bytes:
    """Everything that is answered until the server closes the line."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    try:
        return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@pytest.mark.parametrize("begun", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nhost: here\r\nx-a: "])
async def test_who_never_finishes_his_headers_is_cut_off(begun: bytes) -> None:
    async with serving(hello, ConnectionLimits(header_seconds=0.05)) as server:
        assert await said(server, begun) == b""


async def test_a_second_request_that_never_finishes_is_cut_off_too() -> None:
    async with serving(hello, ConnectionLimits(header_seconds=0.05)) as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(GET)
        await reader.readuntil(b"hello")
        writer.write(b"GET / HT")

        # What is left of the first answer, and no second.
        with suppress(ConnectionError):
            assert b"HTTP" not in await reader.read()
        writer.close()


async def test_a_request_may_take_longer_than_its_headers() -> None:
    waiting = Waiting()
    async with serving(waiting, ConnectionLimits(header_seconds=0.05)) as server:
        answer = asyncio.create_task(said(server, GET.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")))
        await waiting.begun.wait()
        # The line of another caller, which is cut off later than this one's would have been.
        assert await said(server, b"") == b""
        waiting.go_on.set()

        assert b"at last" in await answer


async def test_who_comes_when_there_are_too_many_is_turned_away(caplog: pytest.LogCaptureFixture) -> None:
    async with serving(hello, ConnectionLimits(connections=1)) as server:
        _, first = await asyncio.open_connection("127.0.0.1", server.port)

        assert await said(server, GET) == b""

        first.close()
        await first.wait_closed()
    assert "too many connections" in caplog.text


async def test_the_end_waits_for_requests_under_way_and_takes_no_more() -> None:
    waiting = Waiting()
    async with serving(waiting) as server:
        answer = asyncio.create_task(said(server, GET))
        await waiting.begun.wait()
        port = server.port
        stopping = asyncio.create_task(server.stop(30))
        await asyncio.sleep(0)
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", port)
        assert not stopping.done()
        waiting.go_on.set()

        assert b"at last" in await answer
        await stopping


async def test_an_end_at_once_cuts_them_without_an_error(caplog: pytest.LogCaptureFixture) -> None:
    waiting = Waiting()
    edge = Edge(Routes(waiting, frozenset({"/"})), Cors())
    with caplog.at_level(logging.WARNING):
        async with serving(edge) as server:
            answer = asyncio.create_task(said(server, GET))
            await waiting.begun.wait()
            await server.stop(None)

            assert await answer == b""
    assert waiting.cancelled.is_set()
    assert not caplog.records


async def test_who_takes_nothing_of_his_answer_is_cut_off_without_an_error(caplog: pytest.LogCaptureFixture) -> None:
    ended = asyncio.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            while True:
                await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
        finally:
            ended.set()

    edge = Edge(Routes(endless, frozenset({"/"})), Cors(), take_seconds=0.05)
    with caplog.at_level(logging.WARNING):
        async with serving(edge) as server:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=1024)
            writer.write(GET)
            await ended.wait()
            writer.close()
    assert not caplog.records


async def test_what_nobody_has_thought_of_is_told_once_and_keeps_its_secrets(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("the library's own words")

    async with serving(Edge(Routes(broken, frozenset({"/"})), Cors())) as server:
        answer = await said(server, GET.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))

    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"content-security-policy: " in answer
    assert b"own words" not in answer
    assert [(record.message, record.exc_info is not None) for record in caplog.records] == [("request failed", True)]


async def test_an_answer_that_fails_on_its_way_is_cut_off(caplog: pytest.LogCaptureFixture) -> None:
    async def half(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"10")]})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        raise ValueError("the other half")

    async with serving(Edge(Routes(half, frozenset({"/"})), Cors())) as server:
        assert b" 500 " not in await said(server, GET)
    assert [record.message for record in caplog.records] == ["request failed"]


@pytest.mark.parametrize(
    "request_", [b"nonsense\r\n\r\n", GET[:-2] + b"connection: upgrade\r\nupgrade: websocket\r\n\r\n"]
)
async def test_what_nobody_can_read_fills_no_log(request_: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async with serving(hello, ConnectionLimits(header_seconds=0.05, idle_seconds=0)) as server:
        assert await said(server, request_)
    assert not caplog.records


async def test_an_address_that_this_machine_lacks_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """As for "localhost" in a container without IPv6."""
    found: list[tuple[object, ...]] = [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 0)),
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 0)),
    ]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    sockets = bind("localhost", 0)

    assert [each.getsockname()[0] for each in sockets] == ["127.0.0.1"]
    sockets[0].close()
    del found[1]
    with pytest.raises(StartupError, match="does not have the address"):
        bind("localhost", 0)


async def test_a_port_that_is_taken_is_named_with_the_option() -> None:
    async with serving(hello) as server:
        with pytest.raises(PortTaken, match=f"Port {server.port} .* --http-port"):
            bind("127.0.0.1", server.port)


async def test_a_body_that_does_not_come_is_a_caller_who_has_gone() -> None:
    async def never() -> Event:
        await asyncio.get_running_loop().create_future()
        raise AssertionError("nobody said so")

    assert await PatientReceive(never, seconds=0.01)() == {"type": "http.disconnect"}


async def test_after_the_body_the_caller_may_be_silent_for_ever() -> None:
    events = asyncio.Queue[Event]()
    receive = PatientReceive(events.get, seconds=0.01)
    events.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    await receive()

    waiting = asyncio.create_task(receive())
    # Longer than the patience with bodies.
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), 0.05)
    events.put_nowait({"type": "http.disconnect"})

    assert await waiting == {"type": "http.disconnect"}


async def test_who_takes_nothing_is_left() -> None:
    async def never(event: Event) -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(TimeoutError):
        await PatientSend(never, seconds=0.01)({"type": "http.response.body"})
