"""Failures as gRPC statuses, with details that a program can read; `failures.py` says what becomes which failure.

    raised                       details
    OrchError                    ErrorInfo, and BadRequest or RetryInfo
    undecodable request          ErrorInfo MALFORMED_REQUEST
    anything else                ErrorInfo INTERNAL with a correlation id
    AbortError, CancelledError   as they are

Handlers are wrapped once, when they are registered, instead of by an interceptor at each call. The wrapper also turns
bytes into the request and the answer into bytes, so that what goes wrong there is answered from here as well.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

import grpc
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

from orch_client.errors import Failure, FieldViolation
from orch_server.application.errors import OrchError
from orch_server.application.telemetry import RPC_CALLS, Attribute, NoTelemetry, Telemetry
from orch_server.rpc.failures import (
    MalformedRequest,
    failure_for,
    failure_of,
    internal_failure,
    random_correlation_id,
)
from orch_server.rpc.handlers import Context, Handler, behavior_of, function_of, is_async, rebuilt

DOMAIN = "orch"
_NO_TELEMETRY = NoTelemetry()

# Clients take 8 KiB of trailers unless told otherwise, and lose the answer where there is more. The message travels
# twice: percent-encoded, up to three bytes for one, and within the details, which travel as base64.
_MAX_MESSAGE_BYTES = 768
_MAX_VALUE_BYTES = 256
_MAX_VIOLATIONS_BYTES = 1800


def error_status(
    code: grpc.StatusCode,
    message: str,
    *,
    reason: str,
    metadata: Mapping[str, str] | None = None,
    details: Sequence[Message] = (),
) -> grpc.Status:
    """A status with ErrorInfo and further details, cut so that it fits into any client's trailers."""
    return rpc_status.to_status(_encodable(code, message, reason=reason, metadata=metadata, details=details))


def _encodable(
    code: grpc.StatusCode,
    message: str,
    *,
    reason: str,
    metadata: Mapping[str, str] | None = None,
    details: Sequence[Message] = (),
) -> Status:
    info = ErrorInfo(reason=reason, domain=DOMAIN)
    for name, value in (metadata or {}).items():
        info.metadata[name] = _cut(value, _MAX_VALUE_BYTES)
    status = Status(code=code.value[0], message=_cut(message, _MAX_MESSAGE_BYTES))
    for detail in (info, *details):
        status.details.add().Pack(detail)
    return status


def status_of(error: OrchError) -> grpc.Status | None:
    """The status that stands for an error; None for a kind that is missing in the map."""
    failure = failure_for(error)
    return None if failure is None else _status_from(failure)


def _status_from(failure: Failure) -> grpc.Status:
    return rpc_status.to_status(status_message(failure))


def status_message(failure: Failure) -> Status:
    """A failure as google.rpc.Status, whose details have the sizes that any client takes."""
    return _encodable(
        grpc.StatusCode[failure.code],
        failure.message,
        reason=failure.reason,
        metadata=failure.metadata,
        details=_details(failure),
    )


def guarded(
    handler: Handler,
    method: str,
    *,
    correlation_id: Callable[[], str] = random_correlation_id,
    telemetry: Telemetry = _NO_TELEMETRY,
) -> Handler:
    """The handler, answering what it raises with a status. `method` is its name for the log and the count of calls.

    The function of a generated base, which is not async, stands for an RPC that this server lacks: UNIMPLEMENTED.
    Raises TypeError for any other that is not async: it would run in a thread, where no use case may.
    """
    if not is_async(handler):
        return _unimplemented(handler, method)
    behavior = behavior_of(handler)
    decode = _decoder(handler, method)
    # What streams gRPC converts, message by message.
    take = _same if handler.request_streaming else decode
    encode = _same if handler.response_streaming else handler.response_serializer or _same

    service, _, name = method.partition("/")
    attributes: dict[str, Attribute] = {"transport": "grpc", "rpc.service": service, "rpc.method": name}

    async def guard(request: object, context: Context) -> object:
        code = "CANCELLED"
        try:
            answer = encode(await behavior(take(request), context))
            code = "OK"
        except Exception as error:
            code = _code_of(error)
            await _refuse(error, context, method, correlation_id)
        finally:
            telemetry.count(RPC_CALLS, 1, **attributes, code=code)
        return answer

    return rebuilt(
        handler,
        guard,
        decode=decode if handler.request_streaming else None,
        encode=handler.response_serializer if handler.response_streaming else None,
    )


