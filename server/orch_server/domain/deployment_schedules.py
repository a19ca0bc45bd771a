"""A deployment's schedule as a whole: when it fires, what with, and how far it has come."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from uuid import UUID

from orch_server.domain.schedules import CatchUpPolicy, CronSpec, IntervalSpec, OverlapPolicy, RRuleSpec, ScheduleSpec

MAX_JITTER = timedelta(days=1)
_LONGEST_SLUG = 64
_UTC_NAMES = frozenset({"UTC", "Etc/UTC"})


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to run a deployment. `parameters`, a JSON object as text, are laid over the deployment's.

    `next_time` is the first nominal time not yet decided, None where it never fires again; `last_time` the newest that
    fired. `version` rises by one with every change by somebody, not with firing; an etag is made of it.
    """

    id: UUID
    deployment_id: UUID
    name: str
    spec: ScheduleSpec
    paused: bool
    parameters: str
    catch_up_policy: CatchUpPolicy
    catch_up_window: timedelta | None
    overlap_policy: OverlapPolicy
    jitter: timedelta
    next_time: datetime | None
    last_time: datetime | None
    create_time: datetime
    update_time: datetime
    version: int = 1


def name_of_spec(spec: ScheduleSpec) -> str:
    """A name for a schedule that was given none, always the same for the same spec: `cron-0-2-berlin-1f3a9c04`."""
    match spec:
        case CronSpec(expression=expression):
            kind, text = "cron", " ".join(expression.split())
        case IntervalSpec(interval=interval):
            kind, text = "interval", _span(interval)
        case RRuleSpec(rule=rule):
            kind, text = "rrule", rule
    zone = "" if spec.time_zone in _UTC_NAMES else " " + spec.time_zone.rpartition("/")[2]
    slug = re.sub(r"[^a-z0-9]+", "-", f"{kind} {text}{zone}".lower()).strip("-")[:_LONGEST_SLUG]
    return f"{slug}-{blake2b(repr(spec).encode(), digest_size=4).hexdigest()}"


def _span(interval: timedelta) -> str:
    seconds = interval.total_seconds()
    return f"{int(seconds)}s" if seconds == int(seconds) else f"{seconds}s"
