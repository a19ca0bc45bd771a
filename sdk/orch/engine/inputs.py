"""Futures and states among a run's inputs become results, those in its return value become states."""

from typing import Any

from orch import nested
from orch.annotations import Annotation, allow_failure
from orch.errors import UpstreamTaskError
from orch.futures import OrchFuture, resolve
from orch.states import State

_LOOKED_FOR = (OrchFuture, State, Annotation)


def has_dependencies(parameters: dict[str, Any]) -> bool:
    """Whether there is a future, a state or an annotation among the parameters. Plain values cost next to nothing."""
    values = parameters.values()
    if nested.PLAIN.issuperset(map(type, values)):
        return False
    return bool(nested.find(list(values), _LOOKED_FOR))


def settled(value: object) -> Any:  # noqa: ANN401 (the inputs, whatever they are)
    """The value with each future and state in it replaced by its result. Waits for futures.

    Raises UpstreamTaskError for one that did not complete and is not marked with `allow_failure`.
    """
    return resolve(value, _result)


def as_states(value: object) -> Any:  # noqa: ANN401
    """The value with each future in it replaced by its final state. Waits for futures."""
    return resolve(value, lambda found, _: _state_of(found))


def _state_of(found: object) -> State[Any]:
    if isinstance(found, OrchFuture):
        found.wait()
        return found.state
    if isinstance(found, State):
        return found
    raise AssertionError(f"{found!r} is neither a future nor a state")


def _result(found: object, annotation: Annotation[object] | None) -> object:
    state = _state_of(found)
    if state.is_completed():
        return state.result()
    if isinstance(annotation, allow_failure) and state.is_final():
        return state.result(raise_on_failure=False)
    name = found.name if isinstance(found, OrchFuture) else state.run_id
    raise UpstreamTaskError(
        f"The task run {name!r} that this one depends on ended as {state.name}, not COMPLETED. "
        "Where failures are fine, wrap the input: allow_failure(future)."
    )
