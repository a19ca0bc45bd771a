"""Parameters of flows: coerced to their types, refused, passed unchecked, defaults, models."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, Field

from orch import flow, task
from orch.exceptions import ParameterBindError, ParameterTypeError


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Address(BaseModel):
    street: str
    number: int = Field(gt=0)


class Person(BaseModel):
    name: str
    addresses: list[Address] = []


@dataclass
class Point:
    x: float
    y: float


@flow
def numbers(whole: int, real: float = 0.5, flag: bool = False) -> list[object]:
    return [whole, real, flag, type(whole).__name__, type(real).__name__]


@flow
def collections(items: list[int], mapping: dict[str, float], pair: tuple[int, str], unique: set[int]) -> list[object]:
    return [items, mapping, list(pair), sorted(unique), type(pair).__name__]


@flow
def model(person: Person) -> list[object]:
    return [type(person).__name__, person.name, [type(each).__name__ for each in person.addresses]]


@flow
def data_class(point: Point) -> list[object]:
    return [type(point).__name__, point.x, point.y]


@flow
def others(day: date, moment: datetime, span: timedelta, path: Path, colour: Colour, key: UUID) -> list[object]:
    return [str(day), moment.isoformat(), span.total_seconds(), path.name, colour.name, str(key)]


@flow
def optional(value: int | None = None, choice: Literal["a", "b"] = "a", either: int | str = 1) -> list[object]:
    return [value, choice, either]


@flow
def anything(value: Any, untyped=3, *rest: int, **more: int) -> list[object]:  # type: ignore[no-untyped-def] # noqa: ANN001
    return [value, untyped, list(rest), more]


@flow
def not_json(function: Callable[[], int]) -> int:
    return function()


@flow(validate_parameters=False)
def unchecked(whole: int) -> list[object]:
    return [whole, type(whole).__name__]


@flow
def positional_only(first: int, /, second: int, *, third: int = 3) -> list[int]:
    return [first, second, third]


@task
def not_coerced(whole: int) -> list[object]:
    return [whole, type(whole).__name__]


@flow
def calls_a_task_with_text() -> list[object]:
    return not_coerced("12")


def refused(call: Callable[[], object]) -> list[object]:
    try:
        return ["accepted", call()]
    except (ParameterTypeError, ParameterBindError) as error:
        return [type(error).__name__]


def accepted() -> dict[str, object]:
    loosely: Any = numbers
    return {
        "as they are": numbers(1, 2.5, flag=True),
        "from text": loosely("3", "4.5", "yes"),
        "from a float": loosely(3.0),
        "defaults": numbers(1),
        "dictionary as a model": model({"name": "Ann", "addresses": [{"street": "High", "number": "5"}]}),
        "model": model(Person(name="Bob")),
        "dictionary as a dataclass": data_class({"x": 1, "y": "2"}),
        "dataclass": data_class(Point(1, 2)),
        "optional": [optional(), optional("5"), optional(None, "b", "x")],
        "anything": [anything({"a": 1}), anything(1, 2, 3, 4, five=5)],
        "function": not_json(lambda: 7),
        "unchecked": unchecked("text"),
        "positional only": positional_only(1, second=2, third=4),
        "task": calls_a_task_with_text(),
    }


def coerced() -> dict[str, object]:
    collected: Any = collections
    typed: Any = others
    return {
        "collections": collected(("1", 2), {"a": "1.5"}, [1, "b"], [3, 3, "1"]),
        "others": typed(
            "2026-03-29", "2026-03-29T01:02:03", 90, "/tmp/data.csv", "blue", "12345678-1234-5678-1234-567812345678"
        ),
    }


def main() -> object:
    loosely: Any = numbers
    return {
        **accepted(),
        **coerced(),
        "text": refused(lambda: loosely("many")),
        "fraction": refused(lambda: loosely(3.5)),
        "none": refused(lambda: loosely(None)),
        "missing": refused(lambda: loosely()),
        "too many": refused(lambda: loosely(1, 2, True, 4)),
        "unknown": refused(lambda: loosely(1, unknown=2)),
        "bad model": refused(lambda: model({"name": "Ann", "addresses": [{"street": "High", "number": -5}]})),
        "bad choice": refused(lambda: optional(1, "c")),
        "state of a bad call": loosely("many", return_state=True).type.value,
    }
