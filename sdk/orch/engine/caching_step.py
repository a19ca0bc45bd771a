"""What surrounds a task's own code where its result is kept: the cache before it, storage and transactions after it.

A task that keeps nothing, and runs outside of transactions, does not come here.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeGuard

from orch.context import FlowRunContext, TaskRunContext
from orch.engine.steps import Block, Steps, Until
from orch.results.stored import StoredResult
from orch.states import Completed, LazyResult, State, exception_of
from orch.transactions import Transaction, get_transaction

if TYPE_CHECKING:
    from orch.caching import Cache
    from orch.tasks import Task


class Kept(LazyResult):
    """A result that is read from where it was kept when it is asked for."""

    __slots__ = ("stored",)

    def __init__(self, stored: StoredResult) -> None:
        self.stored = stored

    def load(self) -> object:
        """The value."""
        found = self.returned()
        return found.data if _is_handmade(found) else found

    def returned(self) -> object:
        """What the code returned."""
        from orch import results

        return results.load(self.stored)


def _is_handmade(found: object) -> TypeGuard[State[Any]]:
    """Whether what was kept is a state that a task's code made. Those of other runs, which it may return, say so."""
    return isinstance(found, State) and not found.run_id


def _returned(state: State[Any]) -> object:
    """What to keep, so that calls that are answered from it return what the first one did."""
    if not state.handmade:
        return state.result()
    return State(state.type, state.name, state.message, state.data, state.timestamp_ns)


def keeps(task: "Task[..., Any]", flow: FlowRunContext) -> bool:
    """Whether something must be done about the task's result beyond returning it."""
    if flow.checkpoints is not None or task.has_transaction_hooks or get_transaction() is not None:
        return True
    return task.persists_in(flow)


def cache_key_of(task: "Task[..., Any]", context: TaskRunContext, logger: logging.LoggerAdapter[Any]) -> str | None:
    """The key under which the result is shared; None where it is not. A key that cannot be had is told in the log."""
    if not task.persists_in(context.flow_context) or task.cache_policy is None:
        return None
    try:
        return task.cache_policy.compute_key(
            task_ctx=context,
            inputs=context.parameters,
            flow_parameters=context.flow_context.parameters,
        )
    except Exception:
        logger.exception("No cache key can be computed for task %s: its result is not shared.", task.name)
        return None


def run_kept(
    task: "Task[..., Any]",
    context: TaskRunContext,
    attempts: Callable[[], Steps],
    logger: logging.LoggerAdapter[Any],
    *,
    is_whole: Callable[[], bool],
) -> Steps:
    """Run the attempts, or answer from the cache. Returns the state, and where the result is kept, if it is.

    `is_whole()` is asked after the attempts: a part of a generator's items is no answer for others.
    """
    record = context.record
    key = cache_key_of(task, context, logger)
    record.cache_key = key or ""
    transaction = Transaction(key, logger=logger)
    transaction.begin()
    try:
        if key is None:
            state, stored = (yield from attempts()), None
        else:
            state, stored = yield from _through_cache(task.cache(), key, task, attempts, is_whole)
        if state.is_completed():
            if stored is None and _wants_storing(task, context):
                stored = yield Block(partial(_save, task, record.id, state))
            transaction.stage(
                state.data, on_commit_hooks=task.on_commit_hooks, on_rollback_hooks=task.on_rollback_hooks
            )
    except BaseException as error:
        transaction.end(error)
        raise
    # The block may be carried out by another thread, whose context is not this one.
    transaction.leave()
    # A task that has failed takes the transactions around it with it.
    yield Block(partial(transaction.end, None if state.is_completed() else exception_of(state)))
    return state, stored


def _wants_storing(task: "Task[..., Any]", context: TaskRunContext) -> bool:
    flow = context.flow_context
    return flow.checkpoints is not None or task.persists_in(flow)


def _save(task: "Task[..., Any]", key: str, state: State[Any]) -> StoredResult:
    from orch import results

    return results.save(_returned(state), key=key, storage=task.result_storage, serializer=task.result_serializer)


def _through_cache(
    cache: "Cache", key: str, task: "Task[..., Any]", attempts: Callable[[], Steps], is_whole: Callable[[], bool]
) -> Steps:
    """Answer from the cache; or compute, one at a time for each key, and write to it."""
    if not task.refresh_cache:
        hit = yield Block(partial(cache.lookup, key))
        if hit is not None:
            return _cached(hit.stored)
    one_at_a_time = cache.computing(key)
    try:
        # Not in a Block: a loop's few threads, all waiting here, would leave none for the one they wait for.
        yield Until(one_at_a_time.granted)
        if not task.refresh_cache:
            # Whoever computed meanwhile has left it here.
            hit = yield Block(partial(cache.lookup, key))
            if hit is not None:
                return _cached(hit.stored)
        state = yield from attempts()
        stored = None
        if state.is_completed() and is_whole():
            stored = yield Block(partial(cache.store, key, _returned(state), expiration=task.cache_expiration))
        return state, stored
    finally:
        one_at_a_time.release()


def _cached(stored: StoredResult) -> tuple[State[Any], StoredResult]:
    return Completed(name="Cached", message="Answered from the cache.", data=Kept(stored)), stored
