"""From one `map` call to the parameters of each run."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from orch.annotations import Annotation, allow_failure, unmapped
from orch.errors import MappingLengthMismatch, MappingMissingIterable
from orch.futures import OrchFuture
from orch.parameters import bind
from orch.states import State


def mapped_parameters(fn: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[dict[str, Any]]:
    """The parameters of each run: one item of every argument that can be iterated over, the others as they are.

    A future stands for its result, which is waited for. Raises MappingLengthMismatch, MappingMissingIterable.
    """
    places = [*enumerate(args), *kwargs.items()]
    series = {place: items for place, value in places if (items := _items(value)) is not None}
    if not series:
        raise MappingMissingIterable(
            f"map was given nothing to iterate over for {_called(fn)}: give at least one list, or another iterable "
            "that is not marked `unmapped`."
        )
    lengths = {place: len(items) for place, items in series.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{_place_name(fn, place)}: {length}" for place, length in lengths.items())
        raise MappingLengthMismatch(
            f"map needs iterables of the same length for {_called(fn)}, and was given {told}. "
            "Mark what should go to every run as it is: unmapped(value)."
        )
    static = {place: _unwrapped(value) for place, value in places if place not in series}
    count = next(iter(lengths.values()))
    return [_bound(fn, len(args), kwargs, static, series, index) for index in range(count)]


def _bound(
    fn: Callable[..., Any],
    positional: int,
    kwargs: Mapping[str, object],
    static: Mapping[Any, object],
    series: Mapping[Any, list[object]],
    index: int,
) -> dict[str, Any]:
    def pick(place: int | str) -> object:
        return series[place][index] if place in series else static[place]

    return bind(fn, tuple(pick(place) for place in range(positional)), {name: pick(name) for name in kwargs})


def _items(value: object) -> list[object] | None:
    """What to map over; None for something that goes to every run as it is."""
    if isinstance(value, unmapped):
        return None
    if isinstance(value, allow_failure):
        inner = _items(value.value)
        return None if inner is None else [allow_failure(each) for each in inner]
    if isinstance(value, Annotation):
        return None
    if isinstance(value, OrchFuture):
        return _items(value.result())
    if isinstance(value, State):
        return _items(value.result())
    if isinstance(value, (str, bytes, bytearray, Mapping)) or not isinstance(value, Iterable) or hasattr(value, "read"):
        return None
    return list(value)


def _unwrapped(value: object) -> object:
    return value.value if isinstance(value, unmapped) else value


def _called(fn: Callable[..., Any]) -> str:
    return repr(getattr(fn, "__name__", fn))


def _place_name(fn: Callable[..., Any], place: object) -> str:
    if not isinstance(place, int):
        return str(place)
    code = getattr(fn, "__code__", None)
    names = code.co_varnames[: code.co_argcount] if code is not None else ()
    return names[place] if place < len(names) else f"argument {place + 1}"
