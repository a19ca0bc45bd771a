"""The sync client. It may be shared by threads."""

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import grpc
from google.protobuf.message import Message

from orch_client.calls import MethodPlan, Sources, StreamCall, UnaryCall
from orch_client.channel import open_channel, refusing_when_closed, serializers
from orch_client.errors import OrchClientError
from orch_client.paging import items_of, request_after
from orch_client.retry import RetryRule
from orch_client.services import Service
from orch_client.settings import ClientSettings, TlsFiles, settings_from
from orch_client.status import failure_of

if TYPE_CHECKING:
    from orch_proto.v1.batch_service_pb2_grpc import BatchServiceStub
    from orch_proto.v1.deployment_service_pb2_grpc import DeploymentServiceStub
    from orch_proto.v1.flow_run_service_pb2_grpc import FlowRunServiceStub
    from orch_proto.v1.flow_service_pb2_grpc import FlowServiceStub
    from orch_proto.v1.lease_service_pb2_grpc import LeaseServiceStub
    from orch_proto.v1.log_service_pb2_grpc import LogServiceStub
    from orch_proto.v1.schedule_service_pb2_grpc import ScheduleServiceStub
    from orch_proto.v1.server_service_pb2_grpc import ServerServiceStub
    from orch_proto.v1.task_run_service_pb2_grpc import TaskRunServiceStub
    from orch_proto.v1.work_pool_service_pb2_grpc import WorkPoolServiceStub
    from orch_proto.v1.work_queue_service_pb2_grpc import WorkQueueServiceStub
    from orch_proto.v1.worker_service_pb2_grpc import WorkerServiceStub

RequestT = TypeVar("RequestT", bound=Message)
ResponseT = TypeVar("ResponseT", bound=Message)
ItemT = TypeVar("ItemT", bound=Message)

Sleep = Callable[[float], object]
_CallMetadata = Iterable[tuple[str, str | bytes]]


def connect(
    address: str | None = None,
    *,
    api_key: str | None = None,
    tls: TlsFiles | None = None,
    allow_insecure: bool | None = None,
    timeout: float | None = None,
    retry: RetryRule | None = None,
) -> "Client":
    """A client of the control plane at `address` ("http://host:4201", "https://host:4201" or "host:4201").

    What is None comes from the environment: ORCH_API_URL, ORCH_API_KEY or ORCH_API_KEY_FILE, ORCH_TLS_CA_FILE,
    ORCH_TLS_CERT_FILE, ORCH_TLS_KEY_FILE, ORCH_ALLOW_INSECURE. `timeout`: seconds for a unary call that does not say
    (30). The network is first touched by the first call. Raises ConfigurationError where the values cannot be right.
    """
    settings = settings_from(
        os.environ,
        address=address,
        api_key=api_key,
        tls=tls,
        allow_insecure=allow_insecure,
        timeout=timeout,
        retry=retry,
    )
    return Client(open_channel(settings), settings)


