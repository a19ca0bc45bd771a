"""A real process, real signals: grpc's own threads must not swallow them."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

PROGRAM = """
import asyncio
from functools import partial

from orch_proto.v1 import server_service_pb2_grpc as grpc_code
from orch_server.rpc.endpoint import Endpoint
from orch_server.rpc.server import build_server
from orch_server.shutdown import serve, stop_signals


class Endless(grpc_code.ServerServiceServicer):
    async def GetServerInfo(self, request, context):
        print("entered", flush=True)
        await asyncio.Event().wait()


async def main():
    with stop_signals() as request:
        add = partial(grpc_code.add_ServerServiceServicer_to_server, Endless())
        rpc = build_server(endpoint=Endpoint(port=0), services=[add])
        await serve(rpc, request, grace_seconds=3600, started=lambda: print(rpc.port, flush=True))
    print("stopped", flush=True)


asyncio.run(main())
"""


@contextmanager
def running() -> Iterator[tuple[subprocess.Popen[str], grpc.Channel]]:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, text=True)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{line(process)}") as channel:
            yield process, channel
    finally:
        process.kill()
        process.communicate()


def watch_health(channel: grpc.Channel) -> Iterator[int]:
    call = channel.unary_stream(
        "/grpc.health.v1.Health/Watch", HealthCheckRequest.SerializeToString, HealthCheckResponse.FromString
    )
    for response in call(HealthCheckRequest()):
        yield response.status


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_sigterm_stops_an_idle_server() -> None:
    with running() as (process, channel):
        assert next(watch_health(channel)) == HealthCheckResponse.SERVING

        process.send_signal(signal.SIGTERM)

        assert line(process) == "stopped"
        assert process.wait() == 0


def test_a_second_sigint_does_not_wait_for_the_call_under_way() -> None:
    with running() as (process, channel):
        call = channel.unary_unary("/orch.v1.ServerService/GetServerInfo", bytes, bytes).future(b"")
        health = watch_health(channel)
        states = [next(health)]
        assert line(process) == "entered"

        process.send_signal(signal.SIGINT)
        states += health
        process.send_signal(signal.SIGINT)

        assert line(process) == "stopped"
        assert process.wait() == 0
        assert states == [HealthCheckResponse.SERVING, HealthCheckResponse.NOT_SERVING]
        assert call.exception() is not None
