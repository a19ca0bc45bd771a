"""What people write in signatures: its schema is one, takes what the SDK sends for it, and the run gets it back."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, HttpUrl

from orch import flow
from orch.deployments.json_values import json_object
from orch.deployments.parameter_schema import check_parameters, parameter_schema
from orch.parameters import validated
from orch_server.application.parameter_schemas import refuse_schema, unfit


class Colour(Enum):
    RED = "red"


class Size(Enum):
    SMALL = 1


@dataclass
class Point:
    x: int
    y: float = 0.5


class Place(BaseModel):
    name: str
    at: Point
    near: "list[Place]" = []


class Odd:
    """A class that nobody can describe."""


MOMENT = datetime(2026, 1, 2, 3, 4, 5, 678_000, tzinfo=UTC)
CASES: list[tuple[Any, Any]] = [
    (int, 5),
    (float, 5),
    (bool, True),
    (str, "x"),
    (bytes, b"bytes"),
    (date, date(2026, 1, 2)),
    (datetime, MOMENT),
    (datetime, MOMENT.replace(tzinfo=None)),
    (time, time(3, 4)),
    (timedelta, timedelta(hours=1, seconds=0.5)),
    (Decimal, Decimal("1.50")),
    (UUID, UUID(int=7)),
    (Path, Path("/srv/data")),
    (Colour, Colour.RED),
    (Size, Size.SMALL),
    (Literal["a", "b"], "b"),
    (int | None, None),
    (int | str, "5"),
    (list[int], [1, 2]),
    (list[Point], [Point(1), Point(2, 3.5)]),
    (dict[str, date], {"a": date(2026, 1, 2)}),
    (dict[int, str], {1: "a"}),
    (set[str], {"a"}),
    (frozenset[int], frozenset({1})),
    (tuple[int, str], (1, "a")),
    (tuple[int, ...], (1, 2)),
    (Point, Point(1, 2.5)),
    (Place, Place(name="here", at=Point(1), near=[Place(name="there", at=Point(2))])),
    (Annotated[int, Field(ge=1, le=9)], 5),
    (Any, {"deep": [1, None, {"x": True}]}),
    (object, "anything"),
]


@pytest.mark.parametrize(("annotation", "value"), CASES, ids=lambda each: str(each)[:40])
def test_what_is_sent_fits_the_schema_and_comes_back(annotation: Any, value: Any) -> None:  # noqa: ANN401
    def fn(given: Any) -> None:  # noqa: ANN401
        """Nothing."""

    fn.__annotations__["given"] = annotation
    deployed = flow(fn)
    schema = json_object(parameter_schema(deployed), "schema")
    sent = json_object({"given": value}, "parameters")

    refuse_schema(schema, "schema")
    check_parameters(deployed, {"given": value}, (), what="it")

    assert unfit(schema, json.loads(sent), "parameters_json") is None
    assert validated(deployed.fn, json.loads(sent))["given"] == value
    assert unfit(schema, {}, "parameters_json") is not None, "it is required"
    assert unfit(schema, {**json.loads(sent), "more": 1}, "parameters_json") is not None


@pytest.mark.parametrize("annotation", [Odd, HttpUrl, list[Odd], Odd | None])
def test_a_flow_with_types_of_its_own_can_be_deployed(annotation: Any) -> None:  # noqa: ANN401
    def fn(given: Any = None, *rest: int, flag: bool = False) -> None:  # noqa: ANN401
        """Nothing."""

    fn.__annotations__["given"] = annotation
    schema = json_object(parameter_schema(flow(fn)), "schema")

    refuse_schema(schema, "schema")
    assert unfit(schema, {"rest": [1, 2], "flag": True}, "parameters_json") is None
    assert unfit(schema, {"rest": ["x"]}, "parameters_json") is not None


def test_defaults_of_any_kind_are_described(tmp_path: Path) -> None:
    @flow
    def many(
        a: date = date(2026, 1, 2),
        b: Path = tmp_path,
        c: Colour = Colour.RED,
        d: Any = Odd(),  # noqa: ANN401, B008
        e: Annotated[int, Field(gt=0)] = 3,
        f: int = Field(default=4, description="Four."),
        g: list[int] = Field(default_factory=list),  # noqa: B008 (as people write)
    ) -> None:
        """Nothing."""

    schema = parameter_schema(many)

    refuse_schema(json_object(schema, "schema"), "schema")
    assert schema["required"] == []
    assert schema["properties"]["a"]["default"] == "2026-01-02"
    assert schema["properties"]["f"]["description"] == "Four."
    assert unfit(json_object(schema, "schema"), {}, "parameters_json") is None
