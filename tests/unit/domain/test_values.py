"""`value` makes what `dataclass(slots=True, unsafe_hash=True)` makes, later."""

import copy
import pickle
from dataclasses import dataclass, field, fields, replace
from typing import Generic, TypeVar

import pytest

from orch_server.domain.values import value

T = TypeVar("T")


@value
class Point:
    """Two numbers."""

    across: int
    up: int = 0
    tags: tuple[str, ...] = field(default_factory=tuple, compare=False)

    def __post_init__(self) -> None:
        if self.across < 0:
            raise ValueError("left of the paper")


@value
class Held(Generic[T]):
    """Anything, compared as it likes."""

    held: T

    def __eq__(self, other: object) -> bool:
        return True

    def __hash__(self) -> int:
        return 1


@value
class Box:
    """A point in a class that is made before the point's methods are."""

    point: Point


def test_arguments_and_defaults_are_those_of_a_dataclass() -> None:
    assert (Point(1).across, Point(1).up, Point(across=1, up=2).up, Point(1, 2, ("a",)).tags) == (1, 0, 2, ("a",))
    assert [each.name for each in fields(Point)] == ["across", "up", "tags"]
    with pytest.raises(TypeError, match="across"):
        Point()  # type: ignore[call-arg]


def test_what_a_class_does_after_its_making_is_done() -> None:
    with pytest.raises(ValueError, match="left of the paper"):
        Point(-1)


def test_equal_values_are_equal_and_have_one_hash() -> None:
    assert Point(1, 2, ("a",)) == Point(1, 2)
    assert Point(1, 2) != Point(2, 2)
    assert len({Box(Point(1)), Box(Point(1)), Box(Point(2))}) == 2
    cells: object = (1, 2, ())
    assert Point(1, 2) != cells


def test_methods_of_its_own_are_kept() -> None:
    assert Held(1) == Held("a")
    assert hash(Held([])) == 1


def test_it_shows_its_fields() -> None:
    assert repr(Box(Point(1))) == "Box(point=Point(across=1, up=0, tags=()))"


def test_it_has_its_fields_and_nothing_else() -> None:
    point = Point(1)
    with pytest.raises(AttributeError, match="along"):
        point.along = 2  # type: ignore[attr-defined]
    assert not hasattr(point, "__dict__")


def test_a_changed_copy_is_another_value() -> None:
    assert replace(Point(1, tags=("a",)), up=3) == Point(1, 3)


def test_it_can_be_copied_and_pickled() -> None:
    point = Point(1, 2, ("a",))
    for twin in (copy.copy(point), copy.deepcopy(point), pickle.loads(pickle.dumps(point))):
        assert (twin, twin.tags) == (point, point.tags)


def test_it_is_matched_by_position() -> None:
    match Point(1, 2):
        case Point(across, up):
            assert (across, up) == (1, 2)


def test_it_has_what_a_dataclass_has() -> None:
    @dataclass(slots=True, unsafe_hash=True)
    class Twin:
        """The same."""

        across: int
        up: int = 0

    assert set(vars(Twin)) - set(vars(Point)) == set()
