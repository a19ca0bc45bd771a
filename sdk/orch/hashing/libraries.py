"""Fingerprints of what numpy, pandas and pydantic make. Nothing here imports them: they are looked up where loaded."""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orch.hashing.fingerprints import Walker


def _loaded(module: str, *names: str) -> tuple[type, ...]:
    """The classes by these names, where the module is loaded."""
    loaded = sys.modules.get(module)
    # A module that is being imported in another thread may not have them yet.
    found = (getattr(loaded, name, None) for name in names)
    return tuple(each for each in found if each is not None)


def _is_array(value: object) -> bool:
    return type(value) in _loaded("numpy", "ndarray", "memmap")


def _write_array(walker: "Walker", value: Any) -> None:  # noqa: ANN401
    import numpy

    walker.mark("ndarray", f"{value.dtype.descr} {value.shape}".encode())
    if value.dtype.hasobject:
        walker.feed(value.tolist())
    elif value.size:
        # As it lies in memory; only what lies scattered there is copied, once.
        walker.mark("buffer", numpy.ascontiguousarray(value).reshape(-1).view(numpy.uint8).data)


def _write_scalar(walker: "Walker", value: Any) -> None:  # noqa: ANN401
    walker.mark("numpy", f"{value.dtype.descr}".encode())
    walker.mark("buffer", value.tobytes())


def _write_frame(walker: "Walker", value: Any) -> None:  # noqa: ANN401
    """Column by column; a frame's pickle depends on how it was made."""
    walker.mark(type(value).__name__)
    walker.feed_at(".columns", value.columns)
    walker.feed_at(".index", value.index)
    for at, name in enumerate(value.columns):
        walker.feed_at(f"[{name!r}]", value.iloc[:, at].array)


def _write_series(walker: "Walker", value: Any) -> None:  # noqa: ANN401
    walker.mark(type(value).__name__)
    walker.feed_at(".name", value.name)
    walker.feed_at(".index", value.index)
    walker.feed(value.array)


def _write_index(walker: "Walker", value: Any) -> None:  # noqa: ANN401
    walker.mark("Index")
    walker.feed_at(".names", list(value.names))
    for level in range(value.nlevels):
        walker.feed(value.get_level_values(level).array)


def _write_column(walker: "Walker", value: Any) -> None:  # noqa: ANN401
    """Texts and objects one by one; numbers and times as they lie in memory."""
    walker.mark("column", str(value.dtype).encode())
    kind = type(value).__name__
    if kind == "Categorical":
        walker.feed(value.categories)
        walker.feed(value.codes)
    elif kind == "NumpyExtensionArray" or hasattr(value, "asi8"):
        walker.feed(value.asi8 if hasattr(value, "asi8") else value.to_numpy())
    else:
        # Nullable, text, Arrow, period, interval, sparse: all can say their values and what is missing.
        walker.feed(value.isna())
        walker.feed([None if missing else each for each, missing in zip(value, value.isna(), strict=True)])


def _write_model(walker: "Walker", value: Any) -> None:  # noqa: ANN401
    """Which fields were set by hand is not part of the value: equal models have one fingerprint."""
    walker.mark("model")
    walker.feed(type(value))
    for name, held in sorted(value.__dict__.items()):
        walker.mark("name", name.encode())
        walker.feed_at(f".{name}", held)
    walker.feed(value.__pydantic_extra__)
    walker.feed(value.__pydantic_private__)


SPECIAL: list[tuple[Callable[[object], bool], Callable[["Walker", Any], None]]] = [
    (_is_array, _write_array),
    (lambda value: isinstance(value, _loaded("numpy", "generic")), _write_scalar),
    (lambda value: isinstance(value, _loaded("pandas", "DataFrame")), _write_frame),
    (lambda value: isinstance(value, _loaded("pandas", "Series")), _write_series),
    (lambda value: isinstance(value, _loaded("pandas", "Index")), _write_index),
    (lambda value: isinstance(value, _loaded("pandas.api.extensions", "ExtensionArray")), _write_column),
    (lambda value: isinstance(value, _loaded("pydantic", "BaseModel")), _write_model),
]
"""Which values, and how."""
