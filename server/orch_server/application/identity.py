"""Which control plane this is: all servers on one database are the same one."""

from uuid import UUID

from orch_server.application.ports import Store


class Identity:
    """Reads the id once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._id: UUID | None = None

    async def id(self) -> UUID:
        """The control plane's id. Raises Unavailable where it was not read before and the database is away."""
        if self._id is None:
            self._id = await self._store.read(lambda tx: tx.control_plane.id())
        return self._id
