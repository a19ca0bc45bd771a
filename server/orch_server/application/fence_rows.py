"""The port to what guards a holder's writes: the newest token of the run that they belong to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from orch_server.domain.states import StateType
from orch_server.domain.values import value


@value
class Fence:
    """Where a run stands. A write that names its newest token comes from its newest holder; `token` is 0 before the
    first grant."""

    token: int
    state: StateType
    work_pool_id: UUID | None
    create_time: datetime
    end_time: datetime | None

    def admits(self, token: int) -> bool:
        """Whether a write under this token may happen. The newest token stays good after the run has ended or was given
        back: what its holder still has to say is kept, until somebody else is granted the run."""
        return token == self.token > 0


@value
class Mark:
    """What tells a run from what it was: its version, and how many log lines it has."""

    version: int
    lines: int


class FenceRows(Protocol):
    """Where runs stand, for writes that do not change the runs themselves."""

    def hold(self, ids: Sequence[UUID]) -> dict[UUID, Fence]:
        """Where these runs stand, kept so until the transaction ends: no grant can come between guard and write.

        Writers of the same run wait for each other here. Those that are not there are left out.
        """
        ...

    def look(self, flow_run_id: UUID) -> Fence | None:
        """Where one run stands now, for readers."""
        ...

    def marks(self, ids: Sequence[UUID]) -> dict[UUID, Mark]:
        """What tells these runs from what they were; those that are not there are left out."""
        ...
