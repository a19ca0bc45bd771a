"""What a servicer may ask about the call that it answers, whoever made it: gRPC, or the process itself.

Servicers know no more of the transport than this, so that the embedded control plane runs them without loading grpc.
"""

from collections.abc import Iterable
from typing import Protocol


class Context(Protocol):
    """The call. grpc's own context is one."""

    def invocation_metadata(self) -> Iterable[tuple[str, str | bytes]] | None:
        """What came beside the request, such as the caller's trace context."""
        ...


class LocalCall:
    """A call from within the process: nothing came beside the request."""

    __slots__ = ()

    def invocation_metadata(self) -> Iterable[tuple[str, str | bytes]] | None:
        """Nothing."""
        return None
