"""What a function's code is: its source, or its bytecode where the source is not to be had."""

import threading
from collections.abc import Callable
from types import CodeType, FunctionType
from weakref import WeakKeyDictionary

_known: "WeakKeyDictionary[Callable[..., object], tuple[object, tuple[str, ...]]]" = WeakKeyDictionary()
_lock = threading.Lock()
"""Reading a source takes a millisecond, and a task may run a million times."""

_CONSTANTS = (str, bytes, int, float, complex, bool, type(None))


def code_of(function: Callable[..., object]) -> object:
    """What changes when the code of the function does, to be hashed.

    That is the text, and the plain values that the function reads from the function around it: two functions made in a
    loop have one text.
    """
    with _lock:
        found = _known.get(function) if isinstance(function, FunctionType) else None
    if found is None:
        found = _text_of(function), _names_read(function)
        if isinstance(function, FunctionType):
            with _lock:
                _known[function] = found
    text, names = found
    return (text, _caught(function, names)) if names else text


def _text_of(function: Callable[..., object]) -> object:
    from inspect import getsource

    try:
        text = getsource(function)
    except (OSError, TypeError):
        # Typed into a shell, or made by exec(): only the code is left. An object that can be called: its class.
        return _code(function) or _class_text(function)
    # All lambdas of a line have that line as their text.
    return (text, _code(function)) if getattr(function, "__name__", "") == "<lambda>" else text


def _class_text(function: Callable[..., object]) -> object:
    from inspect import getsource

    try:
        return getsource(type(function))
    except (OSError, TypeError):
        return _code(type(function).__call__) or type(function)


def _code(function: object) -> CodeType | None:
    code = getattr(function, "__code__", None)
    return code if isinstance(code, CodeType) else None


def _names_read(function: Callable[..., object]) -> tuple[str, ...]:
    """Variables of the function around it that it reads and never sets."""
    code = _code(function)
    if code is None or not code.co_freevars:
        return ()
    from dis import get_instructions

    written = {each.argval for each in get_instructions(code) if each.opname in ("STORE_DEREF", "DELETE_DEREF")}
    return tuple(name for name in code.co_freevars if name not in written)


def _caught(function: Callable[..., object], names: tuple[str, ...]) -> dict[str, object]:
    """The plain values among these variables. Others are left out: a list that grows is not another function."""
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    found: dict[str, object] = {}
    for name in names:
        try:
            value = cells[name].cell_contents
        except ValueError:
            continue
        if type(value) in _CONSTANTS:
            found[name] = value
    return found
