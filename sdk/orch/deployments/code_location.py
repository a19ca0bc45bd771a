"""Where a flow's code is: the entrypoint that leads to it, and the folder that the entrypoint is seen from."""

import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from inspect import unwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orch.errors import ConfigurationError

if TYPE_CHECKING:
    from orch.flows import Flow

_TO_A_FILE = "Put it at the top level of a file, or name one: `orch deploy file.py:function`."


@dataclass(frozen=True, slots=True)
class CodeLocation:
    """Where code is."""

    entrypoint: str
    """"path/to/file.py:function", seen from the folder, or "package.module:function" of an installed package."""
    folder: Path | None
    """Absolute; None where the package is installed."""


def locate(flow: "Flow[..., Any]", folder: Path | None = None) -> CodeLocation:
    """Where a flow is. `folder`: the working folder of its runs; by default this process's, where the file lies in it,
    else the file's.

    Raises ConfigurationError for a flow that no other process could find.
    """
    module = sys.modules.get(getattr(flow.fn, "__module__", "") or "")
    name = _name_in(module, flow)
    path = _file_of(flow)
    if path is None or not path.is_file():
        raise ConfigurationError(
            f"The {flow.label} is not in a file (it comes from a prompt, a notebook or a text), and workers load flows"
            f" from files. {_TO_A_FILE}"
        )
    if name is None:
        raise ConfigurationError(_nameless(flow, path))
    if _is_installed(path):
        return CodeLocation(f"{_module_name(flow)}:{name}", None)
    base = (folder or Path.cwd()).resolve()
    if not path.is_relative_to(base):
        base = path.parent
    return CodeLocation(f"{path.relative_to(base).as_posix()}:{name}", base)


def _name_in(module: object, flow: "Flow[..., Any]") -> str | None:
    """By what name an import of its module gets the flow; None where none does."""
    if module is None:
        return None
    qualified = getattr(flow.fn, "__qualname__", "")
    found: object = module
    for part in qualified.split("."):
        found = getattr(found, part, None)
    if _is_same(found, flow):
        return qualified
    return next((name for name, each in vars(module).items() if each is flow), None)


def _is_same(found: object, flow: "Flow[..., Any]") -> bool:
    """A class method is bound anew each time that it is looked up; its options are not made anew."""
    return found is flow or getattr(found, "_options", None) is flow._options


def _nameless(flow: "Flow[..., Any]", path: Path) -> str:
    qualified = getattr(flow.fn, "__qualname__", "")
    if "<locals>" in qualified:
        return f"The {flow.label} is made inside of a function, where no other process can find it. {_TO_A_FILE}"
    return (
        f"The {flow.label} has no name of its own in {path.name}: another process would find {qualified!r}, with other"
        f" options. Give it one at the top level: `my_flow = {qualified}.with_options(...)`."
    )


def _file_of(flow: "Flow[..., Any]") -> Path | None:
    code = getattr(unwrap(flow.fn), "__code__", None)
    file = getattr(code, "co_filename", "")
    return Path(file).resolve() if file and not file.startswith("<") else None


def _module_name(flow: "Flow[..., Any]") -> str:
    """Of an installed module; one that runs as a program knows its own name, too."""
    name: str = flow.fn.__module__
    spec = getattr(sys.modules.get(name), "__spec__", None)
    return spec.name if name == "__main__" and spec is not None else name


def _is_installed(path: Path) -> bool:
    return any(path.is_relative_to(folder) for folder in _installed_folders())


def _installed_folders() -> Iterator[Path]:
    for name in ("purelib", "platlib"):
        folder = sysconfig.get_paths().get(name)
        if folder:
            yield Path(folder).resolve()
