"""How the server goes when it is asked, and when somebody insists."""

import asyncio
import os
import signal
from contextlib import suppress

import pytest

from orch_server.shutdown import StopRequest, serve, stop_signals


class FakeServer:
    """Notes what it was told. A patient stop lasts until the calls end or are cancelled."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.stopping = asyncio.Event()
        self.calls_ended = asyncio.Event()

    async def start(self) -> None:
        self.told.append("start")

    async def stop(self, grace_seconds: float | None) -> None:
        self.told.append(f"stop {grace_seconds}")
        self.stopping.set()
        if grace_seconds is None:
            self.calls_ended.set()
        await self.calls_ended.wait()


async def test_asked_it_waits_for_the_calls_under_way() -> None:
    server, request, started = FakeServer(), StopRequest(), asyncio.Event()
    task = asyncio.create_task(serve(server, request, grace_seconds=5, started=started.set))
    await started.wait()

    request.hear("SIGTERM")
    await server.stopping.wait()
    assert server.told == ["start", "stop 5"]
    assert not task.done()

    server.calls_ended.set()
    await task


async def test_insisted_upon_it_waits_for_nothing() -> None:
    server, request = FakeServer(), StopRequest()
    task = asyncio.create_task(serve(server, request, grace_seconds=3600))

    request.hear("SIGTERM")
    await server.stopping.wait()
    request.hear("SIGTERM")

    await task
    assert server.told[1:3] == ["stop 3600", "stop None"]


async def test_cancelled_it_stops_at_once() -> None:
    server, request, started = FakeServer(), StopRequest(), asyncio.Event()
    task = asyncio.create_task(serve(server, request, grace_seconds=3600, started=started.set))
    await started.wait()

    task.cancel()
    with suppress(asyncio.CancelledError):
        await task

    assert server.told == ["start", "stop None"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_the_first_signal_asks_the_second_insists_the_third_is_not_ours(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with stop_signals() as request:
        os.kill(os.getpid(), number)
        await request.asked.wait()
        assert not request.insisted.is_set()

        os.kill(os.getpid(), number)
        await request.insisted.wait()

        assert signal.getsignal(number) in {signal.SIG_DFL, signal.default_int_handler, before}