class Client:
    """Calls a control plane. Each attribute is a service of the contract, each of its methods one call:

        client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=...), timeout=5)

    answers, retries where that is safe, and raises the errors of `orch_client.errors`. A Watch method gives an iterator
    that goes on where it broke off; its `cancel()` ends it from any thread. Threads may share a client; processes may
    not: connect after a fork.
    """

    flow_runs: "Service[FlowRunServiceStub]" = Service("FlowRunService")
    task_runs: "Service[TaskRunServiceStub]" = Service("TaskRunService")
    flows: "Service[FlowServiceStub]" = Service("FlowService")
    deployments: "Service[DeploymentServiceStub]" = Service("DeploymentService")
    schedules: "Service[ScheduleServiceStub]" = Service("ScheduleService")
    work_pools: "Service[WorkPoolServiceStub]" = Service("WorkPoolService")
    work_queues: "Service[WorkQueueServiceStub]" = Service("WorkQueueService")
    workers: "Service[WorkerServiceStub]" = Service("WorkerService")
    leases: "Service[LeaseServiceStub]" = Service("LeaseService")
    logs: "Service[LogServiceStub]" = Service("LogService")
    server: "Service[ServerServiceStub]" = Service("ServerService")
    batches: "Service[BatchServiceStub]" = Service("BatchService")

    def __init__(
        self,
        channel: grpc.Channel,
        settings: ClientSettings,
        *,
        sources: Sources | None = None,
        sleep: Sleep | None = None,
    ) -> None:
        """Usually made by `connect`. The client owns `channel` from now on."""
        self.settings = settings
        self._channel = channel
        self._closed = threading.Event()
        # Waiting between attempts ends early when the client is closed.
        self.transport = _Transport(
            channel, settings, sources or Sources(), sleep or self._closed.wait, self._closed.is_set
        )

    def pages(
        self,
        method: "grpc.UnaryUnaryMultiCallable[RequestT, ResponseT]",
        request: RequestT,
        *,
        timeout: float | None = None,
    ) -> Iterator[ResponseT]:
        """Every page of a List method from `request` on, each asked for when it is wanted. `timeout` is for each."""
        following: RequestT | None = request
        while following is not None:
            page = method(following, timeout=timeout)
            yield page
            following = request_after(following, page)

    def items(
        self,
        method: "grpc.UnaryUnaryMultiCallable[RequestT, ResponseT]",
        request: RequestT,
        *,
        of: type[ItemT],
        timeout: float | None = None,
    ) -> Iterator[ItemT]:
        """Every item of a List method, over all pages. `of` is the items' type: FlowRun for ListFlowRuns."""
        for page in self.pages(method, request, timeout=timeout):
            yield from items_of(page, of)

    def close(self) -> None:
        """Ends all calls under way and the connection. May be repeated."""
        self._closed.set()
        self._channel.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Transport:
    """Stands in for the channel when a generated stub is made: each callable gets its plan."""

    def __init__(
        self,
        channel: grpc.Channel,
        settings: ClientSettings,
        sources: Sources,
        sleep: Sleep,
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

    def __init__(self, send: Callable[..., ResponseT], plan: MethodPlan, sleep: Sleep) -> None:
        self._send = send
        self._plan = plan
        self._sleep = sleep

    def __call__(
        self, request: RequestT, timeout: float | None = None, metadata: _CallMetadata | None = None, **options: object
    ) -> ResponseT:
        call = UnaryCall(self._plan, request, timeout)
        beside = self._plan.metadata(metadata)
        while True:
            try:
                return self._send(call.request, timeout=call.timeout(), metadata=beside, **options)
            except grpc.RpcError as error:
                delay = call.delay_after(failure_of(error))
            self._sleep(delay)


class _Stream(Generic[RequestT, ResponseT]):
    """One server-streaming method."""

    def __init__(self, send: Callable[..., Any], plan: MethodPlan, sleep: Sleep) -> None:
        self._send = send
        self._plan = plan
        self._sleep = sleep

    def __call__(
        self, request: RequestT, timeout: float | None = None, metadata: _CallMetadata | None = None, **options: object
    ) -> "Watch[ResponseT]":
        call = StreamCall(self._plan, request, timeout)
        beside = self._plan.metadata(metadata)
        return Watch(
            call,
            lambda: self._send(call.opening(), timeout=call.timeout(), metadata=beside, **options),
            self._sleep,
        )


class Watch(Generic[ResponseT]):
    """A server stream that is opened again, where it broke off, until the server ends it. For one thread at a time."""

    def __init__(self, call: StreamCall[Any], open_stream: Callable[[], Any], sleep: Sleep) -> None:
        self._call = call
        self._open_stream = open_stream
        self._sleep = sleep
        self._guard = threading.Lock()
        self._stream: Any = None
        self._ended = False

    def __iter__(self) -> Iterator[ResponseT]:
        return self

    def __next__(self) -> ResponseT:
        while True:
            try:
                response: ResponseT = next(self._opened())
            except grpc.RpcError as error:
                self._sleep(self._delay_after(error))
            except StopIteration:
                self._ended = True
                raise
            else:
                if self._call.heard(response):
                    return response

    def cancel(self) -> bool:
        """Ends the watch: whoever iterates over it sees its end. May be called from any thread."""
        with self._guard:
            first, self._ended = not self._ended, True
            if self._stream is not None:
                self._stream.cancel()
        return first

    def _opened(self) -> Any:  # noqa: ANN401 (gRPC's iterator of responses)
        with self._guard:
            if self._ended:
                raise StopIteration
            if self._stream is None:
                self._stream = self._open_stream()
            return self._stream

    def _delay_after(self, error: grpc.RpcError) -> float:
        with self._guard:
            self._stream = None
            if self._ended:
                raise StopIteration
        try:
            return self._call.delay_after(failure_of(error))
        except OrchClientError:
            self._ended = True
            raise
