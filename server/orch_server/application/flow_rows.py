"""The port to flows in the store."""

from collections.abc import Collection, Sequence
from typing import Protocol
from uuid import UUID

from orch_server.domain.flows import Flow


class FlowRows(Protocol):
    """Flows, unique by name."""

    def ids_by_name(self, names: Sequence[str]) -> dict[str, UUID]:
        """Those of these flows that are there."""
        ...

    @property
    def added(self) -> Collection[str]:
        """Names that this transaction has tried to insert: until it is committed, their ids may be those of nobody."""
        ...

    def add_missing(self, flows: Sequence[Flow]) -> None:
        """Insert flows whose names are not taken, also where two servers insert at once; the others stay."""
        ...

    def get(self, flow_id: UUID) -> Flow | None:
        """One flow by id."""
        ...

    def get_by_name(self, name: str) -> Flow | None:
        """One flow by name."""
        ...

    def page(self, *, name_prefix: str, after: str | None, limit: int) -> list[Flow]:
        """Flows whose name starts so, ordered by name, those past `after`, at most `limit`."""
        ...
