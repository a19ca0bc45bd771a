"""What the store offers about the control plane itself."""

from typing import Protocol
from uuid import UUID


class ControlPlaneRows(Protocol):
    """What tells this control plane from others."""

    def id(self) -> UUID:
        """Made with the database, for good."""
        ...
