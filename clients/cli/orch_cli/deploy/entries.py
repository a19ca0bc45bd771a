"""What may be said of a deployment, in orch.yaml and on the command line: the keys, and what each may hold.

Everything that is wrong is said at once, each with its place.
"""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from difflib import get_close_matches
from typing import Any, TypeAlias

from orch.deployments.spans import seconds_of
from orch.deployments.spec import AT_LIMIT
from orch.errors import ConfigurationError
from orch.schedules import CATCH_UP, OVERLAP, Cron, Interval, RRule, Schedule
from orch_cli.deploy.located import Path_


class WrongValue(ValueError):
    """A value that its key cannot hold; the text says what it can."""


@dataclass(slots=True)
class Problems:
    """What is wrong, each with its place."""

    found: list[tuple[Path_, str]] = field(default_factory=list)

    def add(self, path: Path_, text: str) -> None:
        """One more."""
        self.found.append((path, text))


Entry: TypeAlias = dict[str, Any]
"""A deployment as its author describes it: values by key, each of the type that its reader gives."""
_Reader: TypeAlias = Callable[[Any, Path_, Problems], Any]


def read_entry(given: object, path: Path_, problems: Problems) -> Entry:
    """The entry; what is wrong with it goes to `problems`."""
    return _members(given, path, problems, _ENTRY, "a deployment")


def read_defaults(given: object, path: Path_, problems: Problems) -> Entry:
    """What all deployments of a file have, where they do not say otherwise."""
    return _members(given, path, problems, {key: each for key, each in _ENTRY.items() if key not in _OWN}, "defaults")


def _members(
    given: object, path: Path_, problems: Problems, readers: Mapping[str, _Reader], what: str
) -> dict[str, Any]:
    if not isinstance(given, dict):
        problems.add(path, f"{what} is a mapping of {', '.join(list(readers)[:4])} …, not {_shown(given)}.")
        return {}
    found: dict[str, Any] = {}
    for key, value in given.items():
        reader = readers.get(key)
        if reader is None:
            problems.add((*path, key), f"{what} has no {key!r}.{_hint(key, readers)}")
        elif value is not None:
            try:
                found[key] = reader(value, (*path, key), problems)
            except (WrongValue, ConfigurationError) as error:
                problems.add((*path, key), f"{key}: {error}")
    return found


def _hint(key: str, readers: Mapping[str, _Reader]) -> str:
    word = _OTHER_WORDS.get(key, key)
    close = [word] if word in readers else get_close_matches(key, readers, n=1)
    return f" Did you mean {close[0]!r}?" if close else f" There are: {', '.join(readers)}."


# How other orchestrators call it.
_OTHER_WORDS = {
    "active": "paused",
    "args": "command",
    "flow_name": "flow",
    "pool": "work_pool",
    "pull_steps": "pull",
    "queue": "work_queue",
    "schedule": "schedules",
    "slug": "name",
    "timezone": "time_zone",
    "variables": "job_variables",
    "work_pool_name": "work_pool",
    "work_queue_name": "work_queue",
}


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:60] + "…"


