"""Who gets in."""

from collections.abc import Awaitable

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_reflection.v1alpha.reflection_pb2 import ServerReflectionRequest

from orch_proto.v1.log_service_pb2 import WatchLogsRequest
from orch_proto.v1.server_service_pb2 import GetServerInfoRequest, GetServerInfoResponse
from orch_server.rpc.auth import ApiKeyInterceptor
from tests.rpc.edge.refusals import refusal, refusal_of
from tests.rpc.edge.serving import Edge, serve

KEYS = ("the-old-key", "the-new-key")


def locked() -> tuple[ApiKeyInterceptor]:
    return (ApiKeyInterceptor(KEYS),)


def info(edge: Edge, *metadata: tuple[str, str]) -> Awaitable[GetServerInfoResponse]:
    return edge.info.GetServerInfo(GetServerInfoRequest(), metadata=metadata)


@pytest.mark.parametrize(
    "metadata",
    [
        ("authorization", "Bearer the-old-key"),
        ("authorization", "bearer  the-new-key"),
        ("x-api-key", "the-new-key"),
    ],
)
async def test_any_of_the_keys_opens_whichever_way_it_is_sent(metadata: tuple[str, str]) -> None:
    async with serve(interceptors=locked()) as edge:
        assert (await info(edge, metadata)).version == "1.2.3"


async def test_no_key_is_told_how_to_give_one() -> None:
    async with serve(interceptors=locked()) as edge:
        answer = await refusal_of(info(edge, ("other", "metadata")))

    assert answer.code is grpc.StatusCode.UNAUTHENTICATED
    assert (answer.info.domain, answer.info.reason) == ("orch", "MISSING_KEY")
    assert "ORCH_API_KEY" in answer.message
    assert "authorization: Bearer KEY" in answer.message


@pytest.mark.parametrize(
    "metadata",
    [
        ("authorization", "Bearer the-old-ke"),
        ("authorization", "Basic the-old-key"),
        ("authorization", "the-old-key"),
        ("authorization", "Bearer "),
        ("x-api-key", "THE-OLD-KEY"),
    ],
)
async def test_a_wrong_key_is_refused_and_not_repeated(metadata: tuple[str, str]) -> None:
    async with serve(interceptors=locked()) as edge:
        answer = await refusal_of(info(edge, metadata))

    assert answer.code is grpc.StatusCode.UNAUTHENTICATED
    assert answer.info.reason == "WRONG_KEY"
    assert "the-old" not in str(answer).lower()


async def test_a_stream_needs_a_key_as_well() -> None:
    async with serve(interceptors=locked()) as edge:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await edge.logs.WatchLogs(WatchLogsRequest()).read()
        admitted = edge.logs.WatchLogs(WatchLogsRequest(), metadata=(("x-api-key", KEYS[0]),))

        assert refusal(caught.value).info.reason == "MISSING_KEY"
        assert [response.resume_token async for response in admitted] == ["a", "b"]


async def test_a_method_that_is_not_there_is_not_told_apart_without_a_key() -> None:
    async with serve(interceptors=locked()) as edge:
        answer = await refusal_of(edge.call_raw("/orch.v1.Nothing/Here"))

    assert answer.info.reason == "MISSING_KEY"


async def test_health_needs_none_and_reflection_does_even_from_who_sends_nothing() -> None:
    async with serve(interceptors=locked()) as edge:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await edge.reflect().read()
        keyed = edge.reflect(ServerReflectionRequest(list_services=""), metadata=[("x-api-key", KEYS[0])])

        assert await edge.check() == HealthCheckResponse.SERVING
        assert refusal(caught.value).info.reason == "MISSING_KEY"
        assert [len(response.list_services_response.service) async for response in keyed] == [5]


def test_an_interceptor_without_keys_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="without keys"):
        ApiKeyInterceptor([])
