"""The job variables of process pools."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from orch_worker.launchers.base import LaunchError

_MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ProcessVariables:
    """How a run's process shall be made."""

    isolation: str = "forked"
    """"forked": Python flows start in a fork of an interpreter that has Orch loaded; "fresh": in a new one."""
    python: str | None = None
    """Another interpreter for Python flows; always fresh."""
    preload: tuple[str, ...] = ()
    """Modules that are loaded before the fork."""
    working_dir: str | None = None
    """Where it runs: absolute, or within the code that the pull steps brought."""
    env: Mapping[str, str | None] = field(default_factory=dict)
    """Added to the environment; None takes a variable away."""
    limits: Mapping[str, int] = field(default_factory=dict)
    """By the names of the module `resource`."""
    grace_seconds: float = 30.0
    """How long it may take to end when it is asked to. Used by whoever stops it."""
    stream_output: bool = True
    """Whether its lines become the run's log."""


def parse_variables(variables: Mapping[str, object]) -> ProcessVariables:
    """Read job variables. Raises LaunchError, which names the variable, what is wrong and what would be right."""
    values: dict[str, Any] = {}
    for name, value in variables.items():
        reader = _READERS.get(name)
        if reader is None:
            raise LaunchError(_unknown("The job variable", name, _READERS))
        # Templates name variables that nobody has given a value.
        if value is not None:
            values[name] = reader(name, value)
    return ProcessVariables(**values)


def limit_name(limit: str) -> tuple[str, int]:
    """What the limit of that name in `resource` is called in job variables, and what its unit is there."""
    return next((name, unit) for name, (known, unit) in _LIMITS.items() if known == limit)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str) or not value:
        raise _wrong(name, value, "a text")
    return value


def _isolation(name: str, value: object) -> str:
    if value not in ("forked", "fresh"):
        raise _wrong(name, value, '"forked" or "fresh"')
    return str(value)


def _names(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) and item for item in value):
        raise _wrong(name, value, 'a list of module names, like ["pandas"]')
    return tuple(value)


def _environment(name: str, value: object) -> dict[str, str | None]:
    if not isinstance(value, dict):
        raise _wrong(name, value, "an object of names and texts")
    return {str(key): _environment_value(name, str(key), item) for key, item in value.items()}


def _environment_value(name: str, key: str, value: object) -> str | None:
    if not key or "=" in key or "\0" in key:
        raise _wrong(name, key, "names without = in them")
    if isinstance(value, bool) or not isinstance(value, str | int | float | None):
        raise _wrong(f"{name}.{key}", value, "a text (numbers are taken for texts, null takes the variable away)")
    if isinstance(value, str) and "\0" in value:
        raise _wrong(f"{name}.{key}", value, "a text without a null character")
    return None if value is None else str(value)


def _limits(name: str, value: object) -> dict[str, int]:
    if not isinstance(value, dict):
        raise _wrong(name, value, 'an object, like {"memory_mb": 512}')
    limits = {}
    for key, item in value.items():
        if key not in _LIMITS:
            raise LaunchError(_unknown(f"The job variable {name}:", key, _LIMITS))
        if item is not None:
            limit, factor = _LIMITS[key]
            limits[limit] = _positive(f"{name}.{key}", item) * factor
    return limits


def _positive(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise _wrong(name, value, "a whole number, 1 or more")
    return value


def _seconds(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
        raise _wrong(name, value, "a number of seconds, 0 or more")
    try:
        return float(value)
    except OverflowError:
        raise _wrong(name, value, "a number of seconds that a clock can count") from None


def _truth(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong(name, value, "true or false")
    return value


def _wrong(name: str, value: object, wanted: str) -> LaunchError:
    return LaunchError(
        f"The job variable {name} is {value!r}; it must be {wanted}. "
        "Change it in the deployment, the run or the work pool."
    )


def _unknown(what: str, name: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(str(name), known, 1)
    guess = f" Did you mean {near[0]}?" if near else ""
    return f"{what} {name} is not known to process pools.{guess} There are: {', '.join(known)}."


_READERS: Mapping[str, Callable[[str, object], object]] = {
    "isolation": _isolation,
    "python": _text,
    "preload": _names,
    "working_dir": _text,
    "env": _environment,
    "limits": _limits,
    "grace_seconds": _seconds,
    "stream_output": _truth,
}

_LIMITS: Mapping[str, tuple[str, int]] = {
    # Not RLIMIT_AS: that counts reserved addresses, of which a program with threads has gigabytes.
    "memory_mb": ("RLIMIT_DATA", _MEBIBYTE),
    "cpu_seconds": ("RLIMIT_CPU", 1),
    "open_files": ("RLIMIT_NOFILE", 1),
    "processes": ("RLIMIT_NPROC", 1),
    "file_mb": ("RLIMIT_FSIZE", _MEBIBYTE),
}
"""What the limits are to the system, and in which units. They hold for each process, not for all together."""
