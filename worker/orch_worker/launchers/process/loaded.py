"""What an interpreter has loaded, and whether that is still what lies on disk. Standard library only."""

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata

OF_INTERPRETERS = ("PYTHON", "LD_", "DYLD_", "MALLOC_", "GLIBC_", "OPENBLAS_", "OMP_", "MKL_")
"""How variables begin that a process reads when it starts: a fork would not notice them."""


def running_version() -> str:
    """Of the interpreter, of what it was told when it started, and of Orch: a host of another one is not wanted."""
    told = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith(OF_INTERPRETERS))
    return " ".join([sys.executable, sys.version, "orch", _version_of_orch(), *told])


@cache
def _version_of_orch() -> str:
    try:
        return metadata.version("orch")
    except metadata.PackageNotFoundError:
        return ""


def loaded_sources(folders: Sequence[str]) -> Mapping[str, int]:
    """The loaded modules' files below any of the folders, each with when it was changed last."""
    files = (getattr(module, "__file__", None) for module in list(sys.modules.values()))
    below = tuple(os.path.join(folder, "") for folder in folders)
    return {file: modification_time(file) for file in files if file and file.startswith(below)}


def modification_time(path: str) -> int:
    """In nanoseconds since 1970; 0 where there is no such file."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0