def _code_of(error: Exception) -> str:
    failure = failure_for(error) if isinstance(error, OrchError) else None
    return failure.code if failure else "INTERNAL"


async def _refuse(error: Exception, context: Context, method: str, correlation_id: Callable[[], str]) -> NoReturn:
    if isinstance(error, grpc.aio.BaseError):
        # Its own status has been sent, or nobody is there to hear one.
        raise error
    status = status_of(error) if isinstance(error, OrchError) else None
    await context.abort_with_status(status or _status_from(internal_failure(error, method, correlation_id())))


class Encoded:
    """A unary method of bytes: what fails comes as a google.rpc.Status, not as gRPC's own."""

    def __init__(self, handler: Handler, method: str, *, telemetry: Telemetry = _NO_TELEMETRY) -> None:
        """`method` is its name for the log and the count of calls.

        Raises TypeError for one that is not async, or streams.
        """
        if not is_async(handler) or handler.request_streaming or handler.response_streaming:
            raise TypeError(f"{method} is not a unary method that runs on the event loop.")
        self._behavior = behavior_of(handler)
        self._decode = _decoder(handler, method)
        self._encode: Callable[[Any], Any] = handler.response_serializer or _same
        self._method = method
        self._telemetry = telemetry
        service, _, name = method.partition("/")
        self._attributes: dict[str, Attribute] = {"transport": "grpc", "rpc.service": service, "rpc.method": name}

    async def __call__(self, request: bytes, context: Context) -> bytes | Status:
        """The response, or the status that stands for what was raised."""
        code = "CANCELLED"
        try:
            response: bytes = self._encode(await self._behavior(self._decode(request), context))
            code = "OK"
        except grpc.aio.BaseError:
            raise
        except Exception as error:
            failure = failure_of(error, self._method)
            code = failure.code
            return status_message(failure)
        finally:
            self._telemetry.count(RPC_CALLS, 1, **self._attributes, code=code)
        return response


def _decoder(handler: Handler, method: str) -> Callable[[Any], object]:
    deserialize = handler.request_deserializer
    if deserialize is None:
        return _same

    def decode(raw: bytes) -> object:
        try:
            return deserialize(raw)
        except DecodeError as error:
            raise MalformedRequest(
                f"The request's bytes are not the message that {method} takes. Is the client made from orch.v1?",
                reason="MALFORMED_REQUEST",
            ) from error

    return decode


def _unimplemented(handler: Handler, method: str) -> Handler:
    if not function_of(handler).__module__.endswith("_pb2_grpc"):
        raise TypeError(f"The handler of {method} is not async.")
    status = error_status(
        grpc.StatusCode.UNIMPLEMENTED, f"This control plane does not have {method}.", reason="UNIMPLEMENTED"
    )

    async def refuse(request: object, context: Context) -> None:
        await context.abort_with_status(status)

    return rebuilt(handler, refuse, decode=None, encode=None)


def _details(failure: Failure) -> list[Message]:
    details: list[Message] = [_bad_request(failure.violations)] if failure.violations else []
    if failure.retry_after_seconds is not None:
        delay = Duration()
        delay.FromNanoseconds(round(failure.retry_after_seconds * 1e9))
        details.append(RetryInfo(retry_delay=delay))
    return details


def _bad_request(violations: Sequence[FieldViolation]) -> BadRequest:
    """As many violations as fit; the last says how many do not."""
    request = BadRequest()
    room = _MAX_VIOLATIONS_BYTES
    for index, violation in enumerate(_cut_violations(violations)):
        room -= violation.ByteSize()
        if room < 0:
            request.field_violations.add(description=f"and {len(violations) - index} more")
            break
        request.field_violations.append(violation)
    return request


def _cut_violations(violations: Sequence[FieldViolation]) -> Iterator[BadRequest.FieldViolation]:
    for violation in violations:
        yield BadRequest.FieldViolation(
            field=_cut(violation.field, _MAX_VALUE_BYTES), description=_cut(violation.description, _MAX_VALUE_BYTES)
        )


def _cut(text: str, limit: int) -> str:
    """At most `limit` bytes of UTF-8, whole characters, and nothing that UTF-8 cannot say (lone surrogates)."""
    encoded = text.encode("utf-8", errors="replace")
    if len(encoded) <= limit:
        return encoded.decode()
    return encoded[: limit - 3].decode(errors="ignore") + "…"


def _same(value: object) -> object:
    return value
