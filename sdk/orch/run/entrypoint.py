"""From an entrypoint to its flow.

"path/to/file.py:function"      a file, relative to the working folder
"package.module:function"       a module, importable from the working folder

The function may be a flow's attribute of something: "etl.py:Jobs.nightly". A file is imported as a module, so that
`if __name__ == "__main__"` is not run, by the name that an import from the folder of its outermost package would give
it; where that name is somebody else's, by one of its own.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any

from orch.errors import OrchError

if TYPE_CHECKING:
    from orch.flows import Flow

_MACHINERY = ("<frozen importlib", "<frozen runpy", "<frozen zipimport")


class EntrypointError(OrchError):
    """An entrypoint leads to no flow. Where user code has failed on the way, its exception is the cause."""


@dataclass(frozen=True, slots=True)
class Entrypoint:
    """Where a flow is."""

    file: str
    """Empty where a module is named."""
    module: str
    attribute: str

    @classmethod
    def parse(cls, text: str) -> "Entrypoint":
        """From "place:attribute". Raises EntrypointError."""
        place, colon, attribute = text.strip().rpartition(":")
        if not colon or not place or not all(part.isidentifier() for part in attribute.split(".")):
            raise EntrypointError(
                f'The entrypoint is {text!r}. Write "path/to/file.py:function", or "package.module:function".'
            )
        if place.endswith(".py") or "/" in place or "\\" in place:
            return cls(place, "", attribute)
        if not all(part.isidentifier() for part in place.split(".")):
            raise EntrypointError(
                f"The entrypoint is {text!r}, and {place!r} is no name of a module. A file's name ends in .py."
            )
        return cls("", place, attribute)

    def __str__(self) -> str:
        place = self.file or self.module
        return f"{place}:{self.attribute}" if self.attribute else place


def load_flow(entrypoint: str, folder: Path) -> "Flow[..., Any]":
    """The flow that an entrypoint names, seen from the working folder, which becomes the first on `sys.path`.

    Raises EntrypointError, in words, with the user's exception as its cause.
    """
    found = Entrypoint.parse(entrypoint)
    _prepend(folder)
    module = _module_of_file(found, folder) if found.file else _module_of_name(found, folder)
    return _flow_in(module, found)


def flows_of_file(file: str, folder: Path) -> list[str]:
    """The names of the flows that a file makes, as entrypoints name them; not of those that it imports.

    Raises EntrypointError, as `load_flow`.
    """
    _prepend(folder)
    module = _module_of_file(Entrypoint(file, "", ""), folder)
    return sorted(name for name in _flow_names(module) if vars(module)[name].fn.__module__ == module.__name__)


def _prepend(folder: Path) -> None:
    text = str(folder)
    while text in sys.path:
        sys.path.remove(text)
    sys.path.insert(0, text)


def _module_of_file(entrypoint: Entrypoint, folder: Path) -> ModuleType:
    path = (folder / entrypoint.file).resolve()
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        beside = _listed(sorted(each.name for each in path.parent.glob("*.py"))) if path.parent.is_dir() else ""
        hint = f" In {path.parent} there are {beside}." if beside else ""
        raise EntrypointError(f"The entrypoint is {entrypoint}, and the file {path} {what}.{hint}")
    base, name = _place(path, folder.resolve())
    if base != folder.resolve():
        # As where the file is run as a script: what lies beside it can be imported.
        sys.path.insert(1, str(base))
    with _failing(entrypoint, f"file {path}"):
        return _imported(path, name)


def _place(path: Path, folder: Path) -> tuple[Path, str]:
    """The folder from which a file is imported, and its name then: up to the outermost package, as pytest does."""
    base, parts = path.parent, [path.stem]
    while base != folder and (base / "__init__.py").is_file() and base.name.isidentifier():
        parts.insert(0, base.name)
        base = base.parent
    return base, ".".join(parts)


def _imported(path: Path, name: str) -> ModuleType:
    if _leads_to(name, path):
        return import_module(name)
    own = f"orch_entrypoint_{''.join(each if each.isalnum() else '_' for each in name)}"
    spec = spec_from_file_location(own, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[own] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[own]
        raise
    _have_sent_whole(module)
    return module


def _have_sent_whole(module: ModuleType) -> None:
    """Processes of tasks cannot import it by its name: what they need of it is sent to them."""
    import cloudpickle

    cloudpickle.register_pickle_by_value(module)


def _leads_to(name: str, path: Path) -> bool:
    """Whether an import of this name gets that file."""
    try:
        spec = find_spec(name)
    except ValueError:  # a module that has no spec, such as __main__
        return False
    except ModuleNotFoundError as error:
        if not _is_part(error.name, name):
            raise
        return False  # the file's own name has a dot in it
    return spec is not None and spec.origin is not None and Path(spec.origin).resolve() == path


def _module_of_name(entrypoint: Entrypoint, folder: Path) -> ModuleType:
    name = entrypoint.module
    try:
        with _failing(entrypoint, f"module {name!r}"):
            return import_module(name)
    except EntrypointError as error:
        cause = error.__cause__
        if not (isinstance(cause, ModuleNotFoundError) and _is_part(cause.name, name)):
            raise
    raise EntrypointError(
        f"The entrypoint is {entrypoint}, and there is no module {name!r}: neither in the working folder {folder} nor"
        f" among what is installed for {sys.executable}."
    )


def _is_part(missing: str | None, name: str) -> bool:
    """Whether the module that is missing is this one, or a package around it: not one that it imports."""
    return f"{name}.".startswith(f"{missing}.")


class _failing:
    """Whatever an import raises becomes an EntrypointError with the user's part of the traceback."""

    def __init__(self, entrypoint: Entrypoint, what: str) -> None:
        self._entrypoint = entrypoint
        self._what = what

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if error is None or isinstance(error, KeyboardInterrupt):
            return
        from orch.engine.outcomes import described

        BaseException.with_traceback(error, _of_the_user(error.__traceback__))
        hint = ""
        if isinstance(error, SystemExit):
            hint = ' It ends the program while it is imported: put that under `if __name__ == "__main__":`.'
        elif isinstance(error, ModuleNotFoundError):
            hint = f" Install it for {sys.executable}, or add it to what the deployment installs."
        raise EntrypointError(
            f"The {self._what} of the entrypoint {self._entrypoint} cannot be imported: {described(error)}.{hint}"
        ) from error


