"""Cron lines and recurrence rules that people have written, and what comes of them by a slip of the hand."""

from datetime import UTC, datetime
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from orch_proto.v1.schedule_pb2 import CronSpec as CronMessage
from orch_proto.v1.schedule_pb2 import RRuleSpec as RRuleMessage
from orch_proto.v1.schedule_pb2 import Schedule as ScheduleMessage
from orch_server.application.errors import InvalidArgument
from orch_server.domain.schedules import (
    CatchUpPolicy,
    CronSpec,
    InvalidScheduleError,
    RRuleSpec,
    ScheduleSpec,
    due_times,
    preview,
    validate,
)
from orch_server.rpc.convert.schedules import to_spec
from tests.fuzz.fuzzing import bounded, fuzzed, refusal
from tests.fuzz.mutations import mutated

CRON = (
    *("*/15 9-17 * * MON-FRI", "0 0 L * *", "0 0 LW * *", "5 4 * * 5L", "30 2 1-7 * 1#2", "@daily", "@hourly"),
    *("0 0 29 2 *", "59 23 31 12 *", "0 0 1,15 * 3", "*/7 */5 */3 */2 *", "0 22 * * 1-5", "23 0-20/2 * * *"),
)
CRON_WORDS = ("*", "/", ",", "L", "W", "#", "?", "@", "\t", "0-59/0", "7", "60", "SUN", "5#6", "00000001", "٣")
RULES = (
    "DTSTART:20260301T090000\nRRULE:FREQ=WEEKLY;BYDAY=MO,WE,FR;UNTIL=20271231T235959Z",
    "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18;BYMINUTE=0,30",
    "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29",
    "FREQ=YEARLY;BYWEEKNO=53;BYDAY=SU;WKST=SU",
    "FREQ=SECONDLY;INTERVAL=86399;BYHOUR=2;BYMINUTE=30;BYSECOND=59",
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1,1",
    "FREQ=DAILY;COUNT=10000",
    "DTSTART:19990101T000000Z\nRDATE:20300101T000000,20300102T000000\nEXDATE:20300101T000000",
    "FREQ=MINUTELY;INTERVAL=527040;BYYEARDAY=366",
    "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
)
RULE_WORDS = (
    *(";", "=", ",", ":", "\r\n ", "RRULE:", "EXRULE:", "COUNT=1", "UNTIL=20300101", "BYSETPOS=366", "BYEASTER=1"),
    *("BYYEARDAY=-366", "INTERVAL=316224000", "TZID=Europe/Berlin", "-53SU", "BYSECOND=60", "FREQ=SECONDLY"),
    *("BYMONTHDAY=-31", "BYMONTH=2", "20260230T250000", ",".join(map(str, range(60)))),
)
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia"])
NOW = datetime(2026, 11, 22, 12, 30, 1, tzinfo=UTC)

cron_specs = st.builds(CronSpec, mutated(CRON, CRON_WORDS), ZONES, day_or=st.booleans())
rule_specs = st.builds(RRuleSpec, mutated(RULES, RULE_WORDS), ZONES)


@fuzzed(150)
@given(cron_specs)
def test_a_cron_line_is_refused_or_has_times(spec: CronSpec) -> None:
    refused_or_has_times(spec)


@fuzzed(120)
@given(rule_specs)
def test_a_rule_is_refused_or_has_times(spec: RRuleSpec) -> None:
    refused_or_has_times(spec)


@fuzzed(40)
@given(cron_specs | rule_specs)
def test_what_an_outage_has_left_is_caught_up_in_no_time(spec: ScheduleSpec) -> None:
    if validate(spec):
        return

    for policy in CatchUpPolicy:
        with bounded():
            due = due_times(
                spec, last=datetime(2016, 1, 1, tzinfo=UTC), now=NOW, catch_up=policy, window=None, limit=10
            )
        assert len(due.fire) <= 10
        assert due.next is None or due.next > NOW or len(due.fire) == 10


@fuzzed(100)
@given(cron_specs | rule_specs)
def test_the_contract_names_the_field_that_is_wrong(spec: CronSpec | RRuleSpec) -> None:
    message = _message(spec)

    error = refusal(lambda: to_spec(message), InvalidArgument)

    if error is None:
        assert to_spec(message) == spec
    else:
        assert {each.field.split(".")[1] for each in error.violations} <= {"cron", "rrule"}
        assert all(each.description for each in error.violations)


def refused_or_has_times(spec: ScheduleSpec) -> None:
    """Refused in words that name the field; or accepted, and then its times rise."""
    with bounded():
        violations = validate(spec)
        if not violations:
            times = preview(spec, NOW, 5)
            assert all(one < other for one, other in pairwise([NOW, *times]))
    for violation in violations:
        assert violation.field in {"expression", "rule"}
        assert violation.description
        assert len(violation.description) < 1000
    if violations:
        error = refusal(lambda: preview(spec, NOW, 1), InvalidScheduleError)
        assert error is not None or "never fires" in violations[0].description


def _message(spec: CronSpec | RRuleSpec) -> ScheduleMessage:
    """On the wire. What no Protobuf text can be, no client can send."""
    if isinstance(spec, CronSpec):
        cron = CronMessage(expression=_sendable(spec.expression), time_zone=spec.time_zone, day_and=not spec.day_or)
        return ScheduleMessage(cron=cron)
    return ScheduleMessage(rrule=RRuleMessage(rule=_sendable(spec.rule), time_zone=spec.time_zone))


def _sendable(text: str) -> str:
    return text.replace("\ud800", "")
