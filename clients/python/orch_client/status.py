"""From a gRPC status to a typed error. The one table, for sync and async alike.

Details ride in the trailing metadata as a google.rpc.Status (https://google.aip.dev/193).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from google.protobuf.message import DecodeError
from google.rpc.code_pb2 import Code
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from orch_client.errors import ERRORS, Failure, FieldViolation, OrchClientError, ServerError
from orch_client.settings import ClientSettings

_DETAILS_KEY = "grpc-status-details-bin"


class _Code(Protocol):
    @property
    def name(self) -> str: ...


class StatusError(Protocol):
    """What grpc.RpcError of a sync call and grpc.aio.AioRpcError have in common."""

    def code(self) -> _Code: ...
    def details(self) -> str | None: ...
    def trailing_metadata(self) -> Iterable[Any] | None: ...


def failure_of(error: StatusError) -> Failure:
    """The status of a failed call, with its details. Details that cannot be read are left out."""
    failure = Failure(code=error.code().name, message=error.details() or "")
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS_KEY and isinstance(value, bytes):
            return _with_details(failure, value)
    return failure


def failure_in(encoded: bytes) -> Failure:
    """The failure in an encoded google.rpc.Status, as answers carry it that have no gRPC status of their own."""
    status = Status.FromString(encoded)
    code = Code.Name(status.code) if status.code in Code.values() else "UNKNOWN"
    return _with_details(Failure(code=code, message=status.message), encoded)


def _with_details(failure: Failure, encoded: bytes) -> Failure:
    try:
        details = Status.FromString(encoded).details
    except DecodeError:
        return failure
    info, bad_request, retry = ErrorInfo(), BadRequest(), RetryInfo()
    for detail in details:
        if detail.Unpack(info):
            failure = replace(failure, reason=info.reason, metadata=dict(info.metadata))
        elif detail.Unpack(bad_request):
            violations = tuple(FieldViolation(v.field, v.description) for v in bad_request.field_violations)
            failure = replace(failure, violations=violations)
        elif detail.Unpack(retry):
            seconds = retry.retry_delay.ToTimedelta().total_seconds()
            failure = replace(failure, retry_after_seconds=max(seconds, 0.0))
    return failure


def error_for(failure: Failure, *, method: str, settings: ClientSettings) -> OrchClientError:
    """The error to raise. What the control plane said stands as it is; what gRPC said is explained."""
    explain = None if failure.reason else _EXPLANATIONS.get(failure.code)
    message = explain(failure, method, settings) if explain else failure.message
    return ERRORS.get(failure.code, ServerError)(message or f"{method} failed with {failure.code}.", failure)


def _unavailable(failure: Failure, method: str, settings: ClientSettings) -> str:
    if "ssl" in failure.message.lower() or "certificate" in failure.message.lower():
        cure = "The TLS handshake failed: see that ORCH_TLS_CA_FILE names the authority that signed its certificate."
    else:
        cure = (
            "See that it runs (`orch server start` starts one), and that ORCH_API_URL is its gRPC address, with"
            " https:// where it expects TLS and http:// where it does not."
        )
    return f"Cannot reach the control plane at {settings.url}: {_said(failure)}. {cure}"


def _deadline(failure: Failure, method: str, settings: ClientSettings) -> str:
    return (
        f"The control plane at {settings.url} did not answer {method} in time. The call may still have been carried"
        " out. See whether the control plane is overloaded, or pass a longer timeout."
    )


def _unimplemented(failure: Failure, method: str, settings: ClientSettings) -> str:
    return (
        f"What answers at {settings.url} does not know {method}: {_said(failure)}. Either the control plane is older"
        " than this client, or that is not its gRPC address (port 4201 unless set otherwise)."
    )


def _unauthenticated(failure: Failure, method: str, settings: ClientSettings) -> str:
    fault = "does not accept this API key" if settings.api_key else "asks for an API key, and none was given"
    return f"The control plane at {settings.url} {fault}: {_said(failure)}. Set ORCH_API_KEY or ORCH_API_KEY_FILE."


def _cancelled(failure: Failure, method: str, settings: ClientSettings) -> str:
    return (
        f"{method} at {settings.url} was cut short: {_said(failure)}. The client was closed or the server stopped;"
        " the call may still have been carried out."
    )


def _failed(failure: Failure, method: str, settings: ClientSettings) -> str:
    return (
        f"{method} failed at {settings.url} with {failure.code}: {_said(failure)}. The control plane's log says more."
    )


def _said(failure: Failure) -> str:
    return failure.message.strip().rstrip(".") or failure.code


_EXPLANATIONS: Mapping[str, Callable[[Failure, str, ClientSettings], str]] = {
    "UNAVAILABLE": _unavailable,
    "DEADLINE_EXCEEDED": _deadline,
    "UNIMPLEMENTED": _unimplemented,
    "UNAUTHENTICATED": _unauthenticated,
    "CANCELLED": _cancelled,
    "INTERNAL": _failed,
    "UNKNOWN": _failed,
    "DATA_LOSS": _failed,
}
