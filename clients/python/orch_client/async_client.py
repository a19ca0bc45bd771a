"""The async client: `client`, for one event loop."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import grpc.aio
from google.protobuf.message import Message

from orch_client.calls import MethodPlan, Sources, StreamCall, UnaryCall
from orch_client.channel import open_async_channel, refusing_when_closed, serializers
from orch_client.errors import OrchClientError
from orch_client.paging import items_of, request_after
from orch_client.retry import RetryRule
from orch_client.services import Service
from orch_client.settings import ClientSettings, TlsFiles, settings_from
from orch_client.status import failure_of

if TYPE_CHECKING:
    from orch_client.relay_channel import RelayChannel
    from orch_proto.v1.batch_service_pb2_grpc import BatchServiceAsyncStub
    from orch_proto.v1.deployment_service_pb2_grpc import DeploymentServiceAsyncStub
    from orch_proto.v1.flow_run_service_pb2_grpc import FlowRunServiceAsyncStub
    from orch_proto.v1.flow_service_pb2_grpc import FlowServiceAsyncStub
    from orch_proto.v1.lease_service_pb2_grpc import LeaseServiceAsyncStub
    from orch_proto.v1.log_service_pb2_grpc import LogServiceAsyncStub
    from orch_proto.v1.schedule_service_pb2_grpc import ScheduleServiceAsyncStub
    from orch_proto.v1.server_service_pb2_grpc import ServerServiceAsyncStub
    from orch_proto.v1.task_run_service_pb2_grpc import TaskRunServiceAsyncStub
    from orch_proto.v1.work_pool_service_pb2_grpc import WorkPoolServiceAsyncStub
    from orch_proto.v1.work_queue_service_pb2_grpc import WorkQueueServiceAsyncStub
    from orch_proto.v1.worker_service_pb2_grpc import WorkerServiceAsyncStub

RequestT = TypeVar("RequestT", bound=Message)
ResponseT = TypeVar("ResponseT", bound=Message)
ItemT = TypeVar("ItemT", bound=Message)

AsyncSleep = Callable[[float], Awaitable[object]]
_CallMetadata = Iterable[tuple[str, str | bytes]]


def connect_async(
    address: str | None = None,
    *,
    api_key: str | None = None,
    tls: TlsFiles | None = None,
    allow_insecure: bool | None = None,
    timeout: float | None = None,
    retry: RetryRule | None = None,
) -> "AsyncClient":
    """As `connect`, for the event loop that is running: `async with connect_async() as client: …`."""
    asyncio.get_running_loop()
    settings = settings_from(
        os.environ,
        address=address,
        api_key=api_key,
        tls=tls,
        allow_insecure=allow_insecure,
        timeout=timeout,
        retry=retry,
    )
    return AsyncClient(open_async_channel(settings), settings)


class AsyncClient:
    """Calls a control plane. As `Client`; calls are awaited, watches and pages iterated over with `async for`."""

    flow_runs: "Service[FlowRunServiceAsyncStub]" = Service("FlowRunService")
    task_runs: "Service[TaskRunServiceAsyncStub]" = Service("TaskRunService")
    flows: "Service[FlowServiceAsyncStub]" = Service("FlowService")
    deployments: "Service[DeploymentServiceAsyncStub]" = Service("DeploymentService")
    schedules: "Service[ScheduleServiceAsyncStub]" = Service("ScheduleService")
    work_pools: "Service[WorkPoolServiceAsyncStub]" = Service("WorkPoolService")
    work_queues: "Service[WorkQueueServiceAsyncStub]" = Service("WorkQueueService")
    workers: "Service[WorkerServiceAsyncStub]" = Service("WorkerService")
    leases: "Service[LeaseServiceAsyncStub]" = Service("LeaseService")
    logs: "Service[LogServiceAsyncStub]" = Service("LogService")
    server: "Service[ServerServiceAsyncStub]" = Service("ServerService")
    batches: "Service[BatchServiceAsyncStub]" = Service("BatchService")

    def __init__(
        self,
        channel: "grpc.aio.Channel | RelayChannel",
        settings: ClientSettings,
        *,
        sources: Sources | None = None,
        sleep: AsyncSleep = asyncio.sleep,
    ) -> None:
        """Usually made by `connect_async`. The client owns `channel` from now on."""
        self.settings = settings
        self._channel = channel
        self._closed = False
        self.transport = _Transport(channel, settings, sources or Sources(), sleep, lambda: self._closed)

    async def pages(
        self,
        method: "grpc.aio.UnaryUnaryMultiCallable[RequestT, ResponseT]",
        request: RequestT,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 (gRPC's deadline)
    ) -> AsyncIterator[ResponseT]:
        """Every page of a List method from `request` on, each asked for when it is wanted. `timeout` is for each."""
        following: RequestT | None = request
        while following is not None:
            page = await method(following, timeout=timeout)
            yield page
            following = request_after(following, page)

    async def items(
        self,
        method: "grpc.aio.UnaryUnaryMultiCallable[RequestT, ResponseT]",
        request: RequestT,
        *,
        of: type[ItemT],
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> AsyncIterator[ItemT]:
        """Every item of a List method, over all pages. `of` is the items' type: FlowRun for ListFlowRuns."""
        async for page in self.pages(method, request, timeout=timeout):
            for item in items_of(page, of):
                yield item

    async def close(self) -> None:
        """Ends all calls under way and the connection. May be repeated."""
        self._closed = True
        await self._channel.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class _Transport:
    """Stands in for the channel when a generated stub is made: each callable gets its plan."""

    def __init__(
        self,
        channel: "grpc.aio.Channel | RelayChannel",
        settings: ClientSettings,
        sources: Sources,
        sleep: AsyncSleep,
        is_closed: Callable[[], bool],
    ) -> None:
        self._channel = channel
        self._settings = settings
        self._sources = sources
        self._sleep = sleep
        self._is_closed = is_closed

    def unary_unary(self, path: str, **wiring: object) -> "_Unary[Any, Any]":
        plan = MethodPlan.of(path, self._settings, self._sources)
        send = refusing_when_closed(self._channel.unary_unary(path, **serializers(wiring)), self._is_closed)
        return _Unary(send, plan, self._sleep)

    def unary_stream(self, path: str, **wiring: object) -> "_Stream[Any, Any]":
        plan = MethodPlan.of(path, self._settings, self._sources)
        send = refusing_when_closed(self._channel.unary_stream(path, **serializers(wiring)), self._is_closed)
        return _Stream(send, plan, self._sleep)

    def stream_stream(self, path: str, **wiring: object) -> Callable[..., Any]:
        """gRPC's own call, with the key: whoever streams decides himself what is sent again."""
        plan = MethodPlan.of(path, self._settings, self._sources)
        send = refusing_when_closed(self._channel.stream_stream(path, **serializers(wiring)), self._is_closed)
        return partial(send, metadata=plan.metadata(None))


