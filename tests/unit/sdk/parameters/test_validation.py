"""Parameters become what their annotations say."""

import subprocess
import sys
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Optional

import pytest
from pydantic import BaseModel, Field

from orch.errors import ParameterTypeError
from orch.parameters import bind, schema, validated


class City(BaseModel):
    name: str
    people: int = 0


@dataclass
class Point:
    x: int
    y: int


class Opaque:
    """A class that Pydantic knows nothing about."""


def every(  # type: ignore[no-untyped-def]
    number: int,
    text: str = "a",
    day: date = date(2026, 1, 1),
    city: City | None = None,
    numbers: list[int] = [],  # noqa: B006
    *rest: float,
    free=None,  # noqa: ANN001
    **flags: bool,
) -> None: ...


def test_values_are_made_into_what_the_annotations_say() -> None:
    given = bind(every, ("5", "t", "2026-11-22", {"name": "Ulm", "people": "7"}, ("1", 2), "1.5"), {"on": "yes"})

    assert validated(every, given) == {
        "number": 5,
        "text": "t",
        "day": date(2026, 11, 22),
        "city": City(name="Ulm", people=7),
        "numbers": [1, 2],
        "rest": (1.5,),
        "free": None,
        "flags": {"on": True},
    }


def test_values_that_are_right_already_stay_themselves() -> None:
    city = City(name="Ulm")

    assert validated(every, bind(every, (1,), {"city": city}))["city"] is city


def test_a_list_is_copied_whether_pydantic_looks_at_it_or_not() -> None:
    def function(bare: list, numbers: list[int], points: list[Point], table: dict[str, int]) -> None: ...  # type: ignore[type-arg]

    given = {"bare": [1], "numbers": [1], "points": [Point(1, 2)], "table": {"a": 1}}
    result = validated(function, given)

    assert result == given
    assert all(result[name] is not given[name] for name in given)


def test_each_wrong_parameter_is_listed_without_its_value() -> None:
    with pytest.raises(ParameterTypeError) as caught:
        validated(every, bind(every, ("hunter2", "t", "no day"), {"on": "maybe"}))

    text = str(caught.value)
    assert text.startswith("'every' received invalid parameters:\n - number: Input should be a valid integer")
    assert "\n - day: " in text
    assert "\n - flags.on: " in text
    assert "hunter2" not in text
    assert isinstance(caught.value, TypeError)


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (int, True, 1),
        (int, 3.0, 3),
        (float, 2, 2.0),
        (int | None, None, None),
        (Optional[int], "4", 4),  # noqa: UP045
        (int | str, "4", "4"),
        (bool, "false", False),
        (Decimal, "1.10", Decimal("1.10")),
        (Path, "a/b", Path("a/b")),
        (Point, {"x": "1", "y": 2}, Point(1, 2)),
        (set[int], [1, 1], {1}),
        (tuple[int, str], ["1", "b"], (1, "b")),
        (dict[str, float], {"a": 1}, {"a": 1.0}),
        (list[list[int]], [["1"]], [[1]]),
        (Annotated[int, Field(gt=1)], 2, 2),
        (Any, Opaque, Opaque),
    ],
)
def test_pydantics_rules_hold(annotation: Any, value: object, expected: object) -> None:  # noqa: ANN401
    def function(x: object) -> None: ...

    function.__annotations__["x"] = annotation
    result = validated(function, {"x": value})["x"]

    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(("annotation", "value"), [(Annotated[int, Field(gt=5)], 2), (int, "x"), (str, 1), (Opaque, 1)])
def test_what_the_rules_forbid_is_refused(annotation: Any, value: object) -> None:  # noqa: ANN401
    def function(x: object) -> None: ...

    function.__annotations__["x"] = annotation
    with pytest.raises(ParameterTypeError, match="- x: "):
        validated(function, {"x": value})


def test_an_instance_of_an_unknown_class_passes() -> None:
    def function(x: Opaque) -> None: ...

    found = Opaque()
    assert validated(function, {"x": found})["x"] is found


def test_parameters_may_have_names_that_models_use_themselves() -> None:
    def function(schema: int, json: int, copy: int, model_config: int, _private: int, self: int) -> None: ...

    names = ["schema", "json", "copy", "model_config", "_private", "self"]
    assert validated(function, dict.fromkeys(names, "1")) == dict.fromkeys(names, 1)


def test_annotations_as_text_are_resolved_each_for_itself() -> None:
    class Local(BaseModel):
        x: int

    known = Local

    def function(a: "int", b: "Unknown", c: "known", d: "list[City]") -> None:  # type: ignore[valid-type,name-defined]  # noqa: F821
        print(known)  # noqa: T201 (a name from outside is known where it is used)

    assert validated(function, {"a": "1", "b": "kept", "c": {"x": "2"}, "d": [{"name": "Ulm"}]}) == {
        "a": 1,
        "b": "kept",
        "c": Local(x=2),
        "d": [City(name="Ulm")],
    }


def test_annotations_that_make_no_sense_are_said() -> None:
    class Broken:
        @classmethod
        def __get_pydantic_core_schema__(cls, source: object, handler: object) -> object:
            raise RuntimeError("no schema")

    class Unfinished(BaseModel):
        x: "NowhereToBeFound"  # type: ignore[name-defined]  # noqa: F821

    def first(a: Broken) -> None: ...
    def second(a: Unfinished) -> None: ...

    for function in (first, second):
        with pytest.raises(ParameterTypeError, match=rf"annotations of '{function.__name__}' cannot be checked"):
            validated(function, {"a": {"x": 1}})


def test_constraints_of_a_field_default_hold() -> None:
    def function(a: int = Field(default=3, gt=2)) -> None: ...

    assert validated(function, bind(function, (), {})) == {"a": 3}
    with pytest.raises(ParameterTypeError, match="greater than 2"):
        validated(function, bind(function, (1,), {}))


def test_plain_values_do_not_load_pydantic() -> None:
    program = """
import sys
from orch.parameters import bind, json_text, validated
def function(a: int, b: str = "x", c: float | None = None, d: list[int] = [], e=None, *f, **g): ...
parameters = validated(function, bind(function, (1,), {"d": [1, 2], "z": object()}))
json_text(parameters)
print("pydantic" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout == "False\n"


def test_the_schema_describes_the_parameters_in_their_order() -> None:
    def function(city: City, day: date, count: int = 3, opaque: Opaque | None = None, free=None) -> None: ...  # type: ignore[no-untyped-def]  # noqa: ANN001

    found = schema(function)

    assert found["type"] == "object"
    assert list(found["properties"]) == ["city", "day", "count", "opaque", "free"]
    assert [member["position"] for member in found["properties"].values()] == [0, 1, 2, 3, 4]
    assert found["required"] == ["city", "day"]
    assert found["properties"]["count"] == {"type": "integer", "default": 3, "title": "count", "position": 2}
    assert found["properties"]["day"]["format"] == "date"
    assert found["$defs"]["City"]["properties"]["people"]["default"] == 0
