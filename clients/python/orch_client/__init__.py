"""How any Python code calls a control plane: channels, retries, errors, pagination.

    from orch_client import connect

    with connect("http://127.0.0.1:4201") as client:
        run = client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=...)).flow_run

`connect` gives a `Client`, `connect_async` an `AsyncClient` with the same surface. What may be decided without a
socket (addresses, retries, errors, pages, resuming, leases) is pure code of one module each; `client` and
`async_client` only drive it.

Importing this package loads neither grpc nor protobuf: the names below arrive when they are first used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orch_client.address import Address
    from orch_client.async_client import AsyncClient, connect_async
    from orch_client.client import Client, connect
    from orch_client.errors import (
        AlreadyExistsError,
        CallCancelledError,
        ConfigurationError,
        ConflictError,
        DeadlineError,
        FailedPreconditionError,
        FieldViolation,
        IncompatibleServerError,
        InvalidArgumentError,
        NotFoundError,
        OrchClientError,
        OverloadedError,
        PermissionDeniedError,
        ServerError,
        UnauthenticatedError,
        UnavailableError,
    )
    from orch_client.leases import LeaseClock, LeaseKeeper, SafetyMargin
    from orch_client.retry import RetryRule
    from orch_client.settings import ClientSettings, TlsFiles

__all__ = [
    "Address",
    "AlreadyExistsError",
    "AsyncClient",
    "CallCancelledError",
    "Client",
    "ClientSettings",
    "ConfigurationError",
    "ConflictError",
    "DeadlineError",
    "FailedPreconditionError",
    "FieldViolation",
    "IncompatibleServerError",
    "InvalidArgumentError",
    "LeaseClock",
    "LeaseKeeper",
    "NotFoundError",
    "OrchClientError",
    "OverloadedError",
    "PermissionDeniedError",
    "RetryRule",
    "SafetyMargin",
    "ServerError",
    "TlsFiles",
    "UnauthenticatedError",
    "UnavailableError",
    "connect",
    "connect_async",
]

# Where each name lives; an error lives in `errors`.
_HOMES = {
    "Address": "address",
    "AsyncClient": "async_client",
    "Client": "client",
    "ClientSettings": "settings",
    "LeaseClock": "leases",
    "LeaseKeeper": "leases",
    "RetryRule": "retry",
    "SafetyMargin": "leases",
    "TlsFiles": "settings",
    "connect": "client",
    "connect_async": "async_client",
}


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
