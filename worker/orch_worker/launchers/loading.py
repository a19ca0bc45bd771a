"""Finds the launcher for a type of pool among the entry points `orch.launchers` of what is installed."""

from importlib.metadata import EntryPoint, entry_points
from typing import cast

from orch_worker.errors import StartupError
from orch_worker.launchers.base import LauncherFactory

GROUP = "orch.launchers"
_EXTRAS = frozenset({"docker", "kubernetes"})
"""Types that come as extras of Orch's own package."""


def launcher_factory(pool: str, pool_type: str) -> LauncherFactory:
    """What makes launchers for this type of pool. Raises StartupError that says what is missing."""
    found = {each.name: each for each in entry_points(group=GROUP)}
    entry = found.get(pool_type)
    if entry is None:
        known = ", ".join(sorted(found)) or "none"
        raise StartupError(
            f"Work pool {pool!r} is of type {pool_type!r}, and no launcher of that type is installed here (installed:"
            f" {known}). Install the package that brings it{_where(pool_type)}, or serve another pool."
        )
    return _loaded(entry)


def _where(pool_type: str) -> str:
    return f" (pip install 'orch[{pool_type}]')" if pool_type in _EXTRAS else ""


def _loaded(entry: EntryPoint) -> LauncherFactory:
    try:
        return cast("LauncherFactory", entry.load())
    except ImportError as error:
        raise StartupError(
            f"The launcher {entry.name!r} ({entry.value}) cannot be loaded: {error}. Install what it needs: pip install"
            f" 'orch[{entry.name}]'."
        ) from error