def _text(value: object, *_: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise WrongValue(f"a text is needed, not {_shown(value)}.")
    return value


def _texts(value: object, *_: object) -> tuple[str, ...]:
    values = value if isinstance(value, list | tuple) else [value]
    for each in values:
        _text(each)
    return tuple(values)


def _command(value: object, *_: object) -> tuple[str, ...]:
    """A line, read as a shell reads it; or a list of words."""
    if isinstance(value, list | tuple):
        words = tuple(str(each) for each in value)
    else:
        try:
            words = tuple(shlex.split(_text(value)))
        except ValueError as error:
            raise WrongValue(f"{_shown(value)} cannot be read as a command: {error}.") from None
    if not words:
        raise WrongValue("a command is needed.")
    return words


def _flag(value: object, *_: object) -> bool:
    if not isinstance(value, bool):
        raise WrongValue(f"true or false is needed, not {_shown(value)}.")
    return value


def _count(least: int) -> _Reader:
    def read(value: object, *_: object) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise WrongValue(f"a whole number, {least} or more, is needed, not {_shown(value)}.")
        return value

    return read


def _number(value: object, *_: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 10:
        raise WrongValue(f"a number from 0 to 10 is needed, not {_shown(value)}.")
    return float(value)


def _one_of(choices: tuple[str, ...]) -> _Reader:
    def read(value: object, *_: object) -> str:
        word = value.replace("-", "_").lower() if isinstance(value, str) else value
        if word not in choices:
            raise WrongValue(f"{', '.join(choices[:-1])} or {choices[-1]} is needed, not {_shown(value)}.")
        return str(word)

    return read


def _object(value: object, *_: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise WrongValue(f"a mapping is needed, not {_shown(value)}.")
    return value


def _span(value: Any, *_: object) -> float:  # noqa: ANN401 (checked by what it calls)
    return seconds_of(value, "it")


def _spans(value: object, *_: object) -> tuple[float, ...]:
    return tuple(seconds_of(each, "it") for each in (value if isinstance(value, list | tuple) else [value]))


def _moment(value: object, *_: object) -> datetime:
    if isinstance(value, datetime):
        return value
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        raise WrongValue(f"a time such as 2026-11-22T02:00 is needed, not {_shown(value)}.") from None


def _pull(value: object, path: Path_, problems: Problems) -> tuple[dict[str, Any], ...]:
    """Pull steps; `orch_worker.code` says what each may hold (docs/code.md)."""
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise WrongValue("a list of steps is needed: - {step: git, url: https://…, branch: main}.")
    from orch.deployments.json_values import json_object
    from orch_worker.code.errors import CodeError
    from orch_worker.code.parsing import parse_steps

    try:
        # A folder is seen from the file; here it only has to be one.
        steps = [{**each, "path": "/"} if each.get("step") == "local" and each.get("path") else each for each in value]
        parse_steps(f"[{', '.join(json_object(each, 'a pull step') or '{}' for each in steps)}]")
    except CodeError as error:
        raise WrongValue(str(error)) from None
    return tuple(value)


def _schedules(value: object, path: Path_, problems: Problems) -> tuple[Schedule, ...]:
    if not isinstance(value, list):
        raise WrongValue('a list of schedules is needed: - cron: "0 2 * * *".')
    found = (_schedule(each, (*path, place), problems) for place, each in enumerate(value))
    return tuple(each for each in found if each is not None)


def _schedule(value: object, path: Path_, problems: Problems) -> Schedule | None:
    before = len(problems.found)
    entry = _members(value, path, problems, _SCHEDULE, "a schedule")
    kinds = [kind for kind in _KINDS if kind in entry]
    if len(problems.found) > before:
        return None
    if len(kinds) != 1:
        has = "has " + " and ".join(kinds) if kinds else "has none of them"
        problems.add(path, f"a schedule needs cron, interval or rrule, and {has}.")
        return None
    kind = kinds[0]
    for key, only in _ONLY.items():
        if key in entry and kind != only:
            problems.add((*path, key), f"{key!r} is for {only}, and this is {kind}.")
            return None
    try:
        return _KINDS[kind](entry.pop(kind), **entry)
    except ConfigurationError as error:
        problems.add(path, str(error))
        return None


_KINDS: Mapping[str, Callable[..., Schedule]] = {"cron": Cron, "interval": Interval, "rrule": RRule}
_ONLY = {"day_or": "cron", "anchor": "interval"}
_SCHEDULE: Mapping[str, _Reader] = {
    "cron": _text,
    "interval": _span,
    "rrule": _text,
    "name": _text,
    "time_zone": _text,
    "day_or": _flag,
    "anchor": _moment,
    "paused": _flag,
    "parameters": _object,
    "catch_up": _one_of(CATCH_UP),
    "catch_up_window": _span,
    "overlap": _one_of(OVERLAP),
    "jitter": _span,
}
_OWN = frozenset({"name", "entrypoint", "command", "flow"})
"""What a deployment says itself."""
_ENTRY: Mapping[str, _Reader] = {
    "name": _text,
    "entrypoint": _text,
    "command": _command,
    "flow": _text,
    "description": _text,
    "tags": _texts,
    "work_pool": _text,
    "work_queue": _text,
    "parameters": _object,
    "parameter_schema": _object,
    "enforce_parameter_schema": _flag,
    "pull": _pull,
    "job_variables": _object,
    "concurrency_limit": _count(1),
    "at_limit": _one_of(AT_LIMIT),
    "retries": _count(0),
    "retry_delay": _spans,
    "retry_jitter_factor": _number,
    "crash_restarts": _count(0),
    "durable": _flag,
    "exclusive": _flag,
    "paused": _flag,
    "schedules": _schedules,
}
