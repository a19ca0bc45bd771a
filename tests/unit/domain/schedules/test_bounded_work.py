"""No schedule makes the scheduler work long: counted in function calls, not in seconds."""

from datetime import timedelta

import pytest

from orch_server.domain.schedules import (
    CatchUpPolicy,
    CronSpec,
    IntervalSpec,
    RRuleSpec,
    ScheduleSpec,
    due_times,
    next_time,
    validate,
)
from tests.unit.domain.schedules.support import BERLIN, utc, work_of

NOW = utc("2026-06-15T12:34:56")
ODD_DAYS = ",".join(str(day) for day in range(1, 366, 2))
EVERY_SECOND = ",".join(str(second) for second in range(60))

QUICK: list[ScheduleSpec] = [
    IntervalSpec(timedelta(seconds=1), utc("1990-01-01T00:00")),
    IntervalSpec(timedelta(days=1), utc("1990-01-01T00:00"), BERLIN),
    CronSpec("*/5 * * * *", BERLIN),
    CronSpec("0 2 * * *", BERLIN),
    RRuleSpec("DTSTART:19900101T000000\nFREQ=MINUTELY", BERLIN),
    RRuleSpec("DTSTART:19900101T000000\nFREQ=SECONDLY;INTERVAL=7", BERLIN),
    RRuleSpec("DTSTART:19900101T000000\nFREQ=DAILY;BYHOUR=9", BERLIN),
    RRuleSpec("DTSTART:19900101T000000\nFREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR", BERLIN),
    RRuleSpec("DTSTART:19900101T000000\nFREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", BERLIN),
]


@pytest.mark.parametrize("spec", QUICK, ids=str)
def test_an_old_start_costs_nothing(spec: ScheduleSpec) -> None:
    assert work_of(lambda: next_time(spec, NOW)) < 1_500


HOSTILE: list[ScheduleSpec] = [
    CronSpec("0 0 30 2 MON", day_or=False),
    CronSpec("59 23 31 4,6,9,11 1-6", BERLIN, day_or=False),
    RRuleSpec("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"),
    RRuleSpec("FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30"),
    RRuleSpec("FREQ=WEEKLY;BYMONTH=1;BYDAY=MO\nFREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
    RRuleSpec("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"),
    RRuleSpec("FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30"),
    RRuleSpec("FREQ=SECONDLY;BYHOUR=3;BYMINUTE=59;BYSECOND=59;BYMONTH=2;BYMONTHDAY=29"),
    RRuleSpec("FREQ=SECONDLY;INTERVAL=16;BYHOUR=1;BYMINUTE=1;BYSECOND=1"),
    RRuleSpec("FREQ=SECONDLY;INTERVAL=86401;BYHOUR=0;BYMINUTE=0;BYSECOND=0"),
    RRuleSpec(f"FREQ=SECONDLY;INTERVAL=7;BYDAY=TU;BYHOUR=0,7,14,21;BYMINUTE=0,7,14;BYSECOND={EVERY_SECOND}"),
    RRuleSpec("FREQ=MINUTELY;INTERVAL=1440;BYHOUR=5"),
    RRuleSpec(f"FREQ=YEARLY;BYYEARDAY={ODD_DAYS};BYMONTH=2;BYMONTHDAY=30"),
    RRuleSpec("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=" + ",".join(str(position) for position in range(336, 366))),
    RRuleSpec("DTSTART:19710101T000000\nFREQ=SECONDLY;COUNT=10000"),
    RRuleSpec("DTSTART:19710101T000000\nFREQ=DAILY;BYMONTH=2;BYMONTHDAY=29;COUNT=10000"),
    RRuleSpec("\n".join(["FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"] * 4)),
    RRuleSpec("DTSTART:20260101T000000\nFREQ=SECONDLY;COUNT=10000\nFREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=5"),
]


@pytest.mark.parametrize("spec", HOSTILE, ids=[str(number) for number in range(len(HOSTILE))])
def test_hostile_specs_are_answered(spec: ScheduleSpec) -> None:
    assert work_of(lambda: validate(spec)) < 500_000
    assert work_of(lambda: next_time(spec, NOW)) < 500_000


@pytest.mark.parametrize("policy", CatchUpPolicy)
@pytest.mark.parametrize("spec", [QUICK[0], QUICK[2], QUICK[4], QUICK[5]], ids=str)
def test_a_long_outage_costs_as_little_as_a_short_one(spec: ScheduleSpec, policy: CatchUpPolicy) -> None:
    def ask() -> None:
        due_times(spec, last=utc("1995-01-01T00:00"), now=NOW, catch_up=policy, window=timedelta.max, limit=100)

    assert work_of(ask) < 60_000
