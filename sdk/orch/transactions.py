"""Groups of tasks that belong together: what they did is kept together, or undone together.

    @task
    def write(path: str) -> None: ...

    @write.on_rollback
    def remove(transaction: Transaction) -> None: ...

    with transaction():
        write("a.txt")
        check("a.txt")     # raises: write's rollback hook is called

A task that completes inside a transaction is staged in it. When the block ends, all that was staged is committed: its
commit hooks are called and its results go to the cache. When the block raises, rollback hooks are called, newest first.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from copy import deepcopy
from enum import StrEnum
from typing import Any

from orch.errors import RollbackError

Hook = Callable[["Transaction"], Any]

_active: ContextVar["Transaction | None"] = ContextVar("orch_transaction", default=None)
_ABSENT = object()


class CommitMode(StrEnum):
    """When a transaction that has ended well is committed."""

    EAGER = "EAGER"
    """When its own block ends."""
    LAZY = "LAZY"
    """When the outermost transaction's block ends."""
    OFF = "OFF"
    """Never by itself: it is rolled back where nobody calls commit()."""


class IsolationLevel(StrEnum):
    """Whether transactions of the same key exclude each other."""

    READ_COMMITTED = "READ_COMMITTED"
    SERIALIZABLE = "SERIALIZABLE"


