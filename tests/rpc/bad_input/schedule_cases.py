"""Schedules that are refused, and how."""

from collections.abc import Mapping

from google.protobuf.duration_pb2 import Duration

from orch_proto.v1 import (
    schedule_pb2,
)
from orch_proto.v1 import schedule_service_pb2 as schedules
from tests.rpc.bad_input.building import (
    LONG,
    Case,
    cron,
    interval,
    rrule,
    schedule,
)

SCHEDULES: Mapping[str, Case] = {
    "no spec": Case(lambda w: schedule(w), field="schedule"),
    "no cron line": Case(lambda w: cron(w, ""), field="schedule.cron.expression"),
    "minute 61": Case(lambda w: cron(w, "61 * * * *"), field="schedule.cron.expression", says="minute"),
    "six fields": Case(lambda w: cron(w, "0 0 2 * * *"), field="schedule.cron.expression", says="seconds"),
    "@reboot": Case(lambda w: cron(w, "@reboot"), field="schedule.cron.expression"),
    "30 February": Case(lambda w: cron(w, "0 0 30 2 *"), field="schedule.cron.expression"),
    "Monday the 31st of a short month": Case(
        lambda w: schedule(w, cron=schedule_pb2.CronSpec(expression="0 0 31 4 MON", day_and=True)),
        field="schedule.cron.expression",
    ),
    "cron of 10 000 characters": Case(lambda w: cron(w, LONG), field="schedule.cron.expression"),
    "cron with NUL": Case(lambda w: cron(w, "0 0 * *\x00 *"), field="schedule.cron.expression"),
    "zone on Mars": Case(
        lambda w: cron(w, "@daily", "Mars/Olympus"), field="schedule.cron.time_zone", says="'Mars/Olympus'"
    ),
    "zone that is a path": Case(lambda w: cron(w, "@daily", "../../etc/passwd"), field="schedule.cron.time_zone"),
    "zone misspelt": Case(
        lambda w: cron(w, "@daily", "Europe/Belin"), field="schedule.cron.time_zone", says="Europe/Berlin"
    ),
    "every millisecond": Case(lambda w: interval(w, nanos=1_000_000), field="schedule.interval.interval"),
    "every 0 s": Case(lambda w: interval(w), field="schedule.interval.interval"),
    "every -1 s": Case(lambda w: interval(w, seconds=-1), field="schedule.interval.interval"),
    "every 10 000 years": Case(lambda w: interval(w, seconds=315_576_000_000), field="schedule.interval.interval"),
    "rule that never fires": Case(
        lambda w: rrule(w, "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), field="schedule.rrule.rule", says="never fires"
    ),
    "rule that ended before it began": Case(
        lambda w: rrule(w, "DTSTART:20260101T000000Z\nRRULE:FREQ=DAILY;UNTIL=20250101T000000Z"),
        field="schedule.rrule.rule",
    ),
    "rule that is none": Case(lambda w: rrule(w, "every day"), field="schedule.rrule.rule"),
    "rule of 10 000 characters": Case(lambda w: rrule(w, "FREQ=DAILY;" + LONG), field="schedule.rrule.rule"),
    "jitter of two days": Case(
        lambda w: schedule(w, cron=schedule_pb2.CronSpec(expression="@daily"), jitter=Duration(seconds=2 * 86400)),
        field="schedule.jitter",
    ),
    "preview of 1001": Case(
        lambda w: schedules.PreviewScheduleRequest(
            schedule=schedule_pb2.Schedule(cron=schedule_pb2.CronSpec(expression="@daily")), count=1001
        ),
        field="count",
    ),
    "several at once": Case(
        lambda w: cron(w, "61 * * * *", "Mars/Olympus"),
        field="schedule.cron.time_zone",
        says="schedule.cron.expression",
    ),
}
