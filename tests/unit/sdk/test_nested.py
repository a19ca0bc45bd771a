"""Finding and replacing futures and states inside of arguments."""

import dataclasses
from collections import Counter, OrderedDict, defaultdict
from typing import NamedTuple

import pytest

from orch.annotations import Annotation, allow_failure, opaque, quote, unmapped
from orch.futures import OrchFuture, OrchFutureList, futures_in, resolve
from orch.states import Completed, State


def future_of(value: object) -> OrchFuture[object]:
    future: OrchFuture[object] = OrchFuture("run")
    future._finish(Completed(data=value))
    return future


def result(found: object, _: Annotation[object] | None) -> object:
    assert isinstance(found, (OrchFuture, State))
    return found.result()


class Point(NamedTuple):
    x: object
    y: object


@dataclasses.dataclass(frozen=True)
class Box:
    content: object
    label: str = "box"
    size: int = dataclasses.field(init=False, default=0)


@pytest.mark.parametrize("value", [1, "text", None, b"x", 1.5, True, [1, 2], {"a": 1}, (), object(), int])
def test_plain_values_pass_as_they_are(value: object) -> None:
    assert futures_in(value) == []
    assert resolve(value, result) is value


def test_futures_are_found_once_wherever_they_are() -> None:
    first, second = future_of(1), future_of(2)
    value = {"list": [first, (second, {first})], second: Box(Point(first, 0))}
    assert set(futures_in(value)) == {first, second}
    assert len(futures_in(value)) == 2


def test_what_is_found_is_replaced_and_the_original_stays() -> None:
    future = future_of(1)
    value = {"list": [future, 2], "tuple": (future,), "set": {future}, "named": Point(future, 2), "box": Box(future)}
    resolved = resolve(value, result)
    assert resolved == {"list": [1, 2], "tuple": (1,), "set": {1}, "named": Point(1, 2), "box": Box(1)}
    assert value["list"] == [future, 2]


def test_collections_without_futures_are_not_copied() -> None:
    untouched = [[object()], {"a": (object(),)}]
    resolved = resolve([untouched, future_of(1)], result)
    assert resolved[0] is untouched


def test_keys_are_replaced_too() -> None:
    assert resolve({future_of("key"): 1}, result) == {"key": 1}


def test_special_dictionaries_keep_their_kind() -> None:
    holds: defaultdict[str, object] = defaultdict(list, {"a": future_of([1])})
    many = resolve(holds, result)
    assert many == {"a": [1]}
    assert many["missing"] == []
    assert type(resolve(OrderedDict(a=future_of(1)), result)) is OrderedDict
    assert resolve(Counter({future_of("a"): 3}), result) == Counter(a=3)


def test_a_list_of_futures_becomes_a_plain_list() -> None:
    resolved = resolve(OrchFutureList([future_of(1), future_of(2)]), result)
    assert resolved == [1, 2]
    assert type(resolved) is list


def test_states_are_replaced_as_well() -> None:
    assert resolve([Completed(data=3)], result) == [3]


def test_cycles_end() -> None:
    cycle: list[object] = [future_of(1)]
    cycle.append(cycle)
    assert len(futures_in(cycle)) == 1
    assert resolve(cycle, result)[0] == 1


def test_results_are_searched_in_turn() -> None:
    assert resolve(future_of([future_of(1), 2]), result) == [1, 2]


def test_a_quoted_value_is_handed_over_as_it_is() -> None:
    content = [future_of(1)]
    assert futures_in(quote(content)) == []
    assert resolve({"a": quote(content)}, result)["a"] is content


def test_inside_an_opaque_result_nothing_is_looked_for() -> None:
    inner = future_of(1)
    outer = future_of([inner])
    assert futures_in(opaque(outer)) == [outer]
    assert resolve(opaque(outer), result) == [inner]
    content = [inner]
    assert futures_in(opaque(content)) == []
    assert resolve(opaque(content), result) is content


def test_other_marks_are_taken_off() -> None:
    assert resolve({"a": unmapped([1]), "b": allow_failure(future_of(2))}, result) == {"a": [1], "b": 2}


def test_the_mark_around_a_future_is_told_and_kept_apart() -> None:
    future = future_of(1)
    marks = resolve([allow_failure([future]), future], lambda _, mark: type(mark).__name__)
    assert marks == [["allow_failure"], "NoneType"]


def test_generators_are_left_alone() -> None:
    generator = (future_of(number) for number in range(2))
    assert futures_in([generator]) == []
    assert len(list(generator)) == 2


def test_pydantic_models_are_searched() -> None:
    pydantic = pytest.importorskip("pydantic")
    model = pydantic.create_model("Order", item=(object, ...), count=(int, 1))
    order = model(item=future_of("book"))
    assert len(futures_in(order)) == 1
    assert resolve(order, result).model_dump() == {"item": "book", "count": 1}


def test_marks_are_equal_by_kind_and_value() -> None:
    assert unmapped(1) == unmapped(1)
    assert unmapped(1) != allow_failure(1)
    assert {quote(1), quote(1)} == {quote(1)}
    assert unmapped([1])[99] == [1]
    assert repr(quote([1])) == "quote([1])"
    assert quote(5).unquote() == unmapped(5).unwrap() == 5
