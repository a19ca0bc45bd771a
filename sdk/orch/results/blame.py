"""Finds the part of a value that cannot be serialised."""

from collections.abc import Callable, Iterator

_MAX_DEPTH = 12
_MAX_TRIES = 2_000
"""Looking is a service to the reader of an error; it must not take long."""


def find_culprit(value: object, fails: Callable[[object], bool]) -> tuple[str, object]:
    """Where in the value the innermost part lies for which `fails` is true, as Python would say it, and that part.

    The value itself, under the empty path, where no part of it fails alone.
    """
    path, tries = "", _MAX_TRIES
    for _ in range(_MAX_DEPTH):
        for step, part in _parts(value):
            tries -= 1
            if tries < 0:
                return path, value
            if part is not value and fails(part):
                path, value = path + step, part
                break
        else:
            return path, value
    return path, value


def _parts(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        yield from ((f"[{key!r}]", part) for key, part in value.items())
    elif isinstance(value, (list, tuple)):
        yield from ((f"[{at}]", part) for at, part in enumerate(value))
    elif isinstance(value, (set, frozenset)):
        yield from ((" (an element)", part) for part in value)
    for name, part in dict(getattr(value, "__dict__", None) or {}).items():
        yield f".{name}", part
