"""What an author may set of a resource: read as a whole to create it, or by a field mask to change it."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from orch_server.rpc.convert.field_masks import masked_paths
from orch_server.rpc.convert.findings import Findings

M = TypeVar("M", bound=Message)

Readers = Mapping[str, tuple[str, Callable[[M], Any]]]
"""By path in the message: the field of the value, and how it is read. Reading raises InvalidArgument."""


def to_changes(message: M, mask: FieldMask, readers: Readers[M]) -> dict[str, Any]:
    """The masked fields' new values. InvalidArgument names every wrong path, or else every wrong field."""
    paths = masked_paths(mask, readers)
    return _read(message, {path: readers[path] for path in readers if path in paths})


def to_fields(message: M, readers: Readers[M], findings: Findings) -> dict[str, Any]:
    """All fields' values, to create the resource; what is wrong goes to `findings`."""
    return findings.read(lambda: _read(message, readers), {})


def _read(message: M, readers: Readers[M]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    with Findings() as findings:
        for field, read in readers.values():
            values[field] = findings.read(partial(read, message), None)
    return values
