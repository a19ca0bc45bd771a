"""What tells this control plane from others."""

from uuid import UUID

from sqlalchemy import select

from orch_server.storage.scope import Scope
from orch_server.storage.tables import control_plane

_ID = select(control_plane.c.id)


class SqlControlPlane:
    """The store's side of `ControlPlaneRows`."""

    def __init__(self, scope: Scope) -> None:
        self._scope = scope

    def id(self) -> UUID:
        """Made with the database, for good."""
        found: UUID = self._scope.connection.execute(_ID).scalar_one()
        return found
