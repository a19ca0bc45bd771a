"""`orch schedule preview` and `orch schedule backfill`: times of a schedule, and runs for those that have passed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

import click

from orch_cli.connection import client
from orch_cli.failures import Wrong
from orch_cli.filters import FUTURE_TIME, TIME, timestamp
from orch_cli.output import Column, Format, confirm, document, instant, output_option, plain, say, show_list
from orch_cli.output.times import ago
from orch_cli.schedule.finding import find_schedule
from orch_cli.schedule.options import Times, times_options

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

    from orch_client.client import Client
    from orch_proto.v1.schedule_pb2 import Schedule
    from orch_proto.v1.schedule_service_pb2 import BackfillScheduleRequest

_MOST_PREVIEWED = 1000
_MOST_A_CALL = 1000
_MANY = 20
"""More runs than this at once: asked about first."""


@click.command("preview")
@click.argument("schedule", required=False)
@times_options
@click.option("--after", type=FUTURE_TIME, metavar="TIME", help="Times after this one. Without: after now.")
@click.option("--until", type=FUTURE_TIME, metavar="TIME", help="Times up to this one.")
@click.option("-n", "--count", type=click.IntRange(1, _MOST_PREVIEWED), help="At most so many. Without: 10.")
@output_option
def preview(
    schedule: str | None,
    times: Times,
    after: datetime | None,
    until: datetime | None,
    count: int | None,
    output: Format,
) -> None:
    """Show the next times of a schedule, or of times that are only thought of.

    \b
    orch schedule preview etl/nightly
    orch schedule preview --cron "30 2 * * *" --tz Europe/Berlin --after 2027-03-26
    """
    from orch_proto.v1.schedule_pb2 import Schedule

    thought_of = Schedule()
    given = times.put_into(thought_of)
    if bool(given) == bool(schedule):
        raise Wrong("Of what? Either name a schedule, or pass --cron, --interval or --rrule.")
    with client() as orch:
        looked_at = find_schedule(orch, schedule).schedule if schedule else thought_of
        found = _times(orch, looked_at, after=after, until=until, count=count or (_MOST_PREVIEWED if until else 10))
    _show(found, _zone(looked_at), output)


def _times(
    orch: "Client", schedule: "Schedule", *, after: datetime | None, until: datetime | None, count: int
) -> list[datetime]:
    from orch_proto.v1.schedule_service_pb2 import PreviewScheduleRequest

    request = PreviewScheduleRequest(
        schedule=schedule,
        after_time=timestamp(after) if after else None,
        until_time=timestamp(until) if until else None,
        count=count,
    )
    response = orch.schedules.PreviewSchedule(request)
    return [found for each in response.nominal_times if (found := instant(each)) is not None]


def _zone(schedule: "Schedule") -> str:
    kind = schedule.WhichOneof("spec")
    return (getattr(schedule, kind).time_zone if kind else "") or "UTC"


def _show(times: list[datetime], zone: str, output: Format) -> None:
    clocks = _clocks(zone)
    columns: list[Column[datetime]] = [
        Column("TIME", lambda each: each.astimezone(clocks).isoformat(timespec="seconds")),
        Column("DAY", lambda each: each.astimezone(clocks).strftime("%a")),
        Column("ZONE", lambda each: each.astimezone(clocks).tzname() or zone),
        Column("WHEN", ago),
    ]
    show_list(
        times,
        columns,
        output=output,
        empty="It never fires in that time.",
        more=f"There may be more: these are the first {_MOST_PREVIEWED}." if len(times) == _MOST_PREVIEWED else "",
        whole=lambda each: each.astimezone(clocks).isoformat(),
    )


def _clocks(zone: str) -> tzinfo:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo(zone)
    except ZoneInfoNotFoundError:  # the control plane knows it, and this machine does not
        return UTC


@click.command("backfill")
@click.argument("schedule")
@click.option("--from", "begin", type=TIME, required=True, metavar="TIME", help="From this time on: 7d, 2026-11-01.")
@click.option("--until", type=TIME, metavar="TIME", help="Up to this time. Without: up to now.")
@click.option("--max", "most", type=click.IntRange(1), metavar="N", help="Create at most so many runs.")
@click.option("--one-by-one", "order", flag_value="QUEUE", help="One run after the other, oldest first.")
@click.option("--side-by-side", "order", flag_value="ALLOW", help="All runs at once, as far as workers have room.")
@click.option("--dry-run", is_flag=True, help="Show the times of that range, and create nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask, however many runs it may be.")
@output_option
def backfill(
    schedule: str,
    begin: datetime,
    until: datetime | None,
    most: int | None,
    order: str | None,
    dry_run: bool,
    yes: bool,
    output: Format,
) -> None:
    """Create runs for past times of a schedule that have none.

    orch schedule backfill etl/nightly --from 2026-11-01 --until 2026-11-07

    Times that have a run keep it, so that a second call creates nothing. Without --one-by-one or --side-by-side the
    schedule's own overlap policy decides."""
    from orch_proto.v1.schedule_pb2 import OverlapPolicy
    from orch_proto.v1.schedule_service_pb2 import BackfillScheduleRequest

    last = min(until or datetime.now(UTC), datetime.now(UTC))
    if last < begin:
        raise Wrong(f"The range ends ({_text(last)}) before it begins ({_text(begin)}).")
    with client() as orch:
        found = find_schedule(orch, schedule)
        if dry_run or not yes:
            # A preview shows what comes after a time, and the range's first one counts.
            just_before = begin - timedelta(microseconds=1)
            known = _times(orch, found.schedule, after=just_before, until=last, count=_MOST_PREVIEWED)
            if dry_run:
                _show(known, _zone(found.schedule), output)
                return
            if len(known) > _MANY:
                number = f"{len(known)}{' or more' if len(known) == _MOST_PREVIEWED else ''}"
                confirm(f"{number} times lie in that range. Create the runs that are missing?", yes=False)
        request = BackfillScheduleRequest(
            schedule_id=found.schedule.schedule_id,
            from_time=timestamp(begin),
            until_time=timestamp(last),
            overlap_policy=OverlapPolicy.Value(f"OVERLAP_POLICY_{order or 'UNSPECIFIED'}"),
        )
        made = _backfilled(orch, request, most)
    _tell(found.key, made, output)


