"""Shared by the tests of schedules: short ways to write moments, specs to draw from, and a count of work."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import FrameType
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from orch_server.domain.schedules import CronSpec, IntervalSpec, RRuleSpec, ScheduleSpec
from orch_server.domain.schedules.zones import zone_names

BERLIN = "Europe/Berlin"
NEW_YORK = "America/New_York"
LORD_HOWE = "Australia/Lord_Howe"
KATHMANDU = "Asia/Kathmandu"
APIA = "Pacific/Apia"
SAO_PAULO = "America/Sao_Paulo"
ZONES = ("UTC", BERLIN, NEW_YORK, LORD_HOWE, KATHMANDU, APIA, SAO_PAULO)

CHANGES = (
    "2011-12-30T10:00",  # Apia skips a day
    "2018-11-04T03:00",  # Sao Paulo: midnight does not exist
    "2019-02-17T02:00",  # Sao Paulo: 23:00 to midnight comes twice
    "2025-10-04T15:30",  # Lord Howe forward, by half an hour
    "2026-04-04T15:00",  # Lord Howe back
    "2026-03-08T07:00",  # New York forward
    "2026-11-01T06:00",  # New York back
    "2026-03-29T01:00",  # Berlin forward
    "2026-10-25T01:00",  # Berlin back
)


def utc(text: str) -> datetime:
    """The moment that a text without offset names in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _wall(text: str) -> datetime:
    return datetime.fromisoformat(text)


def texts(moments: list[datetime] | tuple[datetime, ...]) -> list[str]:
    """Moments as short UTC texts."""
    assert all(moment.tzinfo is UTC for moment in moments)
    return [moment.strftime("%m-%dT%H:%M") for moment in moments]


def local(moments: list[datetime], zone: str) -> list[str]:
    """Moments as wall times of a zone."""
    return [moment.astimezone(ZoneInfo(zone)).strftime("%m-%dT%H:%M%z") for moment in moments]


def work_of(action: Callable[[], object]) -> int:
    """How many Python functions an action calls or resumes: a measure of work that no slow machine changes."""
    zone_names()  # read once a process
    calls = 0

    def count(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        action()
    finally:
        sys.setprofile(None)
    return calls


moments = st.one_of(
    st.datetimes(_wall("2000-01-01"), _wall("2040-01-01"), timezones=st.just(UTC)),
    st.builds(
        lambda change, minutes: utc(change) + timedelta(minutes=minutes),
        st.sampled_from(CHANGES),
        st.integers(-3000, 3000),
    ),
)
zones = st.sampled_from(ZONES)

_minutes = st.sampled_from(["*", "*/15", "*/7", "0", "30", "5,35", "15-45/10"])
_hours = st.sampled_from(["*", "*/2", "0", "1", "2", "3", "23", "1-3", "2,14"])
_days = st.sampled_from(["*", "1", "15", "L", "LW", "1-7", "*/2", "29"])
_months = st.sampled_from(["*", "3", "10-12", "*/3", "2"])
_weekdays = st.sampled_from(["*", "MON", "1-5", "0,6", "5L", "1#2", "7"])


@st.composite
def crons(draw: st.DrawFn) -> CronSpec:
    """Cron lines that are valid, though some may never fire."""
    line = " ".join(draw(part) for part in (_minutes, _hours, _days, _months, _weekdays))
    return CronSpec(line, draw(zones), day_or=draw(st.booleans()))


intervals = st.builds(
    IntervalSpec,
    st.one_of(
        st.integers(1, 200_000).map(lambda seconds: timedelta(seconds=seconds)),
        st.integers(1, 40).map(lambda days: timedelta(days=days)),
    ),
    moments,
    zones,
)

_FREQUENCIES = ("YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY")
_BY_PARTS = (
    "",
    ";BYHOUR=1,2,3",
    ";BYMINUTE=0,30",
    ";BYHOUR=2;BYMINUTE=30",
    ";BYDAY=MO,SU",
    ";BYMONTH=3,10,12",
    ";BYMONTH=2;BYDAY=SA",
    ";BYDAY=SU;BYHOUR=0,23;BYMINUTE=15",
)


@st.composite
def rrules(draw: st.DrawFn) -> RRuleSpec:
    """Recurrence rules that are valid, though some may never fire."""
    start = draw(st.datetimes(_wall("2000-01-01"), _wall("2030-01-01"))).strftime("%Y%m%dT%H%M%S")
    frequency, parts = draw(st.sampled_from(_FREQUENCIES)), draw(st.sampled_from(_BY_PARTS))
    interval = draw(st.integers(1, 10))
    end = draw(st.sampled_from(["", ";COUNT=50", ";UNTIL=20280101T000000Z"]))
    return RRuleSpec(f"DTSTART:{start}\nRRULE:FREQ={frequency};INTERVAL={interval}{parts}{end}", draw(zones))


specs: st.SearchStrategy[ScheduleSpec] = st.one_of(crons(), intervals, rrules())
