"""States, failures and results."""

from datetime import datetime

from orch_proto.v1 import result_pb2, state_pb2
from orch_server.application.errors import InvalidArgument
from orch_server.domain.results import MAX_INLINE_BYTES, Result
from orch_server.domain.states import Failure, State, StateChange, StateType
from orch_server.rpc.convert.basics import check_text, parse_enum, write_time

MAX_MESSAGE_CHARACTERS = 65_536
_MAX_NAME_CHARACTERS = 64
_CUT = "… (cut)"
_NAMES = {each: each.name.capitalize() for each in StateType}
_TYPES = {each.value: each for each in StateType}


def cut(text: str, longest: int = MAX_MESSAGE_CHARACTERS) -> str:
    """A text for people, cut where it is too long, without NUL (which Postgres cannot store)."""
    clean = text.replace("\x00", "�") if "\x00" in text else text
    return clean if len(clean) <= longest else clean[: longest - len(_CUT)] + _CUT


def failure_message(failure: Failure) -> state_pb2.Failure:
    """A failure on the wire."""
    return state_pb2.Failure(
        type=failure.type, message=failure.message, stack_trace=failure.stack_trace, retryable=failure.retryable
    )


def to_failure(message: state_pb2.Failure) -> Failure:
    """A failure from the wire; long texts are cut."""
    retryable = message.retryable if message.HasField("retryable") else None
    return Failure(cut(message.type, 512), cut(message.message), cut(message.stack_trace), retryable)


def state_message(state: State) -> state_pb2.State:
    """A state on the wire."""
    message = state_pb2.State()
    write_state(message, state)
    return message


def write_state(message: state_pb2.State, state: State) -> None:
    """Fill an empty message, or a field of another one, with a state."""
    message.type = state_pb2.StateType.ValueType(state.type)
    message.name = state.name
    message.message = state.message
    write_time(message.state_time, state.time)
    if state.failure is not None:
        message.failure.CopyFrom(failure_message(state.failure))


def to_state_type(value: int, field: str) -> StateType:
    """A state type from the wire. InvalidArgument where it is missing or not known."""
    type_ = _TYPES.get(value) or parse_enum(value, StateType, field)
    if type_ is None:
        raise InvalidArgument.of(field, "is missing.")
    return type_


def to_state_name(message: state_pb2.State) -> str:
    """The name that a holder gives a state, in a field `state`; empty for the type's own."""
    return check_text(message.name, "state.name", longest=_MAX_NAME_CHARACTERS)


def to_state(message: state_pb2.State, time: datetime) -> State:
    """A state from the wire, entered at that time, where it is a field `state`."""
    type_, name, text = to_state_type(message.type, "state.type"), message.name, message.message
    return State(
        type=type_,
        name=to_state_name(message) if name else _NAMES[type_],
        time=time,
        message=cut(text) if text else "",
        failure=to_failure(message.failure) if message.HasField("failure") else None,
    )


def change_message(change: StateChange) -> state_pb2.StateChange:
    """An entry of a history on the wire."""
    return state_pb2.StateChange(version=change.version, state=state_message(change.state), token=change.token)


def result_message(result: Result | None) -> result_pb2.Result | None:
    """A result on the wire. In lists it comes without its bytes."""
    if result is None:
        return None
    message = result_pb2.Result(media_type=result.media_type, size_bytes=result.size_bytes)
    if result.uri:
        message.uri = result.uri
    elif result.data is not None:
        message.data = result.data
    return message


def to_result(message: result_pb2.Result, field: str) -> Result:
    """A result from the wire. InvalidArgument for one that is too large to be kept here."""
    data = message.data if message.WhichOneof("content") == "data" else None
    if data is not None and len(data) > MAX_INLINE_BYTES:
        text = f"{len(data)} bytes exceed the limit of {MAX_INLINE_BYTES} bytes (512 KiB). Store it and give its uri."
        raise InvalidArgument.of(f"{field}.data", text, reason="RESULT_TOO_LARGE")
    media_type = check_text(message.media_type, f"{field}.media_type", longest=256) or "application/octet-stream"
    uri = check_text(message.uri, f"{field}.uri", longest=4096)
    return Result(data, uri, media_type, message.size_bytes or len(data or b""))
