"""The proxy does to streams what it says."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.chaos.proxy import Line, Proxy


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(100):
        writer.write(data)
    writer.close()


@asynccontextmanager
async def _line_to_an_echo() -> AsyncIterator[tuple[Proxy, asyncio.StreamReader, asyncio.StreamWriter]]:
    async with await asyncio.start_server(_echo, "127.0.0.1", 0) as server:
        proxy = Proxy([server.sockets[0].getsockname()[:2]], chance=random.Random(0))
        await proxy.open()
        reader, writer = await asyncio.open_connection(*proxy.address)
        writer.write(b"hello")
        assert await reader.readexactly(5) == b"hello"
        try:
            yield proxy, reader, writer
        finally:
            writer.close()
            await proxy.close()


async def test_what_is_swallowed_never_arrives_and_mending_resets_the_connection() -> None:
    async with _line_to_an_echo() as (proxy, reader, writer):
        proxy.swallow()
        writer.write(b"lost")
        other_reader, other_writer = await asyncio.open_connection(*proxy.address)
        other_writer.write(b"found")
        assert await other_reader.readexactly(5) == b"found"
        proxy.mend()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        other_writer.close()


async def test_a_reset_is_heard() -> None:
    async with _line_to_an_echo() as (proxy, reader, _):
        assert proxy.reset() == 1
        with pytest.raises(ConnectionResetError):
            await reader.read()


async def test_a_target_that_is_gone_is_told_by_a_reset() -> None:
    proxy = Proxy([("127.0.0.1", 1)], chance=random.Random(0))
    await proxy.open()
    reader, writer = await asyncio.open_connection(*proxy.address)
    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.close()
    await proxy.close()


def test_a_line_delays_by_its_latency_jitter_losses_and_width() -> None:
    chance = random.Random(0)
    assert Line().delay_seconds(1000, chance) == 0
    assert Line(bytes_per_second=500).delay_seconds(1000, chance) == 2
    assert 1 <= Line(latency_seconds=1, jitter_seconds=0.5).delay_seconds(1, chance) <= 1.5
    assert Line(stall_chance=1, stall_seconds=3).delay_seconds(1, chance) == 3
