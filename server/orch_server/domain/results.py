"""Results: what a flow or a task returned. Opaque to the control plane."""

from orch_server.domain.values import value

MAX_INLINE_BYTES = 512 * 1024
"""Larger results go to storage of the user's choice; the control plane keeps their address."""


@value
class Result:
    """Either the serialised value itself (`data`) or where it lies (`uri`)."""

    data: bytes | None
    uri: str
    media_type: str
    size_bytes: int
