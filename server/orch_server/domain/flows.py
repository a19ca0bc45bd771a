"""Flows: the functions that runs are runs of."""

from datetime import datetime
from uuid import UUID

from orch_server.domain.values import value


@value
class Flow:
    """A flow, known by its name. It comes into being with its first deployment or run."""

    id: UUID
    name: str
    create_time: datetime