def _of_the_user(traceback: TracebackType | None) -> TracebackType | None:
    """A traceback without the importing that comes first; whole where there is nothing else."""
    here, machinery = str(Path(__file__).parent), str(Path(import_module.__code__.co_filename).parent)
    found = traceback
    while found is not None and found.tb_frame.f_code.co_filename.startswith((here, machinery, *_MACHINERY)):
        found = found.tb_next
    return found


def _flow_in(module: ModuleType, entrypoint: Entrypoint) -> "Flow[..., Any]":
    from orch.flows import Flow

    found: object = module
    for part in entrypoint.attribute.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            raise EntrypointError(
                f"The entrypoint is {entrypoint}, and there is no {entrypoint.attribute!r}. {_flows_of(module)}"
            ) from None
    if isinstance(found, Flow):
        return found
    others = f" {_flows_of(module)}" if any(_flow_names(module)) else ""
    raise EntrypointError(f"The entrypoint is {entrypoint}, and that is {_kind(found)}{others}")


def _kind(found: object) -> str:
    from orch.tasks import Task

    if isinstance(found, Task):
        return "a task: call it inside of a flow, and deploy that."
    if callable(found) and not isinstance(found, type):
        return "a function, and no flow: write @flow above it."
    return f"no flow, but of the type {type(found).__name__}."


def _flows_of(module: ModuleType) -> str:
    names = _listed(sorted(_flow_names(module)))
    return f"Its flows are {names}." if names else "There are no flows in it: write @flow above the function."


def _flow_names(module: ModuleType) -> Iterator[str]:
    from orch.flows import Flow

    return (name for name, each in vars(module).items() if isinstance(each, Flow))


def _listed(names: list[str]) -> str:
    return ", ".join(names[:10]) + (f" and {len(names) - 10} more" if len(names) > 10 else "")
