"""What flows and tasks return, written down and read back.

    stored = save(value, key="orders/2026-11-22")
    value = load(stored)

Small results travel inside their record, large ones lie in a storage under their key.
"""

# Whatever is needed to read and write is imported where it is needed: `import orch` must stay cheap.
from typing import TYPE_CHECKING

from orch.errors import MissingResult, ResultSerializationError, ResultStorageError
from orch.results.stored import StoredResult

if TYPE_CHECKING:
    from os import PathLike

    from orch.serializers import SerializerLike

__all__ = ["INLINE_LIMIT_BYTES", "StoredResult", "decode", "encode", "load", "read", "save", "save_bytes", "save_small"]

INLINE_LIMIT_BYTES = 64 * 1024
"""Serialised values up to this size are kept in the record of their run."""


def encode(value: object, serializer: "SerializerLike | str | None" = None) -> tuple[bytes, str]:
    """The value as bytes, and their media type: JSON where it reads back exactly as it was, else a pickle.

    ResultSerializationError names the part of the value that cannot be written.
    """
    from orch.results import codec

    return codec.encode(value, serializer)


def decode(data: bytes, media_type: str) -> object:
    """The value that `encode` was given. ResultSerializationError where it cannot be read here."""
    from orch.results import codec

    return codec.decode(data, media_type)


def save(
    value: object,
    *,
    key: str,
    storage: "str | PathLike[str] | None" = None,
    serializer: "SerializerLike | str | None" = None,
    inline_limit_bytes: int = INLINE_LIMIT_BYTES,
) -> StoredResult:
    """Write a value down: inline where it is small, else in the storage under the key.

    `storage` is a directory or a URL; None: where the settings say. What is written outlives a loss of power. Raises
    ResultSerializationError, or ResultStorageError for a place that cannot be written.
    """
    data, media_type = encode(value, serializer)
    return save_bytes(data, media_type, key=key, storage=storage, inline_limit_bytes=inline_limit_bytes)


def save_bytes(
    data: bytes,
    media_type: str,
    *,
    key: str,
    storage: "str | PathLike[str] | None" = None,
    inline_limit_bytes: int = INLINE_LIMIT_BYTES,
) -> StoredResult:
    """`save` for what is encoded already."""
    if len(data) <= inline_limit_bytes:
        return StoredResult(data=data, uri="", media_type=media_type, size_bytes=len(data))
    from orch.results.storage import open_storage

    uri = open_storage(storage).write(key, data, lasting=True)
    return StoredResult(data=None, uri=uri, media_type=media_type, size_bytes=len(data))


def save_small(value: object) -> StoredResult | None:
    """The value inline, where it is small and JSON says exactly what it is; else None, and nothing is written."""
    from orch.results import codec

    # Each character and each member takes a byte of JSON at least: what is surely too long need not be written first.
    if isinstance(value, str | bytes | list | tuple | dict) and len(value) > INLINE_LIMIT_BYTES:
        return None
    try:
        data, has_tags = codec.json_bytes(value)
    except ResultSerializationError:
        return None
    if len(data) > INLINE_LIMIT_BYTES:
        return None
    return StoredResult(data, "", codec.TAGGED_JSON if has_tags else codec.JSON, len(data))


def load(stored: StoredResult) -> object:
    """The value. Raises MissingResult where it is gone, ResultStorageError for a place that cannot be read or a
    file that was cut, ResultSerializationError for bytes that cannot be understood here.
    """
    return decode(read(stored), stored.media_type)


def read(stored: StoredResult) -> bytes:
    """The serialised value. Raises MissingResult and ResultStorageError as `load` does."""
    if stored.data is not None:
        return stored.data
    if not stored.uri:
        raise MissingResult("The result was not kept. Set persist_result=True where it is made.")
    from orch.results.storage import read_uri

    data = read_uri(stored.uri)
    if data is None:
        raise MissingResult(
            f"The result {stored.uri} is gone: it was deleted, or lies on another machine. Run again what made it, or "
            "keep results where every machine reads them: result_storage=… or ORCH_RESULTS_STORAGE."
        )
    if len(data) != stored.size_bytes:
        raise ResultStorageError(
            f"The result {stored.uri} is damaged: it has {len(data):,} bytes instead of {stored.size_bytes:,}. Run "
            "again what made it."
        )
    return data
