"""What recurrence rules mean: examples from RFC 5545, our readings, and dateutil as the judge of the rest."""

from datetime import UTC, datetime, timedelta
from itertools import dropwhile, islice

import pytest
from dateutil.rrule import rrulestr
from hypothesis import assume, given
from hypothesis import strategies as st

from orch_server.domain.schedules import RRuleSpec, next_time, preview
from tests.unit.domain.schedules.support import BERLIN, local, texts, utc

# From section 3.8.5.3, all with DTSTART:19970902T090000; dates are those the RFC lists.
RFC_EXAMPLES = {
    "FREQ=DAILY;COUNT=3": ["1997-09-02", "1997-09-03", "1997-09-04"],
    "FREQ=DAILY;INTERVAL=10;COUNT=5": ["1997-09-02", "1997-09-12", "1997-09-22"],
    "FREQ=WEEKLY;INTERVAL=2;WKST=SU": ["1997-09-02", "1997-09-16", "1997-09-30"],
    "FREQ=WEEKLY;UNTIL=19971007T000000Z;WKST=SU;BYDAY=TU,TH": ["1997-09-02", "1997-09-04", "1997-09-09"],
    "FREQ=MONTHLY;COUNT=10;BYDAY=1FR": ["1997-09-05", "1997-10-03", "1997-11-07"],
    "FREQ=MONTHLY;BYMONTHDAY=-3": ["1997-09-28", "1997-10-29", "1997-11-28"],
    "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200": ["2000-01-01", "2000-04-09", "2000-07-18"],
    "FREQ=YEARLY;BYDAY=20MO": ["1998-05-18", "1999-05-17", "2000-05-15"],
    "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO": ["1998-05-11", "1999-05-17", "2000-05-15"],
    "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13": ["1998-02-13", "1998-03-13", "1998-11-13"],
    "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13": ["1997-09-13", "1997-10-11", "1997-11-08"],
    "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8": ["1997-11-04", "2001-11-06", "2005-11-08"],
    "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3": ["1997-09-04", "1997-10-07", "1997-11-06"],
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2": ["1997-09-29", "1997-10-30", "1997-11-27"],
    "FREQ=YEARLY;BYWEEKNO=20": ["1998-05-12", "1999-05-18", "2000-05-16"],  # the weekday is DTSTART's, Tuesday
}


@pytest.mark.parametrize(("rule", "expected"), RFC_EXAMPLES.items())
def test_examples_of_the_rfc(rule: str, expected: list[str]) -> None:
    times = preview(RRuleSpec(f"DTSTART:19970902T090000\nRRULE:{rule}"), utc("1997-01-01T00:00"), 3)
    assert [time.strftime("%Y-%m-%d") for time in times] == expected
    assert {time.hour for time in times} == {9}


WITHOUT_START = {
    "FREQ=DAILY": ["01-02T00:00", "01-03T00:00"],
    "FREQ=WEEKLY": ["01-05T00:00", "01-12T00:00"],
    "FREQ=MONTHLY;BYHOUR=6": ["01-01T06:00", "02-01T06:00"],
    "rrule:freq=hourly;interval=6;": ["01-01T06:00", "01-01T12:00"],
    "FREQ=MINUTELY;INTERVAL=30;BYHOUR=9,10": ["01-01T09:00", "01-01T09:30"],
    "FREQ=DAILY\r\nRDATE:20260101T100000\r\nEXDATE:20260102T000000": ["01-01T10:00", "01-03T00:00"],
    "FREQ=DAILY;BYHOUR=1,\n 2": ["01-01T01:00", "01-01T02:00"],
    "FREQ=DAILY\nFREQ=DAILY;BYHOUR=0,12": ["01-01T12:00", "01-02T00:00"],
}


@pytest.mark.parametrize(("rule", "expected"), WITHOUT_START.items())
def test_a_rule_without_a_start(rule: str, expected: list[str]) -> None:
    assert texts(preview(RRuleSpec(rule), utc("2026-01-01T00:00"), 2)) == expected


