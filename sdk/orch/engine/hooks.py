"""Calls users' hooks. One that fails is told in the log; it never fails the run."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from orch.engine.steps import Await, Steps
from orch.states import State

if TYPE_CHECKING:
    import logging

Hook: TypeAlias = Callable[..., Any]
"""Called with the flow or task, its run, and the state that the run has entered. May be async."""


def run_hooks(
    hooks: Iterable[Hook], owner: object, run: object, state: State[Any], logger: "logging.LoggerAdapter[Any]"
) -> Steps:
    """Call hooks in their order."""
    for hook in hooks:
        name = getattr(hook, "__name__", None) or repr(hook)
        try:
            yield Await(partial(hook, owner, run, state))
        except Exception:
            logger.exception("The hook %s for state %s has failed; the run goes on.", name, state.name)


def checked_hooks(hooks: Iterable[Hook] | None, *, argument: str, owner: str) -> list[Hook]:
    """The hooks that a decorator was given. Raises TypeError where they are not a list of functions."""
    if hooks is None:
        return []
    if callable(hooks) or not isinstance(hooks, Iterable):
        raise TypeError(f"{owner}: {argument} takes a list of functions: write {argument}=[my_hook].")
    found = list(hooks)
    for hook in found:
        if not callable(hook):
            raise TypeError(f"{owner}: {argument} holds {hook!r}, which cannot be called: write {argument}=[my_hook].")
    return found
