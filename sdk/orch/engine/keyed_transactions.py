"""Transactions with a key: what one of them keeps is found by the next."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

from orch.transactions import CommitMode, IsolationLevel, Transaction, TransactionState

if TYPE_CHECKING:
    import logging


@contextmanager
def opened(
    key: str | None,
    *,
    commit_mode: CommitMode | None,
    isolation_level: IsolationLevel | None,
    overwrite: bool,
    logger: "logging.Logger | logging.LoggerAdapter[Any] | None",
) -> Iterator[Transaction]:
    """A transaction whose block has begun; the caller ends it. One that was committed before is committed already."""
    found = Transaction(key, commit_mode=commit_mode, logger=logger)
    inherited = found.parent.isolation_level if found.parent is not None else IsolationLevel.READ_COMMITTED
    found.isolation_level = isolation_level or inherited
    serializable = found.isolation_level is IsolationLevel.SERIALIZABLE
    if key is None:
        found.begin()
        yield found
        return
    from orch.caching import cache_for

    cache = cache_for(None, storage=None, serializer=None)
    with cache.computing(key) if serializable else nullcontext():
        found.write_with(lambda: cache.store(key, found.staged_value, expiration=None))
        found.begin()
        hit = None if overwrite else cache.lookup(key)
        if hit is not None:
            found.staged_value = hit.load()
            found.state = TransactionState.COMMITTED
        yield found
