"""Fingerprints of values: equal for equal values, in every process, whatever the order of sets or dictionaries.

Pickles would not do: they depend on which equal parts are the same object, and sets on Python's random hash seed. So a
value is walked, and its parts are fed to a hash one by one, each behind its type and its length. Large buffers are fed
as they lie in memory. Objects are walked as pickle would: by what `__reduce_ex__` gives.
"""

import copyreg
import hashlib
import json
from collections.abc import Callable, Iterable
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, Protocol

from orch.hashing import libraries

_PLAIN = frozenset({str, int, bool, float, type(None)})
_CHUNK = 4096
"""So many plain values are written at once: fast, and never more than a small part of a large list."""


class NoFingerprintError(Exception):
    """A part of a value has no lasting form. `path` leads to it, outermost step last."""

    def __init__(self, value: object, why: str) -> None:
        """`why` completes the sentence "a value of type T …"."""
        super().__init__(why)
        self.value = value
        self.path: list[str] = []

    def place(self) -> str:
        """Where the part is, as Python would say it: `['rows'][0]`."""
        return "".join(reversed(self.path))


class Hash(Protocol):
    """What hashlib's hashes can do."""

    def update(self, data: bytes | bytearray | memoryview, /) -> None:
        """Feed bytes."""
        ...

    def digest(self) -> bytes:
        """The hash."""
        ...

    def hexdigest(self) -> str:
        """The hash, in hexadecimal."""
        ...


def new_hash() -> Hash:
    """The hash that Orch uses: 160 bits, fast, and there on systems that forbid MD5."""
    return hashlib.blake2b(digest_size=20)


class Walker:
    """Feeds values to a hash."""

    __slots__ = ("_seen", "_walking", "hash", "make")

    def __init__(self, make: Callable[[], Hash] = new_hash) -> None:
        """`make` makes the hash."""
        self.make = make
        self.hash = make()
        self._walking: dict[int, int] = {}
        """Objects that are being walked, by id: at which depth. A value that holds itself ends there."""
        self._seen: dict[int, tuple[object, bytes]] = {}
        """Digests of objects; the object is kept, so that its id stays its own."""

    def feed(self, value: object) -> None:
        """Feed a value. NoFingerprintError for one that has no lasting form, such as a lock; it names the part."""
        kind = type(value)
        write = _WRITERS.get(kind)
        if write is not None:
            write(self, value)
            return
        for is_one, write_one in _SPECIAL:
            if is_one(value):
                write_one(self, value)
                return
        self._object(value)

    def mark(self, tag: str, data: bytes | bytearray | memoryview = b"") -> None:
        """Feed a type and bytes."""
        view = memoryview(data)
        self.hash.update(f"{tag}:{view.nbytes}:".encode())
        self.hash.update(view)

    def feed_at(self, step: str, value: object) -> None:
        """Feed a part of a value; `step` leads there, in errors."""
        try:
            self.feed(value)
        except NoFingerprintError as error:
            error.path.append(step)
            raise

    def feed_all(self, values: Iterable[object]) -> None:
        """Feed values in their order."""
        for at, value in enumerate(values):
            self.feed_at(f"[{at}]", value)

    def apart(self, value: object, step: str) -> bytes:
        """The digest of a part alone, for parts without an order."""
        outer, self.hash = self.hash, self.make()
        try:
            self.feed_at(step, value)
            return self.hash.digest()
        finally:
            self.hash = outer

    def _object(self, value: object) -> None:
        """Objects may be shared and may hold themselves: each is walked once."""
        identity = id(value)
        if identity in self._walking:
            self.mark("again", str(len(self._walking) - self._walking[identity]).encode())
            return
        if identity not in self._seen:
            self._walking[identity] = len(self._walking)
            outer, self.hash = self.hash, self.make()
            try:
                _write_reduced(self, value)
                self._seen[identity] = (value, self.hash.digest())
            except RecursionError as error:
                raise NoFingerprintError(value, "is nested too deep") from error
            finally:
                self.hash = outer
                del self._walking[identity]
        self.mark("object", self._seen[identity][1])


def _write_plain(walker: Walker, value: object) -> None:
    walker.mark("plain", json.dumps(value).encode())


def _write_int(walker: Walker, value: int) -> None:
    # Not as decimal digits: Python refuses that for very large ones.
    walker.mark("int", value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True))


def _write_list(walker: Walker, value: list[object] | tuple[object, ...]) -> None:
    walker.mark(f"{type(value).__name__} {len(value)}")
    if not set(map(type, value)) <= _PLAIN:
        walker.feed_all(value)
        return
    for start in range(0, len(value), _CHUNK):
        part = value[start : start + _CHUNK]
        try:
            text = json.dumps(part)
        except ValueError:
            walker.feed_all(part)
        else:
            walker.mark("part", text.encode())


