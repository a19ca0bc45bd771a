"""The standard health service (grpc.health.v1), for load balancers, Kubernetes and clients.

Not grpcio's own servicer: there, the first of two watchers to leave takes the news away from the other, and a watcher
keeps a stopping server waiting for the whole grace period.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable

import grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import HealthServicer

from orch_server.rpc.handlers import Context

SERVICE = "grpc.health.v1.Health"

_UNKNOWN = HealthCheckResponse(status=HealthCheckResponse.SERVICE_UNKNOWN)
_SERVING = HealthCheckResponse(status=HealthCheckResponse.SERVING)
_NOT_SERVING = HealthCheckResponse(status=HealthCheckResponse.NOT_SERVING)


class Health(HealthServicer):
    """Says of each service, and of the server ("") as a whole, whether it serves."""

    def __init__(self) -> None:
        self._serving: dict[str, bool] = {"": True}
        self._draining = False
        self._changed = asyncio.Event()

    def set(self, services: Iterable[str], *, serving: bool) -> None:
        """Sets the state of services; "" is the server as a whole. Once drained, nothing serves again."""
        self._serving.update(dict.fromkeys(services, serving and not self._draining))
        self._tell()

    def set_all(self, serving: bool) -> None:
        """Sets the state of the server as a whole, and of each of its services."""
        self.set(tuple(self._serving), serving=serving)

    def drain(self) -> None:
        """Nothing serves from now on. Watchers hear it, and their streams end."""
        self._draining = True
        self.set(tuple(self._serving), serving=False)

    async def Check(self, request: HealthCheckRequest, context: Context) -> HealthCheckResponse:
        """The state now. NOT_FOUND for a service that is not here, as the protocol asks."""
        if request.service not in self._serving:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"There is no service {request.service!r} here.")
        return self._state(request.service)

    async def Watch(self, request: HealthCheckRequest, context: Context) -> AsyncIterator[HealthCheckResponse]:
        """The state now and whenever it changes, until the server drains."""
        last = None
        while True:
            changed, state, draining = self._changed, self._state(request.service), self._draining
            if state is not last:
                yield state
            last = state
            if draining:
                return
            await changed.wait()

    def _state(self, service: str) -> HealthCheckResponse:
        serving = self._serving.get(service)
        if serving is None:
            return _UNKNOWN
        return _SERVING if serving else _NOT_SERVING

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
