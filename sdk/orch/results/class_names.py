"""Classes by name: a stored value says which class it is of, and any process that has the class reads it back.

Classes of the script itself are `__main__:Name` in every process that runs the script, whichever way Python calls the
script's module there.
"""

import sys
from importlib import import_module

from orch.errors import ResultSerializationError

_MAIN_NAMES = frozenset({"__main__", "__mp_main__"})
"""What the user's script is called when it is run, and in processes that multiprocessing starts."""


def class_name(kind: type) -> str | None:
    """`module:Qualified.Name`, or None for a class that cannot be found again by its name."""
    module, path = kind.__module__, kind.__qualname__
    if "[" in path:
        # A generic model with its arguments exists only where somebody has asked for it.
        return None
    is_main = module in _MAIN_NAMES
    found = _walk(sys.modules.get(_module_name(module)), path)
    # In a process of a pool, a class of the script is a copy of the one that the script's module holds.
    if found is kind or (is_main and isinstance(found, type)):
        return f"{'__main__' if is_main else module}:{path}"
    return None


def find_class(name: str) -> type:
    """The class of this name, imported if need be. ResultSerializationError if there is none."""
    module, _, path = name.partition(":")
    try:
        found = _walk(sys.modules.get(_module_name(module)) or import_module(module), path)
    except ImportError as error:
        raise ResultSerializationError(
            f"A stored value is of the class {name}, whose module cannot be imported here ({error}). "
            "Read it where that module is installed, or compute the value again."
        ) from error
    if not isinstance(found, type):
        raise ResultSerializationError(
            f"A stored value is of the class {name}, which does not exist here. "
            "Was it renamed or moved? Bring it back under that name, or compute the value again."
        )
    return found


def _module_name(module: str) -> str:
    return "__main__" if module in _MAIN_NAMES else module


def _walk(found: object, path: str) -> object:
    for part in path.split("."):
        found = getattr(found, part, None)
    return found
