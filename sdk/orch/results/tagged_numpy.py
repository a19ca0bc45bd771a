"""numpy's arrays and scalars: as tagged JSON where they are small, as an .npy file of their own where they are not.

Nothing here imports numpy unless a value of numpy's is at hand.
"""

import sys
from base64 import b64decode, b64encode
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any

from orch.results.tagged import BULK_LIMIT_BYTES, VALUE, NotRepresentableError, Writer

if TYPE_CHECKING:
    import numpy


def is_array(value: object) -> bool:
    """A plain array whose bytes are its whole content."""
    numpy = sys.modules.get("numpy")
    array = getattr(numpy, "ndarray", None)
    return array is not None and type(value) is array and not value.dtype.hasobject  # type: ignore[attr-defined]


def array_bytes(value: "numpy.ndarray[Any, Any]") -> bytes:
    """The array as an .npy file."""
    from numpy.lib.format import write_array

    into = BytesIO()
    write_array(into, value, allow_pickle=False)
    return into.getvalue()


def array_of(data: bytes) -> "numpy.ndarray[Any, Any]":
    """What `array_bytes` wrote."""
    from numpy.lib.format import read_array

    return read_array(BytesIO(data), allow_pickle=False)


def write(writer: Writer, value: object) -> object | None:
    """The tagged form, or None for something else. NotRepresentableError for what is too large for JSON."""
    if is_array(value):
        if value.nbytes > BULK_LIMIT_BYTES and not writer.any_size:  # type: ignore[attr-defined]
            raise NotRepresentableError(value, "is large")
        return writer.tag("ndarray", b64encode(array_bytes(value)).decode())  # type: ignore[arg-type]
    generic = getattr(sys.modules.get("numpy"), "generic", None)
    if generic is None or not isinstance(value, generic):
        return None
    found = value.dtype.newbyteorder("<")
    if found.hasobject or found.kind == "V" or type(found.type()) is not type(value):
        raise NotRepresentableError(value, "has no exact form in JSON")
    raw = value.astype(found).tobytes()
    return writer.tag("numpy", b64encode(raw).decode(), dtype=found.str, shown=str(value))


def _read_scalar(written: dict[str, Any]) -> object:
    import numpy

    return numpy.frombuffer(b64decode(written[VALUE]), dtype=written["dtype"])[0]


READERS: dict[object, Callable[[dict[str, Any]], object]] = {
    "ndarray": lambda written: array_of(b64decode(written[VALUE])),
    "numpy": _read_scalar,
}
"""How each tag is read."""
