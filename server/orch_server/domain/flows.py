"""Flows: the functions that runs are runs of."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow, known by its name. It comes into being with its first deployment or run."""

    id: UUID
    name: str
    create_time: datetime
