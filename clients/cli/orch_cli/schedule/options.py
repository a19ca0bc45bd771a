"""What somebody may say of a schedule on a command line."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from orch_cli.failures import Wrong
from orch_cli.filters import DURATION

if TYPE_CHECKING:
    from orch_proto.v1.schedule_pb2 import Schedule

_KINDS = ("cron", "interval", "rrule")
_CATCH_UP = ("latest", "skip", "all")
_OVERLAP = ("allow", "skip", "queue", "cancel-old")


@dataclass(frozen=True, slots=True)
class Times:
    """When to run: one of the three, and the clocks that count. None: not said."""

    cron: str | None
    interval: timedelta | None
    rrule: str | None
    time_zone: str | None
    anchor: str | None
    day_and: bool

    def put_into(self, schedule: "Schedule") -> list[str]:
        """Writes them into a schedule; answers with the field that was written. Raises Wrong where they do not fit
        together; the SDK's ConfigurationError where they cannot be right.
        """
        given = [kind for kind in _KINDS if getattr(self, kind) is not None]
        if len(given) > 1:
            raise Wrong(f"A schedule has one kind of times: pass either --{given[0]} or --{given[1]}.")
        before = schedule.WhichOneof("spec")
        kind = given[0] if given else before
        self._check(kind, new=bool(given))
        if given:
            zone = self.time_zone or (getattr(schedule, before).time_zone if before else "") or "UTC"
            self._write(schedule, zone)
        elif self.time_zone and kind:
            getattr(schedule, kind).time_zone = self.time_zone
        return [kind] if kind and (given or self.time_zone) else []

    def _check(self, kind: str | None, *, new: bool) -> None:
        if self.day_and and (kind != "cron" or not new):
            raise Wrong("--day-and is about a cron line: pass --cron with it.")
        if self.anchor and (kind != "interval" or not new):
            raise Wrong("--anchor is about an interval: pass --interval with it.")

    def _write(self, schedule: "Schedule", time_zone: str) -> None:
        from orch.deployments.messages import schedule_message
        from orch.schedules import Cron, Interval, RRule

        if self.cron is not None:
            made = Cron(self.cron, time_zone=time_zone, day_or=not self.day_and)
        elif self.interval is not None:
            made = Interval(self.interval, time_zone=time_zone, anchor=self._anchor())
        else:
            # A shell makes it hard to type line breaks.
            made = RRule((self.rrule or "").replace("\\n", "\n"), time_zone=time_zone)
        message = schedule_message(made)
        spec = message.WhichOneof("spec")
        assert spec
        getattr(schedule, spec).CopyFrom(getattr(message, spec))

    def _anchor(self) -> datetime | None:
        """Without a zone of its own it is a time on the schedule's clocks."""
        if self.anchor is None:
            return None
        try:
            return datetime.fromisoformat(self.anchor)
        except ValueError:
            raise Wrong(f"--anchor is {self.anchor!r}: write 2026-11-22, 2026-11-22T08:00 or with +01:00.") from None


@dataclass(frozen=True, slots=True)
class Policies:
    """What happens around the times. None: not said."""

    catch_up: str | None
    catch_up_window: timedelta | None
    overlap: str | None
    jitter: timedelta | None

    def put_into(self, schedule: "Schedule") -> list[str]:
        """Writes them into a schedule; answers with the fields that were written."""
        from orch_proto.v1.schedule_pb2 import CatchUpPolicy, OverlapPolicy

        fields = []
        if self.catch_up is not None:
            schedule.catch_up_policy = CatchUpPolicy.Value(f"CATCH_UP_POLICY_{self.catch_up.upper()}")
            fields.append("catch_up_policy")
        if self.catch_up_window is not None:
            schedule.catch_up_window.FromTimedelta(self.catch_up_window)
            fields.append("catch_up_window")
        if self.overlap is not None:
            schedule.overlap_policy = OverlapPolicy.Value(f"OVERLAP_POLICY_{self.overlap.upper().replace('-', '_')}")
            fields.append("overlap_policy")
        if self.jitter is not None:
            schedule.jitter.FromTimedelta(self.jitter)
            fields.append("jitter")
        return fields


def put_parameters(schedule: "Schedule", changes: Mapping[str, object], taken_away: tuple[str, ...] = ()) -> list[str]:
    """Lays parameters over those that a schedule has; answers with the field, where it changes."""
    if not changes and not taken_away:
        return []
    before: dict[str, object] = json.loads(schedule.parameters_json or "{}")
    after = {name: value for name, value in {**before, **changes}.items() if name not in taken_away}
    schedule.parameters_json = json.dumps(after, ensure_ascii=False)
    return ["parameters_json"]


def times_options(function: Callable[..., None]) -> Callable[..., None]:
    """Adds the options of Times to a command, which gets them as `times`."""

    @click.option("--cron", metavar="LINE", help='By a cron line: "0 2 * * *", "@daily".')
    @click.option("--interval", type=DURATION, metavar="TIME", help="At a fixed distance: 90s, 15m, 2h, 1d.")
    @click.option("--rrule", metavar="RULE", help='By a recurrence rule (RFC 5545): "FREQ=MONTHLY;BYDAY=-1FR".')
    @click.option("--tz", "time_zone", metavar="ZONE", help="Whose clocks count: Europe/Berlin. Without: UTC.")
    @click.option("--anchor", metavar="TIME", help="A time that an interval's series shall hit.")
    @click.option("--day-and", is_flag=True, help="Cron: day of month and day of week must both match.")
    @wraps(function)
    def command(**options: Any) -> None:  # noqa: ANN401 (click's values)
        times = Times(**{name: options.pop(name) for name in (*_KINDS, "time_zone", "anchor", "day_and")})
        function(times=times, **options)

    return command


def policy_options(function: Callable[..., None]) -> Callable[..., None]:
    """Adds the options of Policies to a command, which gets them as `policies`."""

    @click.option(
        "--catch-up",
        type=click.Choice(_CATCH_UP),
        help="Times that pass while no server runs: the latest fires once, they are skipped, or all fire.",
    )
    @click.option(
        "--catch-up-window", type=DURATION, metavar="TIME", help="Missed times that are older than this are skipped."
    )
    @click.option(
        "--overlap",
        type=click.Choice(_OVERLAP),
        help="A time comes, and an earlier run has not ended: run side by side, skip the time, queue the new run, or"
        " cancel the old one.",
    )
    @click.option("--jitter", type=DURATION, metavar="TIME", help="Spread starts over this span after each time.")
    @wraps(function)
    def command(**options: Any) -> None:  # noqa: ANN401 (click's values)
        names = ("catch_up", "catch_up_window", "overlap", "jitter")
        function(policies=Policies(**{name: options.pop(name) for name in names}), **options)

    return command
