"""What is said of specs that make no sense, and that nothing, however hostile, does more than be refused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch_server.domain.schedules import (
    CronSpec,
    IntervalSpec,
    InvalidScheduleError,
    RRuleSpec,
    ScheduleSpec,
    next_time,
    validate,
)
from tests.unit.domain.schedules.support import specs, utc

ANCHOR = utc("2026-01-01T00:00")

# spec, the field blamed, words of the description
WRONG: list[tuple[ScheduleSpec, str, str]] = [
    (CronSpec(""), "expression", "0 fields instead of five"),
    (CronSpec("0 2 * *"), "expression", "4 fields instead of five .* for example '0 2"),
    (CronSpec("60 2 * * *"), "expression", r"bad minute field '60': use 0-59, for example .*\*/15"),
    (CronSpec("0 24 * * *"), "expression", "bad hour field '24'"),
    (CronSpec("0 0 32 * *"), "expression", "bad day-of-month field '32'"),
    (CronSpec("0 0 1 13 *"), "expression", "bad month field '13'.*JAN-DEC"),
    (CronSpec("0 0 * * FRI-MON"), "expression", "bad day-of-week field 'FRI-MON'.*ranges must rise"),
    (CronSpec("0 0 ? * *"), "expression", "bad day-of-month field"),
    (CronSpec("*/0 * * * *"), "expression", "bad minute field.*steps be above 0"),
    (CronSpec("0 0 2 * * *"), "expression", "six fields.*leave the seconds out"),
    (CronSpec("@reboot"), "expression", "'@reboot' is unknown; use one of @hourly"),
    (CronSpec("0 " * 129), "expression", "at most 256 characters, this one has 258"),
    (CronSpec("0 0 30 2 *"), "expression", "the day must also exist in at least one of the months"),
    (CronSpec("0 0 30 2 MON", day_or=False), "expression", "never fires"),
    (CronSpec("0 0 1 * MON#2", day_or=False), "expression", "never fires"),
    (CronSpec("@daily", "Europe/Berln"), "time_zone", "no time zone 'Europe/Berln'; did you mean Europe/Berlin"),
    (CronSpec("@daily", "new york"), "time_zone", "did you mean America/New_York"),
    (CronSpec("@daily", "Europe"), "time_zone", "no time zone"),
    (CronSpec("@daily", "../../etc/passwd"), "time_zone", "use an IANA name such as UTC"),
    (CronSpec("@daily", "localtime"), "time_zone", "no time zone"),
    (CronSpec("@daily", ""), "time_zone", "use an IANA name"),
    (IntervalSpec(timedelta(milliseconds=999), ANCHOR), "interval", "at least 1 second, not 0:00:00.999"),
    (IntervalSpec(timedelta(0), ANCHOR), "interval", "at least 1 second"),
    (IntervalSpec(timedelta(seconds=-5), ANCHOR), "interval", "at least 1 second"),
    (IntervalSpec(timedelta(days=40_000), ANCHOR), "interval", "at most 3660 days"),
    (IntervalSpec(timedelta(days=1), ANCHOR.replace(tzinfo=None)), "anchor", "no UTC offset"),
    (IntervalSpec(timedelta(days=1), datetime.max.replace(tzinfo=UTC)), "anchor", "not in the year 9999"),
    (RRuleSpec(""), "rule", "needs an RRULE or RDATE line, for example"),
    (RRuleSpec("DTSTART:20260101T000000"), "rule", "needs an RRULE or RDATE line"),
    (RRuleSpec("INTERVAL=2"), "rule", "FREQ is needed, one of YEARLY"),
    (RRuleSpec("FREQ=FORTNIGHTLY"), "rule", "FREQ is needed, one of YEARLY"),
    (RRuleSpec("FREQ=SECONDLY;INTERVAL=0"), "rule", "INTERVAL is a whole number from 1 to"),
    (RRuleSpec("FREQ=DAILY;INTERVAL=99999999999999999999"), "rule", "INTERVAL is a whole number from 1 to 3660"),
    (RRuleSpec("FREQ=DAILY;BYSECOND=60"), "rule", "BYSECOND is a whole number from 0 to 59"),
    (RRuleSpec("FREQ=MONTHLY;BYMONTHDAY=0"), "rule", "BYMONTHDAY counts from 1"),
    (RRuleSpec("FREQ=DAILY;BYEASTER=0"), "rule", "unknown part 'BYEASTER=0'"),
    (RRuleSpec("FREQ=DAILY;FREQ=DAILY"), "rule", "FREQ stands twice"),
    (RRuleSpec("FREQ=WEEKLY;BYDAY=1MO"), "rule", "numbers in BYDAY"),
    (RRuleSpec("FREQ=MONTHLY;BYDAY=XX"), "rule", "BYDAY is a list such as MO,WE.*not 'XX'"),
    (RRuleSpec("FREQ=MONTHLY;BYWEEKNO=2"), "rule", "BYWEEKNO does not go with FREQ=MONTHLY"),
    (RRuleSpec("FREQ=HOURLY;BYMINUTE=1,2;BYSETPOS=1"), "rule", "BYSETPOS does not go with FREQ=HOURLY"),
    (RRuleSpec("FREQ=MONTHLY;BYSETPOS=1"), "rule", "BYSETPOS picks from what another BY part lists"),
    (RRuleSpec("FREQ=DAILY;COUNT=3"), "rule", "a DTSTART line is needed"),
    (RRuleSpec("DTSTART:20260101T000000\nFREQ=DAILY;COUNT=10001"), "rule", "COUNT is a whole number from 1 to 10000"),
    (RRuleSpec("DTSTART:20260101T000000\nFREQ=DAILY;COUNT=1;UNTIL=20270101"), "rule", "exclude each other"),
    (RRuleSpec("DTSTART:20260230T000000\nFREQ=DAILY"), "rule", "does not exist in the calendar"),
    (RRuleSpec("DTSTART:00010101T000000\nFREQ=DAILY"), "rule", "outside the years 1971 to 2998"),
    (RRuleSpec("DTSTART:tomorrow\nFREQ=DAILY"), "rule", "is no date and time; write 20260301T090000"),
    (RRuleSpec("DTSTART;TZID=Asia/Tokyo:20260101T000000\nFREQ=DAILY"), "rule", "set its time_zone and drop TZID"),
    (RRuleSpec("FREQ=DAILY\nEXRULE:FREQ=DAILY"), "rule", "EXRULE is not supported"),
    (RRuleSpec("FREQ=DAILY\nSUMMARY:lunch"), "rule", "unknown line 'SUMMARY'; use DTSTART, RRULE"),
    (RRuleSpec("\n".join(["FREQ=DAILY"] * 5)), "rule", "at most 4 RRULE lines"),
    (RRuleSpec("FREQ=DAILY;BYHOUR=" + ",".join(["1"] * 3000)), "rule", "at most 4096 characters"),
    (RRuleSpec("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"), "rule", "never fires"),
    (RRuleSpec("DTSTART:20260101T000000\nFREQ=DAILY;UNTIL=20251231"), "rule", "never fires"),
    (RRuleSpec("FREQ=SECONDLY;INTERVAL=2;BYSECOND=1"), "rule", "never fires"),
    (RRuleSpec("DTSTART:20260101T000000\nFREQ=DAILY;COUNT=1\nEXDATE:20260101T000000"), "rule", "never fires"),
    (RRuleSpec("FREQ=DAILY", "Nowhere/Land"), "time_zone", "no time zone"),
]


@pytest.mark.parametrize(("spec", "field", "description"), WRONG, ids=[str(number) for number in range(len(WRONG))])
def test_what_is_wrong_is_said(spec: ScheduleSpec, field: str, description: str) -> None:
    (violation,) = validate(spec)

    assert violation.field == field
    with pytest.raises(AssertionError, match=description):
        raise AssertionError(violation.description)


def test_every_wrong_field_is_named() -> None:
    spec = IntervalSpec(timedelta(0), ANCHOR.replace(tzinfo=None), "Nowhere/Land")
    assert [violation.field for violation in validate(spec)] == ["interval", "anchor", "time_zone"]


def test_an_ended_rule_is_valid() -> None:
    spec = RRuleSpec("DTSTART:19990101T000000\nFREQ=DAILY;COUNT=3")
    assert validate(spec) == []
    assert next_time(spec, ANCHOR) is None


def test_an_invalid_spec_has_no_times() -> None:
    with pytest.raises(InvalidScheduleError, match="expression: bad minute field") as caught:
        next_time(CronSpec("60 2 * * *"), ANCHOR)
    assert caught.value.violation.field == "expression"


_cron_text = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="0123456789*/,-L#W@ MONFRI", max_size=60),
    st.lists(st.text(alphabet="0123456789*/,-L#W?MONFRI", min_size=1, max_size=8), min_size=5, max_size=5).map(
        " ".join
    ),
)
_rule_value = st.one_of(
    st.integers(-400, 400).map(str),
    st.lists(st.integers(-60, 60).map(str), min_size=1, max_size=8).map(",".join),
    st.lists(st.sampled_from(["MO", "1TU", "-1FR", "SU"]), min_size=1, max_size=4).map(",".join),
    st.sampled_from(["20260101T000000Z", "20200101", "SECONDLY", ""]),
    st.text(max_size=10),
)
_RULE_NAMES = (
    *("INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYSECOND", "BYMINUTE", "BYHOUR"),
    *("BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS"),
)
_rule_names = st.sampled_from(_RULE_NAMES)
_frequencies = st.sampled_from(["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"])
_rule_text = st.one_of(
    st.text(max_size=200),
    st.text(alphabet="DTSTARULEXQFO=:;,0123456789TZ\n ", max_size=100),
    st.builds(
        lambda head, frequency, parts, tail: (
            f"{head}FREQ={frequency};" + ";".join(f"{name}={value}" for name, value in parts.items()) + tail
        ),
        st.sampled_from(["", "DTSTART:20200229T233015\n", "DTSTART:19710101T000000Z\nRRULE:"]),
        _frequencies,
        st.dictionaries(_rule_names, _rule_value, min_size=1, max_size=5),
        st.sampled_from(["", "\nEXDATE:20200229T233015", "\nRDATE:20300101T000000"]),
    ),
)
_zone_text = st.one_of(st.just("Europe/Berlin"), st.text(max_size=80), st.text(alphabet="Europe/.Berlin", max_size=20))
_hostile: st.SearchStrategy[ScheduleSpec] = st.one_of(
    st.builds(CronSpec, _cron_text, _zone_text, st.booleans()),
    st.builds(IntervalSpec, st.timedeltas(), st.datetimes(timezones=st.none() | st.timezones()), _zone_text),
    st.builds(RRuleSpec, _rule_text, st.just("Europe/Berlin") | _zone_text),
)


@given(_hostile)
def test_anything_is_either_refused_or_has_times(spec: ScheduleSpec) -> None:
    violations = validate(spec)

    assert all(violation.description for violation in violations)
    if not violations:
        next_time(spec, ANCHOR)


@given(specs)
def test_what_the_other_tests_draw_is_at_most_never_firing(spec: ScheduleSpec) -> None:
    assert all("never fires" in violation.description for violation in validate(spec))