def _write_set(walker: Walker, value: set[object] | frozenset[object]) -> None:
    walker.mark(type(value).__name__, b"".join(sorted(walker.apart(each, " (an element)") for each in value)))


def _write_dict(walker: Walker, value: dict[Any, object]) -> None:
    walker.mark(f"dict {len(value)}")
    if set(map(type, value)) <= {str}:
        for key in sorted(value):
            walker.mark("key", key.encode("utf-8", "surrogatepass"))
            walker.feed_at(f"[{key!r}]", value[key])
        return
    items = [(walker.apart(key, f" (key {key!r})"), walker.apart(held, f"[{key!r}]")) for key, held in value.items()]
    walker.mark("items", b"".join(key + held for key, held in sorted(items)))


def _write_type(walker: Walker, value: type) -> None:
    walker.mark("type", _global_name(value))


def _write_function(walker: Walker, value: FunctionType) -> None:
    """A function is its name, its code, and what it has caught: another body is another input."""
    walker.mark("function", _global_name(value))
    walker.feed(value.__code__)
    walker.feed_at(".__defaults__", value.__defaults__)
    walker.feed_at(".__kwdefaults__", value.__kwdefaults__)
    for name, cell in zip(value.__code__.co_freevars, value.__closure__ or (), strict=True):
        try:
            caught = cell.cell_contents
        except ValueError:
            continue
        if caught is not value:
            walker.feed_at(f" (its variable {name})", caught)


def _write_code(walker: Walker, value: CodeType) -> None:
    walker.mark("code", value.co_code)
    walker.feed((value.co_consts, value.co_names, value.co_freevars))


def _write_method(walker: Walker, value: MethodType) -> None:
    walker.mark("method")
    walker.feed(value.__func__)
    walker.feed_at(".__self__", value.__self__)


def _global_name(value: Any) -> bytes:  # noqa: ANN401
    # Processes that multiprocessing starts call the script's module by another name.
    module = "__main__" if value.__module__ == "__mp_main__" else value.__module__
    return f"{module}:{value.__qualname__}".encode()


def _write_reduced(walker: Walker, value: object) -> None:
    parts = _reduced(value)
    if isinstance(parts, str):
        walker.mark("global", f"{type(value).__module__}:{parts}".encode())
        return
    make, arguments, state, items, pairs = (*parts, None, None, None)[:5]
    if make is copyreg.__newobj__:  # type: ignore[attr-defined]
        # What all plain classes have; its code says nothing.
        walker.mark("new")
    else:
        walker.feed(make)
    walker.feed_all(arguments)
    _write_state(walker, state)
    walker.feed_all(items or ())
    walker.feed_all(pairs or ())


def _write_state(walker: Walker, state: object) -> None:
    """Attributes; those in slots come in a dictionary of their own."""
    for part in state if isinstance(state, tuple) and len(state) == 2 else (state,):
        if isinstance(part, dict) and set(map(type, part)) <= {str}:
            walker.mark(f"state {len(part)}")
            for name in sorted(part):
                walker.mark("name", name.encode())
                walker.feed_at(f".{name}", part[name])
        else:
            walker.feed(part)


def _reduced(value: object) -> str | tuple[Any, ...]:
    """What pickle would write. NoFingerprintError for what it cannot."""
    special = copyreg.dispatch_table.get(type(value))
    try:
        parts: str | tuple[Any, ...] = special(value) if special else value.__reduce_ex__(4)
    # Classes decide themselves how they refuse, and may run any code in doing so.
    except Exception as error:
        raise NoFingerprintError(value, f"cannot be written down: {error}") from error
    return parts


_WRITERS: dict[type, Callable[[Walker, Any], None]] = {
    type(None): _write_plain,
    bool: _write_plain,
    float: _write_plain,
    str: _write_plain,
    int: _write_int,
    list: _write_list,
    tuple: _write_list,
    dict: _write_dict,
    set: _write_set,
    frozenset: _write_set,
    bytes: lambda walker, value: walker.mark("bytes", value),
    bytearray: lambda walker, value: walker.mark("bytearray", value),
    type: _write_type,
    FunctionType: _write_function,
    MethodType: _write_method,
    CodeType: _write_code,
    ModuleType: lambda walker, value: walker.mark("module", value.__name__.encode()),
    type(Ellipsis): lambda walker, value: walker.mark("constant", repr(value).encode()),
    type(NotImplemented): lambda walker, value: walker.mark("constant", repr(value).encode()),
}


def _is_builtin(value: object) -> bool:
    return isinstance(value, BuiltinFunctionType) and isinstance(value.__self__, (ModuleType, type(None)))


_SPECIAL: list[tuple[Callable[[object], bool], Callable[[Walker, Any], None]]] = [
    (lambda value: isinstance(value, type), _write_type),
    (_is_builtin, lambda walker, value: walker.mark("function", _global_name(value))),
    *libraries.SPECIAL,
]
"""Tried in this order for values of other types."""