@dataclass(frozen=True, slots=True)
class _Made:
    """What a backfill created."""

    runs: tuple[tuple[str, "Timestamp"], ...]
    """The ids of runs, and their nominal times, oldest first."""
    existing: int
    """How many times had a run before."""
    whole: bool
    """Whether the range is done."""


def _backfilled(orch: "Client", request: "BackfillScheduleRequest", most: int | None) -> _Made:
    """Call after call, since one call creates a thousand runs at most."""
    runs: list[tuple[str, Timestamp]] = []
    existing = 0
    while most is None or len(runs) < most:
        request.max_runs = 0 if most is None else min(most - len(runs), _MOST_A_CALL)
        response = orch.schedules.BackfillSchedule(request)
        runs += zip(response.flow_run_ids, response.nominal_times, strict=True)
        existing += response.existing_runs
        if not response.HasField("next_from_time"):
            return _Made(tuple(runs), existing, whole=True)
        request.from_time.CopyFrom(response.next_from_time)
    return _Made(tuple(runs), existing, whole=False)


def _tell(key: str, made: _Made, output: Format) -> None:
    if output is Format.ID:
        for flow_run_id, _ in made.runs:
            say(flow_run_id)
        return
    if output is not Format.TABLE:
        runs = [{"flow_run_id": each, "nominal_time": plain(time)} for each, time in made.runs]
        say(document({"flow_runs": runs, "existing_runs": made.existing, "whole_range": made.whole}, output))
        return
    count = len(made.runs)
    had = f"; {made.existing} {'time' if made.existing == 1 else 'times'} had one already" if made.existing else ""
    more = "" if made.whole else "; there are more times in the range: repeat the command for them"
    say(f"Created {count} {'run' if count == 1 else 'runs'} of {key}{had}{more}.")


def _text(time: datetime) -> str:
    return time.astimezone().isoformat(timespec="seconds")
