"""Bytes into messages of the contract, and back: protobuf's binary form, and its JSON."""

from collections.abc import Callable

from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message

from orch_client.errors import Failure

_DEEPEST_JSON = 64

Refuse = Callable[[Failure], Exception]
"""Makes of a failure what may be raised for it."""


class ProtoCodec:
    """Protobuf's binary form."""

    def __init__(self, refuse: Refuse) -> None:
        self._refuse = refuse

    def name(self) -> str:
        """As it stands in content types."""
        return "proto"

    def encode(self, message: Message) -> bytes:
        """The message's bytes."""
        return message.SerializeToString()

    def decode(self, data: bytes | bytearray, message_class: type[Message]) -> Message:
        """The message. Raises what stands for INVALID_ARGUMENT where the bytes are none."""
        try:
            return message_class.FromString(bytes(data))
        except DecodeError as error:
            cause = "its bytes are not this method's message. Is the client made from orch.v1?"
            raise self._refuse(_malformed(cause)) from error


class JsonCodec:
    """Protobuf's JSON. A name that the contract does not have is an error: people write JSON, and mistype."""

    def __init__(self, refuse: Refuse) -> None:
        self._refuse = refuse

    def name(self) -> str:
        """As it stands in content types."""
        return "json"

    def encode(self, message: Message) -> bytes:
        """The message as JSON, without fields that have their default."""
        return json_format.MessageToJson(message, indent=None, ensure_ascii=False).encode()

    def decode(self, data: bytes | bytearray, message_class: type[Message]) -> Message:
        """The message; an empty body is an empty one. Raises what stands for INVALID_ARGUMENT where it is no JSON."""
        text = bytes(data).strip()
        if not text:
            return message_class()
        if not text.startswith(b"{"):
            raise self._refuse(_malformed('it is not a JSON object such as {"pageSize": 10}.'))
        try:
            return json_format.Parse(text, message_class(), max_recursion_depth=_DEEPEST_JSON)
        # What protobuf raises for JSON that is not its: ParseError, and what it did not think of.
        except (json_format.Error, ValueError, TypeError, AttributeError, RecursionError, OverflowError) as error:
            raise self._refuse(_malformed(_first_line(error))) from error


def _malformed(cause: str) -> Failure:
    return Failure(code="INVALID_ARGUMENT", message=f"The request cannot be read: {cause}", reason="MALFORMED_REQUEST")


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else type(error).__name__
