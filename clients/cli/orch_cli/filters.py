"""What restricts a list, as options: times, lengths of time, states, tags, how many."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from orch_cli.failures import Wrong
from orch_cli.moments import duration, moment

if TYPE_CHECKING:
    from google.protobuf.timestamp_pb2 import Timestamp

P = ParamSpec("P")
R = TypeVar("R")


def timestamp(time: datetime) -> "Timestamp":
    """As the contract writes it."""
    from google.protobuf.timestamp_pb2 import Timestamp

    found = Timestamp()
    found.FromDatetime(time.astimezone(UTC))
    return found


class _TimeType(click.ParamType):  # type: ignore[type-arg]  # generic from click 8.4 on
    """An option's value that is a point in time, as `moment` reads it."""

    name = "time"

    def __init__(self, *, ahead: bool = False) -> None:
        self._ahead = ahead

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return moment(str(value), ahead=self._ahead)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class _DurationType(click.ParamType):  # type: ignore[type-arg]
    """An option's value that is a length of time, as `duration` reads it."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            return duration(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


TIME = _TimeType()
"""A click type: a datetime in UTC; "2h" is two hours ago."""
FUTURE_TIME = _TimeType(ahead=True)
"""A click type: a datetime in UTC; "2h" is in two hours."""
DURATION = _DurationType()
"""A click type: a timedelta."""


def since_until_options(function: Callable[P, R]) -> Callable[P, R]:
    """Adds --since and --until, which come as datetimes in UTC or None."""
    until = click.option("--until", type=TIME, metavar="TIME", help="Created before this time.")
    since = click.option(
        "--since", type=TIME, metavar="TIME", help="Created at this time or later: 2h, 7d, yesterday, 2026-11-01T14:30."
    )
    return since(until(function))


def tags_option(function: Callable[P, R]) -> Callable[P, R]:
    """Adds --tag, repeatable, as `tags: tuple[str, ...]`."""
    return click.option("--tag", "tags", multiple=True, metavar="TAG", help="With this tag; repeat it: with all.")(
        function
    )


def limit_option(default: int = 50) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Adds --limit; 0 stands for all."""
    return click.option(
        "-n",
        "--limit",
        type=click.IntRange(min=0),
        default=default,
        show_default=True,
        metavar="N",
        help="At most this many; 0: all.",
    )


def pairs(texts: tuple[str, ...], what: str) -> dict[str, str]:
    """ "k=v" texts of a repeatable option as a mapping. Raises Wrong that names the option by `what`."""
    found: dict[str, str] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise Wrong(f"{what} is {text!r}: write NAME=VALUE.")
        found[key.strip()] = value
    return found
