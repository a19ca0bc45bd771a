"""Values of settings, as they may be shown."""

from pathlib import Path

_SECRETS = frozenset({"api_key"})


def shown(key: str, value: object) -> object:
    """As JSON's own types; keys of the control plane are not shown, and a level is told by its name."""
    if key in _SECRETS and value:
        return "(hidden)"
    if key == "logging_level":
        from orch.settings import LOGGING_LEVELS

        return next((name for name, number in LOGGING_LEVELS.items() if number == value), value)
    if isinstance(value, Path):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def text(value: object) -> str:
    """What `shown` gives, on one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
