"""Finds the launcher for a type of pool among the entry points `orch.launchers` of what is installed."""

from importlib.metadata import EntryPoint, entry_points
from typing import cast

from orch_worker.errors import StartupError
from orch_worker.launchers.base import LauncherFactory

GROUP = "orch.launchers"
_EXTRAS = frozenset({"docker", "kubernetes"})
"""Types whose launchers come with Orch, and what they need as an extra of the same name."""


def launcher_factory(pool: str, pool_type: str) -> LauncherFactory:
    """What makes launchers for this type of pool. Raises StartupError that says what is missing."""
    found = {each.name: each for each in entry_points(group=GROUP)}
    entry = found.get(pool_type)
    if entry is None:
        known = ", ".join(sorted(found)) or "none"
        raise StartupError(
            f"Work pool {pool!r} is of type {pool_type!r}, and no launcher of that type is installed here (installed:"
            f" {known}). {_remedy(pool_type)}, or serve another pool."
        )
    return _loaded(entry, pool)


def _remedy(pool_type: str) -> str:
    if pool_type in _EXTRAS:
        return f"Install it (pip install 'orch[{pool_type}]')"
    return "Install the package that brings it"


def _loaded(entry: EntryPoint, pool: str) -> LauncherFactory:
    try:
        return cast("LauncherFactory", entry.load())
    except ModuleNotFoundError as error:
        missing = f"{error.name} is not installed here"
        remedy = _remedy(entry.name) if entry.name in _EXTRAS else f"Install {error.name}"
    except Exception as error:
        # Whatever a package does when it is imported: it is somebody else's code.
        missing = f"the launcher ({entry.value}) cannot be loaded: {error!r}"
        remedy = "Mend the package that brings it"
    raise StartupError(f"Work pool {pool!r} is of type {entry.name!r}, and {missing}. {remedy}, or serve another pool.")
