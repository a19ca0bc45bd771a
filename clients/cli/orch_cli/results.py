"""Results of runs in words. Nothing is unpickled: that would run somebody's code."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orch_proto.v1.result_pb2 import Result

_LIMIT_CHARACTERS = 2000


def shown_result(result: "Result") -> str:
    """JSON as it stands, cut where it is long; for anything else what it is, and how large."""
    if result.WhichOneof("content") == "uri":
        return f"{result.uri} ({result.media_type}, {result.size_bytes:,} bytes)"
    if not is_json(result.media_type):
        return f"{result.size_bytes:,} bytes of {result.media_type}" if result.media_type else ""
    text = result.data.decode("utf-8", "replace")
    if len(text) <= _LIMIT_CHARACTERS:
        return text
    return f"{text[:_LIMIT_CHARACTERS]}… ({len(text):,} characters; -o json shows all)"


def is_json(media_type: str) -> bool:
    """Whether the bytes are JSON, with tags for what JSON does not know or without."""
    return media_type.split("/")[-1] in ("json", "vnd.orch.tagged+json")
