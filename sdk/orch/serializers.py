"""How results become bytes: `@task(result_serializer="json")`, or an object of one of these classes.

Without a choice, a result is JSON where that reads back exactly as it was, and a pickle where not.

Your own is a subclass with a name of its own, which then can be given instead of the object:

    class Parquet(Serializer):
        type = "parquet"

        def dumps(self, obj): ...
        def loads(self, blob): ...

    @task(result_serializer="parquet")
    def read() -> pandas.DataFrame: ...

Any object with these two methods is taken as well.
"""

from types import ModuleType
from typing import Any, ClassVar, Protocol, runtime_checkable

from orch.errors import ConfigurationError

__all__ = [
    "CompressedJSONSerializer",
    "CompressedPickleSerializer",
    "CompressedSerializer",
    "JSONSerializer",
    "PickleSerializer",
    "Serializer",
    "SerializerLike",
    "find_serializer",
]


@runtime_checkable
class SerializerLike(Protocol):
    """What can be given as a serializer."""

    def dumps(self, obj: object, /) -> bytes:
        """The object as bytes."""
        ...

    def loads(self, blob: bytes, /) -> object:
        """What `dumps` wrote."""
        ...


_BY_NAME: "dict[str, type[Serializer]]" = {}


class Serializer:
    """Makes bytes of values, and values of bytes."""

    type: ClassVar[str] = ""
    """The name by which it can be chosen; empty for none."""

    def __init_subclass__(cls, **keywords: object) -> None:
        """Makes the class known under its name."""
        super().__init_subclass__(**keywords)
        if isinstance(cls.__dict__.get("type"), str) and cls.type:
            _BY_NAME[cls.type] = cls

    def dumps(self, obj: object) -> bytes:
        """The object as bytes."""
        raise NotImplementedError(f"{type(self).__name__} has no dumps().")

    def loads(self, blob: bytes) -> object:
        """What `dumps` wrote."""
        raise NotImplementedError(f"{type(self).__name__} has no loads().")

    def __eq__(self, other: object) -> bool:
        """Of the same class, with the same options."""
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        """All of a class share one: options need not be hashable."""
        return hash(type(self))


class JSONSerializer(Serializer):
    """JSON that reads back exactly as it was; refuses values of which it cannot promise that.

    Beside JSON's own types: tuples, sets, bytes, dates and times, Decimal, UUID, paths, enums, dataclasses, pydantic
    models, named tuples, numpy arrays.
    """

    type = "json"

    def __init__(
        self,
        *,
        jsonlib: str = "json",
        dumps_kwargs: dict[str, Any] | None = None,
        loads_kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Another library (`orjson`) or keywords for it leave all to that library, which knows fewer types."""
        self.jsonlib = jsonlib
        self.dumps_kwargs = dumps_kwargs or {}
        self.loads_kwargs = loads_kwargs or {}

    def dumps(self, obj: object) -> bytes:
        """The object as JSON. ResultSerializationError where it has no exact form there."""
        if self != JSONSerializer():
            written = _module(self.jsonlib).dumps(obj, **self.dumps_kwargs)
            return written.encode() if isinstance(written, str) else bytes(written)
        from orch.results.codec import json_bytes

        return json_bytes(obj)[0]

    def loads(self, blob: bytes) -> object:
        """What `dumps` wrote."""
        if self != JSONSerializer():
            return _module(self.jsonlib).loads(blob, **self.loads_kwargs)
        from orch.results import tagged

        return tagged.loads(blob)


class PickleSerializer(Serializer):
    """Pickles, by cloudpickle or another library with the same functions. Read back only what you trust."""

    type = "pickle"

    def __init__(self, *, picklelib: str = "cloudpickle") -> None:
        """`picklelib` is the module's name."""
        self.picklelib = picklelib

    def dumps(self, obj: object) -> bytes:
        """The object as a pickle. ResultSerializationError where it cannot be pickled."""
        if self.picklelib != "cloudpickle":
            return bytes(_module(self.picklelib).dumps(obj))
        from orch.results.codec import pickle_bytes

        return pickle_bytes(obj)

    def loads(self, blob: bytes) -> object:
        """What `dumps` wrote."""
        if self.picklelib != "cloudpickle":
            return _module(self.picklelib).loads(blob)
        from orch.results import pickling

        return pickling.loads(blob)


class CompressedSerializer(Serializer):
    """Another serializer's bytes, compressed."""

    type = "compressed"

    def __init__(self, serializer: "SerializerLike | str", *, compressionlib: str = "lzma") -> None:
        """`compressionlib` is a module with compress() and decompress(): lzma, zlib, bz2, gzip …"""
        self.serializer = find_serializer(serializer)
        self.compressionlib = compressionlib

    def dumps(self, obj: object) -> bytes:
        """The object as the other serializer writes it, compressed."""
        return bytes(_module(self.compressionlib).compress(self.serializer.dumps(obj)))

    def loads(self, blob: bytes) -> object:
        """What `dumps` wrote."""
        return self.serializer.loads(_module(self.compressionlib).decompress(blob))


class CompressedJSONSerializer(CompressedSerializer):
    """JSON, compressed."""

    type = "compressed/json"

    def __init__(self, *, compressionlib: str = "lzma") -> None:
        """`compressionlib` is a module with compress() and decompress()."""
        super().__init__(JSONSerializer(), compressionlib=compressionlib)


class CompressedPickleSerializer(CompressedSerializer):
    """A pickle, compressed."""

    type = "compressed/pickle"

    def __init__(self, *, compressionlib: str = "lzma") -> None:
        """`compressionlib` is a module with compress() and decompress()."""
        super().__init__(PickleSerializer(), compressionlib=compressionlib)


def find_serializer(wanted: SerializerLike | str) -> SerializerLike:
    """The serializer by its name, or the object itself. ConfigurationError if it is neither."""
    if not isinstance(wanted, str):
        if isinstance(wanted, type) or not isinstance(wanted, SerializerLike):
            raise ConfigurationError(
                f"{wanted!r} cannot be a result_serializer: give a name ({_names()}) or an object with "
                "dumps(obj) and loads(blob)."
            )
        return wanted
    found = _BY_NAME.get(wanted)
    if found is None:
        raise ConfigurationError(f"There is no result_serializer {wanted!r}. There are: {_names()}.")
    return found()


def _names() -> str:
    return ", ".join(repr(name) for name in sorted(_BY_NAME) if name != CompressedSerializer.type)


def _module(name: str) -> ModuleType:
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise ConfigurationError(
            f"The serializer needs the module {name!r}, which cannot be imported here ({error}). Install it."
        ) from error
