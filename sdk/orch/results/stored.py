"""A result as it is written down."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StoredResult:
    """What a flow or a task returned, serialised: either the bytes themselves, or where they lie."""

    data: bytes | None
    """The serialised value; None where `uri` says where it lies."""
    uri: str
    """Where the serialised value lies, as a URL (file:, s3:, gs: …); empty where `data` holds it."""
    media_type: str
    """How to read it back; `orch.results.decode` knows."""
    size_bytes: int
    """Size of the serialised value."""