class _Unary(Generic[RequestT, ResponseT]):
    """One unary method."""

    def __init__(self, send: Callable[..., Awaitable[ResponseT]], plan: MethodPlan, sleep: AsyncSleep) -> None:
        self._send = send
        self._plan = plan
        self._sleep = sleep

    async def __call__(
        self,
        request: RequestT,
        timeout: float | None = None,  # noqa: ASYNC109 (gRPC's deadline)
        metadata: _CallMetadata | None = None,
        **options: object,
    ) -> ResponseT:
        call = UnaryCall(self._plan, request, timeout)
        beside = self._plan.metadata(metadata)
        while True:
            try:
                return await self._send(call.request, timeout=call.timeout(), metadata=beside, **options)
            except grpc.aio.AioRpcError as error:
                delay = call.delay_after(failure_of(error))
            await self._sleep(delay)


class _Stream(Generic[RequestT, ResponseT]):
    """One server-streaming method."""

    def __init__(self, send: Callable[..., Any], plan: MethodPlan, sleep: AsyncSleep) -> None:
        self._send = send
        self._plan = plan
        self._sleep = sleep

    def __call__(
        self, request: RequestT, timeout: float | None = None, metadata: _CallMetadata | None = None, **options: object
    ) -> "AsyncWatch[ResponseT]":
        call = StreamCall(self._plan, request, timeout)
        beside = self._plan.metadata(metadata)
        return AsyncWatch(
            call,
            lambda: self._send(call.opening(), timeout=call.timeout(), metadata=beside, **options),
            self._sleep,
        )


class AsyncWatch(Generic[ResponseT]):
    """A server stream that is opened again, where it broke off, until the server ends it. For one task at a time."""

    def __init__(self, call: StreamCall[Any], open_stream: Callable[[], Any], sleep: AsyncSleep) -> None:
        self._call = call
        self._open_stream = open_stream
        self._sleep = sleep
        self._stream: Any = None
        self._ended = False

    def __aiter__(self) -> AsyncIterator[ResponseT]:
        return self

    async def __anext__(self) -> ResponseT:
        while not self._ended:
            try:
                response = await self._read()
            except grpc.aio.AioRpcError as error:
                await self._sleep(self._delay_after(error))
                continue
            if response is grpc.aio.EOF:
                self._ended = True
            elif self._call.heard(response):
                found: ResponseT = response
                return found
        raise StopAsyncIteration

    def cancel(self) -> bool:
        """Ends the watch: whoever iterates over it sees its end."""
        first, self._ended = not self._ended, True
        if self._stream is not None:
            self._stream.cancel()
        return first

    async def _read(self) -> Any:  # noqa: ANN401 (a response, or gRPC's EOF)
        if self._stream is None:
            self._stream = self._open_stream()
        try:
            return await self._stream.read()
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self._ended and not (task and task.cancelling()):
                # The watch was cancelled, not the task that reads it.
                return grpc.aio.EOF
            self._ended = True
            raise

    def _delay_after(self, error: grpc.aio.AioRpcError) -> float:
        self._stream = None
        try:
            return self._call.delay_after(failure_of(error))
        except OrchClientError:
            self._ended = True
            raise
