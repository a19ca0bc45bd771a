"""What crosses the border between a flow's process and those of its tasks, as bytes.

cloudpickle sends functions and classes of scripts and notebooks by value. Those of modules, and the flows and tasks
made of them, go by name: the other process imports the module, and no global of it is sent.
"""

import pickle
import sys
from dataclasses import dataclass
from io import BytesIO
from types import FunctionType
from typing import Any

import cloudpickle

from orch.definitions import Definition
from orch.errors import OrchError, ProcessTransferError


def pack(value: object, *, what: str) -> bytes:
    """A value as bytes. Raises ProcessTransferError, which calls it `what`."""
    buffer = BytesIO()
    try:
        _Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL).dump(value)
    except Exception as error:
        raise ProcessTransferError(
            f"{what} cannot be sent to another process: {type(error).__name__}: {error}. Hand over plain data, and "
            "open connections, locks and files inside the task; or run the task in threads (ThreadPoolTaskRunner)."
        ) from error
    return buffer.getvalue()


def unpack(data: bytes, *, what: str) -> Any:  # noqa: ANN401 (whatever was packed)
    """What `pack` was given. Raises ProcessTransferError, which calls it `what`."""
    try:
        return pickle.loads(data)
    except Exception as error:
        raise ProcessTransferError(
            f"{what} cannot be read in the process that it was sent to: {type(error).__name__}: {error}. Whatever it "
            "is made of must be importable there, and be made again from what its pickle holds."
        ) from error


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc] # cloudpickle has no types
    def reducer_override(self, obj: Any) -> Any:  # noqa: ANN401
        if isinstance(obj, Definition) and _importable(obj, obj.fn) is obj:
            return _imported, (obj.fn.__module__, obj.fn.__qualname__)
        if type(obj) is FunctionType:
            found = _importable(obj, obj)
            if isinstance(found, Definition) and found.fn is obj:
                return _imported_function, (obj.__module__, obj.__qualname__)
        if isinstance(obj, BaseException) and _takes_arguments_of_its_own(type(obj)):
            return _exception, (type(obj), obj.args, _sendable_attributes(obj))
        return super().reducer_override(obj)


def _takes_arguments_of_its_own(kind: type[BaseException]) -> bool:
    """Whether an exception's `args` need not be what its class is called with; and nothing else is said of pickling."""
    standard = kind.__reduce__ is BaseException.__reduce__ and kind.__reduce_ex__ is BaseException.__reduce_ex__
    return standard and isinstance(kind.__init__, FunctionType)


def _sendable_attributes(error: BaseException) -> dict[str, object]:
    found = {}
    for name, value in vars(error).items():
        try:
            pack(value, what=name)
        except ProcessTransferError:
            continue  # a lock, a connection: the exception without it says more than none
        found[name] = value
    return found


def _exception(kind: type[BaseException], args: tuple[object, ...], attributes: dict[str, object]) -> BaseException:
    """An exception as it was, without calling its `__init__` again."""
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(attributes)
    return error


def _importable(owner: object, function: Any) -> object:  # noqa: ANN401
    """What an import of the function's module finds under its name; None for what is not of a module."""
    module = sys.modules.get(getattr(function, "__module__", None) or "")
    if module is None or module.__name__ == "__main__" or module.__spec__ is None:
        return None
    if module.__name__ in cloudpickle.list_registry_pickle_by_value():
        return None
    found: object = module
    for name in getattr(function, "__qualname__", "<unnamed>").split("."):
        found = getattr(found, name, None)
    return found


def _imported(module: str, qualified_name: str) -> Any:  # noqa: ANN401
    from importlib import import_module

    found: Any = import_module(module)
    for name in qualified_name.split("."):
        found = getattr(found, name)
    return found


def _imported_function(module: str, qualified_name: str) -> Any:  # noqa: ANN401
    return _imported(module, qualified_name).fn


class RemoteTraceback(Exception):
    """Where an exception was raised in another process; the cause of what is raised here."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f'\n"""\n{self.text}"""'


class UntransferableError(OrchError):
    """Stands for an exception that cannot be pickled: has its name and its text."""


@dataclass(frozen=True, slots=True)
class ShippedError:
    """An exception on its way."""

    pickled: bytes
    """Empty where it cannot be pickled."""
    name: str
    text: str
    traceback: str

    @staticmethod
    def of(error: BaseException) -> "ShippedError":
        """Any exception can be sent, in one way or the other."""
        from orch.tracebacks import user_traceback

        try:
            pickled = pack(error, what="An exception")
            pickle.loads(pickled)
        except Exception:
            # Many classes of exceptions cannot be made again from their arguments: its name and text must do.
            pickled = b""
        try:
            text = str(error)
        except Exception as broken:
            text = f"(its text cannot be had: {type(broken).__name__})"
        return ShippedError(pickled, type(error).__name__, text, user_traceback(error))

    def restored(self) -> BaseException:
        """The exception, with where it was raised as its cause."""
        error = self._made_again()
        if error.__cause__ is None:
            # Past a __setattr__ of the user's: a frozen dataclass forbids it.
            BaseException.__setattr__(error, "__cause__", RemoteTraceback(self.traceback))
        return error

    def _made_again(self) -> BaseException:
        if self.pickled:
            try:
                found = pickle.loads(self.pickled)
            except Exception:
                found = None
            if isinstance(found, BaseException):
                return found
        kind = type(self.name, (UntransferableError,), {"__doc__": UntransferableError.__doc__})
        made: BaseException = kind(self.text)
        return made
