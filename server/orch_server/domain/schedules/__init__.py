"""When a schedule fires: what its spec means, what is due, and what becomes of each nominal time.

    validate                         says what is wrong with a spec; everything else expects a valid one
    next_time times_between preview  the nominal times of a spec
    due_times                        which of them fire now, after an outage too
    decide_overlap                   what to do while an earlier run goes on
    jittered idempotency_key         when a time starts, and the key that lets it fire once

Pure: the same arguments give the same answer, on every server with the same time zone data. Errors:

    InvalidScheduleError (a ValueError)   times were asked of a spec that `validate` objects to
    ValueError                            a naive datetime, a limit below 1, a negative jitter
"""

from orch_server.domain.schedules.catch_up import (
    DEFAULT_WINDOW_FOR_ALL,
    GRACE,
    MAX_SKIPPED,
    CatchUpPolicy,
    Due,
    due_times,
)
from orch_server.domain.schedules.firing import idempotency_key, jittered
from orch_server.domain.schedules.overlap import OverlapDecision, OverlapPolicy, decide_overlap
from orch_server.domain.schedules.specs import CronSpec, IntervalSpec, RRuleSpec, ScheduleSpec
from orch_server.domain.schedules.times import next_time, preview, times_between
from orch_server.domain.schedules.validation import validate
from orch_server.domain.schedules.violations import InvalidScheduleError, Violation

__all__ = [
    "DEFAULT_WINDOW_FOR_ALL",
    "GRACE",
    "MAX_SKIPPED",
    "CatchUpPolicy",
    "CronSpec",
    "Due",
    "IntervalSpec",
    "InvalidScheduleError",
    "OverlapDecision",
    "OverlapPolicy",
    "RRuleSpec",
    "ScheduleSpec",
    "Violation",
    "decide_overlap",
    "due_times",
    "idempotency_key",
    "jittered",
    "next_time",
    "preview",
    "times_between",
    "validate",
]
