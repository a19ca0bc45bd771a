"""Results that are shared between runs under a key, until they expire.

    cache = Cache("/data/cache")
    hit = cache.lookup(key)
    if hit is None:
        with cache.computing(key):
            hit = cache.lookup(key)         # somebody else may have been faster
            if hit is None:
                cache.store(key, compute(), expiration=timedelta(days=1))

An entry is a small file under the key, which holds the value, or says where a large one lies. It is written in one
piece, and holds a hash of itself and of the value: what is damaged counts as missing.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from orch.caching.entries import DamagedEntryError, Entry, digest, file_name
from orch.clock import clock
from orch.errors import ConfigurationError, ResultSerializationError
from orch.results.stored import StoredResult

if TYPE_CHECKING:
    from os import PathLike

    from orch.cache_policies import CachePolicy
    from orch.locking.computing import Computing, LockManager
    from orch.results.storage import Storage
    from orch.serializers import SerializerLike

__all__ = ["Cache", "Hit", "cache_for"]

Place: TypeAlias = "str | PathLike[str] | None"

_FOLDER = "cache"


@dataclass(frozen=True, slots=True)
class Hit:
    """What was found under a key."""

    value: Any
    stored: StoredResult
    """As it is written down."""
    created: float
    """When: seconds since 1970."""
    expires: float | None
    """Until when it counts; None: for ever."""

    def load(self) -> Any:  # noqa: ANN401 (the user's value)
        """The value."""
        return self.value


class Cache:
    """Entries in a storage. Any number of threads, processes and machines may use the same one."""

    def __init__(
        self,
        storage: Place = None,
        *,
        key_storage: Place = None,
        serializer: "SerializerLike | str | None" = None,
        named_results: bool = False,
        serializable: bool = True,
        lock_manager: "LockManager | None" = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`storage` holds the values, `key_storage` the entries: directories or URLs; None: where the settings say, and
        where the values are. Nothing is opened or made before it is used.

        `named_results`: a value lies in its storage under the key itself, however small. `serializable`: one
        computation of a key at a time; `lock_manager` sees to that (None: files beside the entries). `clock` gives
        seconds since 1970.
        """
        self._place = storage
        self._key_place = key_storage
        self._serializer = serializer
        self._named_results = named_results
        self._serializable = serializable
        self._lock_manager = lock_manager
        self._clock = clock

    def lookup(self, key: str) -> Hit | None:
        """What lies under the key; None where nothing does, or what does is expired, damaged, or not readable here.

        Raises ResultStorageError for a storage that cannot be read.
        """
        try:
            return self._lookup(key)
        except (DamagedEntryError, ResultSerializationError) as error:
            from orch.logging import get_logger

            get_logger("caching").warning("The cache entry %r does not count: %s", key, error)
            return None

    def _lookup(self, key: str) -> Hit | None:
        raw = self._entries().read(self._entry_name(key))
        entry = None if raw is None else Entry.from_bytes(raw)
        if entry is None or entry.key != key or entry.is_expired(self._clock()):
            return None
        from orch import results

        data = self._data_of(entry)
        if data is None:
            return None
        value = results.decode(data, entry.stored.media_type)
        return Hit(value=value, stored=entry.stored, created=entry.created, expires=entry.expires)

    def _data_of(self, entry: Entry) -> bytes | None:
        """The value's bytes; None where they are gone."""
        if entry.stored.data is not None:
            return entry.stored.data
        from orch.results.storage import read_uri

        data = read_uri(entry.stored.uri)
        if data is not None and digest(data) != entry.digest:
            raise DamagedEntryError(f"{entry.stored.uri} is not what was written there")
        return data

    def exists(self, key: str) -> bool:
        """Whether there is something under the key that counts."""
        return self.lookup(key) is not None

    def store(
        self,
        key: str,
        value: object,
        *,
        expiration: timedelta | datetime | None = None,
        serializer: "SerializerLike | str | None" = None,
    ) -> StoredResult:
        """Put a value under the key, in place of what may lie there, and say how it is written down.

        `expiration`: for how long it counts, or until when; None: for ever. Raises ResultSerializationError and
        ResultStorageError; what lay there then still does.
        """
        from orch import results

        data, media_type = results.encode(value, serializer or self._serializer)
        sum_ = digest(data)
        stored = results.save_bytes(
            data,
            media_type,
            # A new value goes to a new place: who has found the old one can still read it.
            key=key if self._named_results else f"{_FOLDER}/{file_name(key)}-{sum_[:16]}",
            storage=self._place,
            inline_limit_bytes=-1 if self._named_results else results.INLINE_LIMIT_BYTES,
        )
        now = self._clock()
        entry = Entry(key=key, created=now, expires=_expiry(now, expiration), digest=sum_, stored=stored)
        self._entries().write(self._entry_name(key), entry.to_bytes(), lasting=False)
        return stored

    def delete(self, key: str) -> bool:
        """Forget what lies under the key; whether there was something. Large values stay where they are: runs refer to
        them.
        """
        return self._entries().delete(self._entry_name(key))

    def computing(self, key: str) -> "Computing":
        """The right to compute what belongs under the key, which one thread of one process has at a time.

        A context manager, sync and async, which waits for its turn. Inside of a computation of the same key it does
        not wait: who waited for itself would wait for ever. Where the storage is no directory of this machine, only
        threads of this process wait for each other.
        """
        from orch.locking.computing import Computing, NotExclusive

        if not self._serializable:
            return NotExclusive()
        entries = self._entries()
        directory = entries.directory
        path = None if directory is None else directory / _FOLDER / f"{file_name(key)}.lock"
        return Computing(f"{entries.location}\0{key}", key=key, path=path, lock_manager=self._lock_manager)

    def with_clock(self, clock: Callable[[], float]) -> Self:
        """The same cache by another clock."""
        from copy import copy

        new = copy(self)
        new._clock = clock
        return new

    def _entries(self) -> "Storage":
        from orch.results.storage import open_storage

        return open_storage(self._place if self._key_place is None else self._key_place)

    @staticmethod
    def _entry_name(key: str) -> str:
        return f"{_FOLDER}/{file_name(key)}"


def cache_for(policy: "CachePolicy | None", *, storage: Place = None, serializer: Any = None) -> Cache:  # noqa: ANN401
    """The cache that a task with this policy shares its results in."""
    from orch.cache_policies import StorageKeyPolicy

    return Cache(
        storage,
        key_storage=policy.key_storage if policy else None,
        serializer=serializer,
        named_results=isinstance(policy, StorageKeyPolicy),
        serializable=policy.is_serializable if policy else True,
        lock_manager=policy.lock_manager if policy else None,
        clock=lambda: clock().time(),
    )


def _expiry(now: float, expiration: timedelta | datetime | None) -> float | None:
    if expiration is None:
        return None
    if isinstance(expiration, timedelta):
        return now + expiration.total_seconds()
    if isinstance(expiration, datetime):
        return expiration.timestamp()
    raise ConfigurationError(f"A cache_expiration is a timedelta or a datetime; {expiration!r} is neither.")
