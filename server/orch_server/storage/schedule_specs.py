"""Specs of schedules as JSON text. Keys are stored for long: rename none, and give new ones a default."""

import json
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from orch_server.domain.schedules import CronSpec, IntervalSpec, RRuleSpec, ScheduleSpec

_MICROSECOND = timedelta(microseconds=1)


def dump_spec(spec: ScheduleSpec) -> str:
    """A spec as text."""
    return json.dumps(_stored(spec), separators=(",", ":"))


def _stored(spec: ScheduleSpec) -> dict[str, Any]:
    match spec:
        case CronSpec():
            return {
                "kind": "cron",
                "expression": spec.expression,
                "time_zone": spec.time_zone,
                "day_or": spec.day_or,
            }
        case IntervalSpec():
            return {
                "kind": "interval",
                "interval_us": spec.interval // _MICROSECOND,
                "anchor": spec.anchor.isoformat(),
                "time_zone": spec.time_zone,
            }
        case RRuleSpec():
            return {"kind": "rrule", "rule": spec.rule, "time_zone": spec.time_zone}


@lru_cache(maxsize=4096)
def load_spec(text: str) -> ScheduleSpec:
    """The spec that a text holds. Cached: many schedules say the same, and each is read whenever it fires."""
    stored = json.loads(text)
    match stored["kind"]:
        case "cron":
            return CronSpec(stored["expression"], stored["time_zone"], stored["day_or"])
        case "interval":
            anchor = datetime.fromisoformat(stored["anchor"])
            return IntervalSpec(stored["interval_us"] * _MICROSECOND, anchor, stored["time_zone"])
        case "rrule":
            return RRuleSpec(stored["rule"], stored["time_zone"])
        case kind:
            raise ValueError(f"A schedule of kind {kind!r} was stored by a newer version of Orch.")