def test_times_in_utc_are_the_moments_they_name() -> None:
    spec = RRuleSpec("DTSTART:20260101T080000Z\nRRULE:FREQ=DAILY\nEXDATE:20260102T080000Z", BERLIN)

    assert local(preview(spec, utc("2026-01-01T00:00"), 2), BERLIN) == ["01-01T09:00+0100", "01-03T09:00+0100"]


def test_a_day_as_until_counts_to_its_end() -> None:
    spec = RRuleSpec("DTSTART:20260101T090000\nRRULE:FREQ=DAILY;UNTIL=20260103")

    assert len(preview(spec, utc("2025-01-01T00:00"), 10)) == 3
    assert next_time(spec, utc("2026-01-03T09:00")) is None


_numbers = st.integers(1, 28).map(str)
_parts = st.fixed_dictionaries(
    {},
    optional={
        "BYMONTH": st.sampled_from(["1", "2,3", "1,4,7,10"]),
        "BYDAY": st.sampled_from(["MO", "TU,TH", "SA,SU"]),
        "BYHOUR": st.sampled_from(["0", "3,15", "9,10,11,12"]),
        "BYMINUTE": st.sampled_from(["0", "10,40", "59"]),
        "BYSECOND": st.sampled_from(["0", "15,45", "7"]),
        "WKST": st.sampled_from(["MO", "SU", "WE"]),
    },
)
_more_parts = {
    "YEARLY": ["", "BYYEARDAY=1,100,-1", "BYMONTHDAY=-1,15", "BYDAY=2MO,-1FR", "BYDAY=TU,WE;BYSETPOS=2,-3"],
    "MONTHLY": ["", "BYMONTHDAY=31", "BYMONTHDAY=-1,15", "BYDAY=2MO,-1FR", "BYDAY=TU,WE;BYSETPOS=1,-1"],
    "WEEKLY": ["", "BYDAY=MO,WE,FR;BYSETPOS=-1"],
    "DAILY": ["", "BYMONTHDAY=1,-1", "BYHOUR=1,2,3;BYSETPOS=2"],
    "HOURLY": ["", "BYMONTHDAY=13"],
    "MINUTELY": ["", "BYYEARDAY=200"],
    "SECONDLY": ["", "BYMONTHDAY=2"],
}


@st.composite
def rule_texts(draw: st.DrawFn) -> str:
    """Parts of an RRULE that this reading and dateutil's should agree on."""
    frequency = draw(st.sampled_from(sorted(_more_parts)))
    chosen = draw(st.sampled_from(_more_parts[frequency]))
    parts = {name: value for name, value in draw(_parts).items() if f"{name}=" not in chosen}
    interval = draw(st.integers(1, 100 if frequency in {"HOURLY", "MINUTELY", "SECONDLY"} else 3))
    text = ";".join([f"FREQ={frequency}", f"INTERVAL={interval}", *(f"{n}={v}" for n, v in parts.items()), chosen])
    return text.rstrip(";")


_starts = st.datetimes(utc("2020-01-01").replace(tzinfo=None), utc("2020-12-31").replace(tzinfo=None))


@given(rule_texts(), _starts, st.floats(0, 1))
def test_the_same_times_as_dateutil(rule: str, start: datetime, share: float) -> None:
    start = start.replace(microsecond=0)
    if "BYSETPOS" in rule and "WEEKLY" in rule:
        start -= timedelta(days=start.weekday())  # dateutil counts positions in a first, partial week from DTSTART
        assume("WKST" not in rule)
    is_fast = "SECONDLY" in rule or "MINUTELY" in rule  # dateutil walks these one by one
    after = start + timedelta(days=1 if is_fast else 4000) * share
    spec = RRuleSpec(f"DTSTART:{start:%Y%m%dT%H%M%S}\nRRULE:{rule}")

    ours = [time.replace(tzinfo=None) for time in preview(spec, after.replace(tzinfo=UTC), 5)]
    # Rules that never fire keep dateutil busy for minutes, and so do far times of fast rules; where we found
    # fewer than asked for, dateutil goes on beyond our 50 years.
    assume(ours and (not is_fast or ours[-1] - start < timedelta(days=60)))

    theirs = islice(dropwhile(lambda time: time <= after, rrulestr(rule, dtstart=start)), len(ours))

    assert ours == list(theirs)
