"""The deployment whose run the calling code belongs to. Empty in a run that its own process has started."""

from collections.abc import Callable

__all__ = ["flow_run_id", "id", "name", "parameters", "version"]  # noqa: F822 (looked up by __getattr__)

# A run that a script starts has no deployment, and runs that a worker starts do not say theirs yet.
_ATTRIBUTES: dict[str, Callable[[], object]] = {
    "flow_run_id": lambda: None,
    "id": lambda: None,
    "name": lambda: None,
    "parameters": dict,
    "version": lambda: None,
}


def __getattr__(name: str) -> object:
    if name not in _ATTRIBUTES:
        raise AttributeError(f"{__name__} has no attribute {name!r}; it has {', '.join(__all__)}.")
    return _ATTRIBUTES[name]()


def __dir__() -> list[str]:
    return sorted(__all__)
