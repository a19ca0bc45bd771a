"""When a deployment runs by itself.

    from orch.schedules import Cron, Interval, RRule

    etl.deploy("nightly", schedules=[
        Cron("0 2 * * *", time_zone="Europe/Berlin", catch_up="all", overlap="skip"),
        Interval("15m", name="often", parameters={"day": "today"}, paused=True),
        RRule("FREQ=MONTHLY;BYDAY=-1FR"),
    ])

The control plane computes the times and says what is wrong with them; nothing here knows calendars.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeAlias, TypedDict, TypeVar, Unpack

from orch.deployments.spans import seconds_of, span_text
from orch.errors import ConfigurationError

__all__ = ["Cron", "CronTimes", "Interval", "IntervalTimes", "RRule", "RRuleTimes", "Schedule", "Times"]

V = TypeVar("V")

Span: TypeAlias = int | float | str | timedelta
"""A span of time: seconds, a timedelta, or a text such as "15m"."""

CATCH_UP = ("latest", "skip", "all")
"""What happens to times that passed while no scheduler ran; the first is what happens where nothing is said."""
OVERLAP = ("allow", "skip", "queue", "cancel_old")
"""What happens when a time comes and an earlier run has not ended; the first where nothing is said."""


@dataclass(frozen=True, slots=True)
class CronTimes:
    """Times by a cron line."""

    expression: str
    day_and: bool = False
    """Day of month and day of week must both match; else either, as in cron."""


@dataclass(frozen=True, slots=True)
class IntervalTimes:
    """Times at a fixed distance."""

    seconds: float
    anchor: datetime | None = None
    """A time of the series, aware; None: 1970-01-01T00:00:00 in the time zone."""


@dataclass(frozen=True, slots=True)
class RRuleTimes:
    """Times by a recurrence rule (RFC 5545)."""

    rule: str


Times: TypeAlias = CronTimes | IntervalTimes | RRuleTimes


@dataclass(frozen=True, slots=True)
class Schedule:
    """When to run a deployment, and what then. Made by `Cron`, `Interval` or `RRule`."""

    times: Times
    time_zone: str = "UTC"
    """The IANA time zone whose wall clock counts."""
    name: str = ""
    """Unique in the deployment; empty: made from the times. A redeploy that keeps it changes the schedule in place."""
    paused: bool | None = None
    """None: as it is; a new one is not paused."""
    parameters: Mapping[str, object] = field(default_factory=dict)
    """Laid over the deployment's."""
    catch_up: str = CATCH_UP[0]
    """One of CATCH_UP."""
    catch_up_window_seconds: float | None = None
    """Missed times older than this are dropped; None: one day for "all", no bound for "latest"."""
    overlap: str = OVERLAP[0]
    """One of OVERLAP."""
    jitter_seconds: float = 0.0
    """Starts are spread over this span after the time."""

    def __post_init__(self) -> None:
        _check_choice("catch_up", self.catch_up, CATCH_UP)
        _check_choice("overlap", self.overlap, OVERLAP)

    @property
    def label(self) -> str:
        """How messages call it: its name, or else its times."""
        return self.name or self.times_text

    @property
    def times_text(self) -> str:
        """Its times as they were written."""
        match self.times:
            case CronTimes(expression=expression):
                return expression
            case IntervalTimes(seconds=seconds):
                return span_text(seconds)
            case RRuleTimes(rule=rule):
                return rule


class ScheduleOptions(TypedDict, total=False):
    """What every schedule may be told, whatever its times. See Schedule."""

    time_zone: str
    timezone: str
    """Another word for time_zone."""
    name: str
    slug: str
    """Another word for name."""
    paused: bool | None
    active: bool | None
    """The opposite of paused."""
    parameters: Mapping[str, object] | None
    catch_up: str
    catch_up_window: Span | None
    overlap: str
    jitter: Span


def Cron(cron: str, /, *, day_or: bool = True, **options: Unpack[ScheduleOptions]) -> Schedule:
    """Runs by a cron line of five fields, or an alias such as "@daily".

    `day_or=False`: day of month and day of week must both match. Raises ConfigurationError.
    """
    if not isinstance(cron, str):
        raise ConfigurationError(f'Cron takes a cron line such as "0 2 * * *", not {cron!r}.')
    return _schedule(CronTimes(" ".join(cron.split()), day_and=not day_or), options)


def Interval(
    interval: Span,
    /,
    *,
    anchor: datetime | None = None,
    anchor_date: datetime | None = None,
    **options: Unpack[ScheduleOptions],
) -> Schedule:
    """Runs at a fixed distance: seconds, a timedelta, or "15m".

    `anchor` (or `anchor_date`): a time of the series; without a time zone, it is of the schedule's. Raises
    ConfigurationError.
    """
    seconds = seconds_of(interval, "The interval")
    if seconds < 1:
        raise ConfigurationError(f"The interval is {span_text(seconds)}: the shortest is 1 s.")
    zone = options.get("time_zone") or options.get("timezone") or "UTC"
    return _schedule(IntervalTimes(seconds, _aware(anchor or anchor_date, zone)), options)


def RRule(rrule: str, /, **options: Unpack[ScheduleOptions]) -> Schedule:
    """Runs by a recurrence rule: RRULE, RDATE, EXDATE and DTSTART lines, or a bare "FREQ=…".

    Raises ConfigurationError.
    """
    if not isinstance(rrule, str):
        raise ConfigurationError(f'RRule takes a rule such as "FREQ=WEEKLY;BYDAY=MO", not {rrule!r}.')
    return _schedule(RRuleTimes(rrule.strip()), options)


def _schedule(times: Times, options: ScheduleOptions) -> Schedule:
    if unknown := set(options) - set(ScheduleOptions.__annotations__):
        known = ", ".join(sorted(ScheduleOptions.__annotations__))
        raise TypeError(f"A schedule has no option {min(unknown)!r}. There are: {known}.")
    window, active = options.get("catch_up_window"), options.get("active")
    return Schedule(
        times=times,
        time_zone=_one(options.get("time_zone"), options.get("timezone"), "time_zone and timezone") or "UTC",
        name=_one(options.get("name"), options.get("slug"), "name and slug") or "",
        paused=_one(options.get("paused"), None if active is None else not active, "paused and active"),
        parameters=dict(options.get("parameters") or {}),
        catch_up=options.get("catch_up", CATCH_UP[0]),
        catch_up_window_seconds=None if window is None else seconds_of(window, "catch_up_window"),
        overlap=options.get("overlap", OVERLAP[0]),
        jitter_seconds=seconds_of(options.get("jitter", 0), "jitter"),
    )


def _one(value: V | None, other: V | None, names: str) -> V | None:
    """What was given under either of two names."""
    if value is not None and other is not None:
        raise ConfigurationError(f"{names} say the same: give one of them.")
    return value if value is not None else other


def _aware(moment: datetime | None, zone: str) -> datetime | None:
    if moment is None or moment.tzinfo is not None:
        return moment
    from zoneinfo import ZoneInfo

    try:
        return moment.replace(tzinfo=ZoneInfo(zone))
    except (KeyError, ValueError, OSError):
        raise ConfigurationError(f"There is no time zone {zone!r}; write one such as Europe/Berlin.") from None


def _check_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise ConfigurationError(f"{name} is {value!r}: write {', '.join(choices[:-1])} or {choices[-1]}.")
