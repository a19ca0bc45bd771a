"""The port to answered requests: what makes mutating calls safe to repeat."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from orch_server.domain.values import value


@value
class AnsweredRequest:
    """A request that was carried out: its id, a digest of method and body, and the answer as it went out."""

    id: UUID
    method: str
    fingerprint: bytes
    response: bytes


class RequestRows(Protocol):
    """Answered requests, kept for a day."""

    def lock(self, request_id: UUID) -> None:
        """Wait for whoever carries out the same request just now, and keep others out until this transaction ends."""
        ...

    def find(self, ids: Sequence[UUID]) -> dict[UUID, AnsweredRequest]:
        """Those of these ids that were answered before."""
        ...

    def add(self, answered: Sequence[AnsweredRequest]) -> None:
        """Remember answers, in the transaction that carried them out."""
        ...
