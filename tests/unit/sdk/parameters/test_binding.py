"""From a call's arguments to named values and back."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any

import pytest
from pydantic import Field

from orch.errors import ParameterBindError
from orch.parameters import bind, call_with


def plain(a: int, b: int = 2, *, c: int = 3) -> tuple[Any, ...]:
    return a, b, c


def variadic(a: int, /, b: int = 2, *rest: int, c: int = 3, **more: int) -> tuple[Any, ...]:
    return a, b, rest, c, more


def fielded(
    a: int = Field(ge=1),
    b: list[int] = Field(default_factory=list),  # noqa: B008
    c: int = Field(default=4),
) -> tuple[Any, ...]:
    return a, b, c


def decorated(function: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(function)
    def around(*args: object, **kwargs: object) -> object:
        return function(*args, **kwargs)

    return around


class Callee:
    def __call__(self, a: int, b: int = 2) -> tuple[int, int]:
        return a, b

    def method(self, a: int) -> int:
        return a


@pytest.mark.parametrize(
    ("args", "kwargs", "expected"),
    [
        ((1,), {}, {"a": 1, "b": 2, "c": 3}),
        ((1, 5), {"c": 6}, {"a": 1, "b": 5, "c": 6}),
        ((), {"c": 6, "a": 1}, {"a": 1, "b": 2, "c": 6}),
    ],
)
def test_defaults_are_filled_in_and_the_order_is_the_signatures(
    args: tuple[int, ...], kwargs: dict[str, int], expected: dict[str, int]
) -> None:
    bound = bind(plain, args, kwargs)

    assert list(bound.items()) == list(expected.items())


def test_variadic_parameters_stand_under_their_own_names() -> None:
    assert bind(variadic, (1, 2, 8, 9), {"x": 7}) == {"a": 1, "b": 2, "rest": (8, 9), "c": 3, "more": {"x": 7}}
    assert bind(variadic, (1,), {}) == {"a": 1, "b": 2, "rest": (), "c": 3, "more": {}}


@pytest.mark.parametrize(
    ("function", "args", "kwargs"),
    [
        (plain, (1,), {}),
        (plain, (1, 2), {"c": 5}),
        (variadic, (1,), {}),
        (variadic, (1, 2, 8, 9), {"c": 5, "x": 7}),
        (variadic, (1,), {"a": 5, "b": 6}),
        (decorated(plain), (1,), {"c": 5}),
        (partial(plain, b=9), (1,), {"c": 5}),
        (Callee(), (1,), {}),
        (Callee().method, (1,), {}),
    ],
)
def test_what_was_bound_calls_the_function_as_the_call_did(
    function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    called_args, called_kwargs = call_with(function, bind(function, args, kwargs))

    assert function(*called_args, **called_kwargs) == function(*args, **kwargs)


@pytest.mark.parametrize(
    ("args", "kwargs", "reason"),
    [
        ((), {}, "missing a required argument: 'a'"),
        ((1, 2, 3), {}, "too many positional arguments"),
        ((1,), {"a": 2}, "multiple values for argument 'a'"),
        ((1,), {"d": 2}, "unexpected keyword argument 'd'"),
    ],
)
def test_arguments_that_do_not_fit_are_explained(args: tuple[int, ...], kwargs: dict[str, int], reason: str) -> None:
    with pytest.raises(ParameterBindError, match=reason) as caught:
        bind(plain, args, kwargs)

    assert "'plain'" in str(caught.value)
    assert "plain(a, b=2, *, c=3)" in str(caught.value)
    assert isinstance(caught.value, TypeError)


def test_values_stay_out_of_the_explanation() -> None:
    with pytest.raises(ParameterBindError) as caught:
        bind(plain, (), {"password": "hunter2"})

    assert "hunter2" not in str(caught.value)


def test_a_default_whose_repr_is_broken_does_not_hide_the_reason() -> None:
    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError("no repr")

    def function(a: int, b: object = Broken()) -> None: ...

    with pytest.raises(ParameterBindError, match="missing a required argument: 'a'"):
        bind(function, (), {})


def test_defaults_may_be_fields_of_pydantic() -> None:
    first, second = bind(fielded, (1,), {}), bind(fielded, (1,), {})

    assert first == {"a": 1, "b": [], "c": 4}
    assert first["b"] is not second["b"]
    with pytest.raises(ParameterBindError, match="missing a required argument: 'a'"):
        bind(fielded, (), {})


def test_parameters_left_out_are_left_to_the_function() -> None:
    assert call_with(plain, {"a": 1, "c": 5}) == ((1,), {"c": 5})
    assert variadic(*call_with(variadic, {"a": 1})[0]) == (1, 2, (), 3, {})


@pytest.mark.parametrize(
    ("parameters", "reason"), [({"b": 1}, "missing a required argument: 'a'"), ({"a": 1, "z": 1}, "no parameter 'z'")]
)
def test_parameters_that_do_not_fit_are_explained(parameters: dict[str, int], reason: str) -> None:
    with pytest.raises(ParameterBindError, match=reason):
        call_with(plain, parameters)


def test_a_callable_that_tells_nothing_of_its_arguments_takes_any() -> None:
    bound = bind(max, (1, 2), {})

    assert call_with(max, bound)[0] == (1, 2)