class TransactionState(StrEnum):
    """How far a transaction is."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    STAGED = "STAGED"
    COMMITTED = "COMMITTED"
    ROLLED_BACK = "ROLLED_BACK"


class Transaction:
    """One transaction. Made by `transaction()`, or around each task that takes part in one."""

    def __init__(
        self,
        key: str | None = None,
        *,
        commit_mode: CommitMode | None = None,
        logger: logging.Logger | logging.LoggerAdapter[Any] | None = None,
    ) -> None:
        """`commit_mode` defaults to the surrounding transaction's, or LAZY."""
        self.key = key
        self.state = TransactionState.PENDING
        self.parent = _active.get()
        inherited: CommitMode = self.parent.commit_mode if self.parent is not None else CommitMode.LAZY
        self.commit_mode: CommitMode = CommitMode(commit_mode) if commit_mode is not None else inherited
        self.children: list[Transaction] = []
        self.logger = logger or logging.getLogger("orch.transactions")
        self.staged_value: object = None
        self.isolation_level = IsolationLevel.READ_COMMITTED
        self._write: Callable[[], object] | None = None
        self._values: dict[str, Any] = {}
        self._on_commit: list[Hook] = []
        self._on_rollback: list[Hook] = []
        self._token: Token[Transaction | None] | None = None

    def write_with(self, write: Callable[[], object]) -> None:
        """Have `write` called at the commit, where something was staged."""
        self._write = write

    def read(self) -> Any:  # noqa: ANN401 (users' values)
        """What was staged; in a transaction whose key was committed before, what was kept then."""
        return self.staged_value

    def set(self, name: str, value: object) -> None:
        """Keep a value under a name, for hooks."""
        self._values[name] = value

    def get(self, name: str, default: Any = _ABSENT) -> Any:  # noqa: ANN401 (users' values)
        """A copy of the value of that name, here or in a surrounding transaction.

        Raises ValueError where there is none, and no default.
        """
        if name in self._values:
            return deepcopy(self._values[name])
        if self.parent is not None:
            return self.parent.get(name, default)
        if default is _ABSENT:
            raise ValueError(f"Nothing was set under the name {name!r} in this transaction.")
        return default

    def stage(
        self,
        value: object = None,
        *,
        on_commit_hooks: list[Hook] | None = None,
        on_rollback_hooks: list[Hook] | None = None,
    ) -> None:
        """Say what is to be committed, and whom to tell."""
        if self.state is TransactionState.COMMITTED:
            return
        self.staged_value = value
        self._on_commit += on_commit_hooks or []
        self._on_rollback += on_rollback_hooks or []
        self.state = TransactionState.STAGED

    def is_committed(self) -> bool:
        """Whether it was committed."""
        return self.state is TransactionState.COMMITTED

    def is_rolled_back(self) -> bool:
        """Whether it was rolled back."""
        return self.state is TransactionState.ROLLED_BACK

    def is_staged(self) -> bool:
        """Whether something waits for the commit."""
        return self.state is TransactionState.STAGED

    def is_active(self) -> bool:
        """Whether its block runs, and nothing was staged yet."""
        return self.state is TransactionState.ACTIVE

    def is_pending(self) -> bool:
        """Whether its block has not begun."""
        return self.state is TransactionState.PENDING

    def commit(self) -> bool:
        """Commit it and all inside it; whether it was done. A hook that fails rolls it back."""
        if self.state in {TransactionState.COMMITTED, TransactionState.ROLLED_BACK}:
            return False
        try:
            for child in self.children:
                child.commit()
            for hook in self._on_commit:
                self._call(hook)
            if self._write is not None and self.state is TransactionState.STAGED:
                self._write()
        except Exception:
            self.logger.exception("Committing transaction %r has failed; it is rolled back.", self.key)
            self.rollback()
            return False
        self.state = TransactionState.COMMITTED
        return True

    def rollback(self) -> bool:
        """Undo it and all inside it, newest first; whether it was done.

        A hook that fails is told in the log, and keeps the others of this transaction from being called.
        """
        if self.state in {TransactionState.COMMITTED, TransactionState.ROLLED_BACK}:
            return False
        try:
            for hook in reversed(self._on_rollback):
                self._call(hook)
        except Exception as error:
            name = self.key or "without a key"
            self.logger.error("Rolling back transaction %s has failed.", name, exc_info=RollbackError(str(error)))
            return False
        self.state = TransactionState.ROLLED_BACK
        for child in reversed(self.children):
            child.rollback()
        return True

    def _call(self, hook: Hook) -> None:
        from inspect import isawaitable

        outcome = hook(self)
        if isawaitable(outcome):
            from orch.engine.drivers import run_coroutine

            run_coroutine(outcome)  # type: ignore[arg-type]

    def begin(self) -> None:
        """Its block begins: what happens from now on happens inside it."""
        self.state = TransactionState.ACTIVE
        self._token = _active.set(self)

    def leave(self) -> None:
        """What happens from now on happens outside of it. To be called in the context in which it began."""
        if self._token is not None:
            _active.reset(self._token)
            self._token = None

    def end(self, error: BaseException | None) -> None:
        """Its block has ended, well or not."""
        self.leave()
        if error is not None:
            self.rollback()
        elif self.commit_mode is CommitMode.EAGER:
            self.commit()
        elif self.parent is None:
            self._settle()
        if self.parent is not None:
            self._join(self.parent)

    def _join(self, parent: "Transaction") -> None:
        """Share the fate of the transaction around it. That may be over: a submitted task can outlast the block."""
        parent.children.append(self)
        if self.is_rolled_back():
            parent.rollback()
        elif parent.is_committed():
            self.commit()
        elif parent.is_rolled_back():
            self.rollback()

    def _settle(self) -> None:
        """Nobody around it will commit it."""
        if self.commit_mode is CommitMode.OFF:
            self.rollback()
        else:
            self.commit()


def get_transaction() -> Transaction | None:
    """The innermost transaction around the code that runs now; None outside of any."""
    return _active.get()


@contextmanager
def transaction(
    key: str | None = None,
    *,
    commit_mode: CommitMode | None = None,
    isolation_level: IsolationLevel | None = None,
    overwrite: bool = False,
    logger: logging.Logger | logging.LoggerAdapter[Any] | None = None,
) -> Iterator[Transaction]:
    """A transaction around the block.

    With a key, what is staged is kept under it: the next transaction of that key is committed from its start, unless
    `overwrite`. SERIALIZABLE lets only one block of a key run at a time.
    """
    from orch.engine.keyed_transactions import opened

    level = IsolationLevel(isolation_level) if isolation_level is not None else None
    with opened(
        key,
        commit_mode=commit_mode,
        isolation_level=level,
        overwrite=overwrite,
        logger=logger,
    ) as found:
        try:
            yield found
        except BaseException as error:
            found.end(error)
            raise
        else:
            found.end(None)
