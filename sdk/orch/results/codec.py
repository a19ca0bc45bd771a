"""Values to bytes and back. The media type says how, so that bytes can be read without knowing who wrote them."""

import json
from typing import TYPE_CHECKING

from orch.errors import ResultSerializationError
from orch.results import tagged, tagged_numpy
from orch.results.blame import find_culprit

if TYPE_CHECKING:
    from orch.serializers import SerializerLike

JSON = "application/json"
"""JSON without tags: what any program understands."""
TAGGED_JSON = "application/vnd.orch.tagged+json"
PICKLE = "application/vnd.orch.cloudpickle"
RAW = "application/octet-stream"
"""The value is bytes: these."""
NUMPY = "application/vnd.orch.npy"
CUSTOM = "application/vnd.orch.serializer"
"""A pickle of the serializer that wrote the value, and what it wrote: length (4 bytes, big-endian), pickle, bytes."""

_COMPRESSED = {
    "compressed/json": f"{TAGGED_JSON}; compression=lzma",
    "compressed/pickle": f"{PICKLE}; compression=lzma",
}
_WAYS_OUT = (
    "Return something else, choose another result_serializer, or do without keeping the result: persist_result=False."
)


def encode(value: object, serializer: "SerializerLike | str | None" = None) -> tuple[bytes, str]:
    """The value as bytes, and their media type.

    Without a serializer: JSON where it reads back exactly as it was, else a pickle. ResultSerializationError names the
    part of the value that cannot be written; ConfigurationError says that there is no such serializer.
    """
    if serializer is None:
        return _encode_freely(value)
    if serializer == "json":
        data, has_tags = json_bytes(value)
        return data, TAGGED_JSON if has_tags else JSON
    if serializer == "pickle":
        return pickle_bytes(value), PICKLE
    return _encode_with(value, serializer)


def decode(data: bytes, media_type: str) -> object:
    """The value that `encode` was given. ResultSerializationError where it cannot be read here."""
    try:
        return _decode(data, media_type)
    except ResultSerializationError:
        raise
    # A pickle runs the user's code, which may raise anything.
    except Exception as error:
        raise ResultSerializationError(
            f"A stored value ({media_type}, {len(data)} bytes) cannot be read here: {_said(error)}. Either it is "
            "damaged, or the code or the libraries that wrote it differ from those here. Compute the value again."
        ) from error


def json_bytes(value: object) -> tuple[bytes, bool]:
    """The value as JSON, and whether it has tags. ResultSerializationError where it has no exact form."""
    try:
        return tagged.dumps(value, any_size=True)
    except tagged.NotRepresentableError as error:
        raise ResultSerializationError(
            f"{_sentence(value, error.place(), error.value)} {error.why}. The serializer 'json' writes only what reads "
            f"back exactly as it was. {_WAYS_OUT}"
        ) from error


def pickle_bytes(value: object) -> bytes:
    """The value as a pickle. ResultSerializationError names the part that cannot be pickled."""
    from orch.results import pickling

    try:
        return pickling.dumps(value)
    # What is pickled runs its own code, which may raise anything.
    except Exception as error:
        place, culprit = find_culprit(value, _cannot_be_pickled)
        raise ResultSerializationError(
            f"{_sentence(value, place, culprit)} cannot be pickled: {_said(error)}. {_WAYS_OUT}"
        ) from error


def _encode_freely(value: object) -> tuple[bytes, str]:
    if type(value) is bytes:
        return value, RAW
    try:
        data, has_tags = tagged.dumps(value, any_size=False)
    except tagged.NotRepresentableError:
        if tagged_numpy.is_array(value):
            return tagged_numpy.array_bytes(value), NUMPY  # type: ignore[arg-type]
        return pickle_bytes(value), PICKLE
    return data, TAGGED_JSON if has_tags else JSON


def _encode_with(value: object, serializer: "SerializerLike | str") -> tuple[bytes, str]:
    from orch.serializers import find_serializer

    found = find_serializer(serializer)
    try:
        data = bytes(found.dumps(value))
    except ResultSerializationError:
        raise
    # The serializer is the user's code, which may raise anything.
    except Exception as error:
        raise ResultSerializationError(
            f"{_sentence(value, '', value)} cannot be written by {found!r}: {_said(error)}. {_WAYS_OUT}"
        ) from error
    for name, media_type in (("json", TAGGED_JSON), ("pickle", PICKLE), *_COMPRESSED.items()):
        if found == find_serializer(name):
            return data, media_type
    written = pickle_bytes(found)
    return len(written).to_bytes(4, "big") + written + data, CUSTOM


def _decode(data: bytes, media_type: str) -> object:
    kind, _, option = media_type.partition(";")
    if option.strip() == "compression=lzma":
        import lzma

        data = lzma.decompress(data)
    match kind:
        case "application/json" | "application/vnd.orch.tagged+json":
            return tagged.loads(data) if kind == TAGGED_JSON else json.loads(data)
        case "application/vnd.orch.cloudpickle" | "application/vnd.orch.serializer":
            from orch.results import pickling
            from orch.serializers import find_serializer

            if kind == PICKLE:
                return pickling.loads(data)
            start = 4 + int.from_bytes(data[:4], "big")
            return find_serializer(pickling.loads(data[4:start])).loads(data[start:])  # type: ignore[arg-type]
        case "application/vnd.orch.npy":
            return tagged_numpy.array_of(data)
        case "application/octet-stream":
            return data
    raise ResultSerializationError(
        f"A stored value has the media type {media_type!r}, which this version of Orch does not know. "
        "It was written by another program, or by a newer version: read it there, or upgrade here."
    )


def _cannot_be_pickled(part: object) -> bool:
    from orch.results import pickling

    try:
        pickling.dumps(part)
    except Exception:
        return True
    return False


def _sentence(value: object, place: str, culprit: object) -> str:
    if not place:
        return f"The result, a {_type_name(value)},"
    return f"The result, a {_type_name(value)}, holds at `result{place}` a {_type_name(culprit)}, which"


def _type_name(value: object) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def _said(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
