"""Invariants 14 and 15: a time fires once; log offsets are contiguous: what guards them."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from orch_server.application import firing, log_appends
from orch_server.application.log_appends import LogAppend
from orch_server.storage import schedules as stored_schedules
from orch_server.storage.schedules import SqlSchedules
from tests.simulation.checks import schedules_and_logs
from tests.simulation.guards.guard import POSTGRES, Guard, Patch, Whatever

if TYPE_CHECKING:
    from sqlalchemy import Select

# 14


def _fire_what_was_fired(patch: Patch) -> None:
    patch.setattr(firing, "_unfired", lambda tx, plans: list(plans))
    patch.setattr(firing, "_key", lambda plan, nominal: uuid4().hex)


def _do_not_move_schedules(patch: Patch) -> None:
    patch.setattr(SqlSchedules, "advance", lambda self, advances: None)
    _fire_what_was_fired(patch)


def _do_not_lock_schedules(patch: Patch) -> None:
    due: Select[Any] = stored_schedules._DUE._clone()
    due._for_update_arg = None
    patch.setattr(stored_schedules, "_DUE", due)


# 15


def _store_at_any_offset(patch: Patch) -> None:
    original = log_appends._Ledger.take

    def take(self: log_appends._Ledger, append: LogAppend) -> Whatever:
        committed = self._now.setdefault(append.flow_run_id, {}).get(append.stream, 0)
        return original(self, replace(append, offset=committed))

    patch.setattr(log_appends._Ledger, "take", take)


GUARDS = (
    Guard(14, "schedules move on", schedules_and_logs.a_time_fires_once, _do_not_move_schedules),
    Guard(
        14,
        "schedules are locked",
        schedules_and_logs.a_time_decided_here_is_not_fired_there,
        _do_not_lock_schedules,
        POSTGRES,
    ),
    Guard(
        14, "times are known by key", schedules_and_logs.a_redeployed_schedule_does_not_fire_again, _fire_what_was_fired
    ),
    Guard(15, "offsets are compared", schedules_and_logs.log_lines_are_contiguous, _store_at_any_offset),
)
