"""Hashes that are the same for equal values in every process: what cache keys are made of."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from orch.errors import HashError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

__all__ = ["file_hash", "hash_objects", "hash_source", "hash_values", "stable_hash"]

_BLOCK_BYTES = 1 << 20


def stable_hash(*args: str | bytes, hash_algo: Callable[..., Any] | None = None) -> str:
    """The hash of texts and bytes, one after the other, in hexadecimal. `hash_algo` is one of hashlib's functions."""
    into = _hash_maker(hash_algo)()
    for each in args:
        into.update(each.encode() if isinstance(each, str) else each)
    return str(into.hexdigest())


def file_hash(path: "str | PathLike[str]", hash_algo: Callable[..., Any] | None = None) -> str:
    """The hash of a file's content, in hexadecimal. Raises OSError."""
    into = _hash_maker(hash_algo)()
    with open(path, "rb") as file:
        while block := file.read(_BLOCK_BYTES):
            into.update(block)
    return str(into.hexdigest())


def hash_objects(
    *args: object, hash_algo: Callable[..., Any] | None = None, raise_on_failure: bool = False, **kwargs: object
) -> str | None:
    """The hash of values, in hexadecimal: the same for equal values in every process.

    None for values that have none, such as locks, connections and open files, or what holds one. With
    `raise_on_failure` these raise HashError, whose text says where the part is that prevents it.
    """
    try:
        return hash_values(args, kwargs, hash_algo)
    except HashError:
        if raise_on_failure:
            raise
        return None


def hash_values(
    values: "Sequence[object]", named: "Mapping[str, object]", hash_algo: Callable[..., Any] | None = None
) -> str:
    """The hash of values, and of values with names. HashError, whose text names the part that prevents it."""
    from orch.hashing.fingerprints import NoFingerprintError, Walker

    walker = Walker(_hash_maker(hash_algo))
    try:
        walker.feed_all(values)
        walker.feed(dict(named))
    except NoFingerprintError as error:
        raise HashError(f"{error.place() or 'The value'}, a {_type_name(error.value)}, {error}.") from error
    except RecursionError as error:
        raise HashError("The value refers to itself, or is nested too deep.") from error
    return walker.hash.hexdigest()


def hash_source(function: Callable[..., Any]) -> str | None:
    """The hash of a function's code, in hexadecimal: its source, or its bytecode where the source cannot be had."""
    from orch.hashing.code_source import code_of

    return hash_objects(code_of(function))


def _hash_maker(wanted: Callable[..., Any] | None) -> Callable[[], Any]:
    from orch.hashing.fingerprints import new_hash

    return wanted or new_hash


def _type_name(value: object) -> str:
    kind = type(value)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
