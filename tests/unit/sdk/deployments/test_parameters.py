"""Parameters of deployments: as JSON, by schema, and as texts on a command line."""

from dataclasses import dataclass
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

import jsonschema
import pytest
from pydantic import BaseModel, SecretStr

from orch import flow
from orch.deployments import parse_parameters, parse_value
from orch.deployments.json_values import json_object
from orch.deployments.parameter_schema import check_parameters, parameter_schema
from orch.errors import ConfigurationError
from orch.schedules import Cron


class Colour(Enum):
    RED = "red"


@dataclass
class Point:
    x: int


class Model(BaseModel):
    day: date


class Login(BaseModel):
    password: SecretStr


def test_values_are_written_as_their_annotations_read_them() -> None:
    values = {
        "day": date(2026, 1, 2),
        "path": Path("/srv"),
        "colour": Colour.RED,
        "point": Point(1),
        "model": Model(day=date(2026, 1, 2)),
        "id": UUID(int=1),
        "some": {"a", "b"} - {"b"},
        "nested": [{"day": date(2026, 1, 2)}, (1, None)],
    }

    assert json_object(values, "parameters") == (
        '{"day": "2026-01-02", "path": "/srv", "colour": "red", "point": {"x": 1}, "model": {"day": "2026-01-02"},'
        ' "id": "00000000-0000-0000-0000-000000000001", "some": ["a"], "nested": [{"day": "2026-01-02"}, [1, null]]}'
    )


def test_no_values_are_no_text() -> None:
    assert json_object({}, "parameters") == ""


@pytest.mark.parametrize(
    "value", [object(), float("nan"), {"deep": float("inf")}, SecretStr("x"), Login(password=SecretStr("x")), [print]]
)
def test_what_json_cannot_keep_is_refused_by_name(value: object) -> None:
    with pytest.raises(ConfigurationError, match=r"parameters: bad") as refused:
        json_object({"good": 1, "bad": value}, "parameters")
    assert "'x'" not in str(refused.value)


@flow
def etl(day: date, limit: int = 10, *, zip_code: str | None = None) -> None:
    """Nothing."""


@flow
def lenient(name: str, **more: int) -> None:
    """Nothing."""


def test_the_schema_takes_what_the_flow_takes_and_nothing_else() -> None:
    schema = parameter_schema(etl)

    jsonschema.validate({"day": "2026-01-02", "limit": 3, "zip_code": None}, schema)
    jsonschema.validate({"day": "2026-01-02"}, schema)
    for wrong in ({}, {"day": "2026-01-02", "more": 1}, {"day": "2026-01-02", "limit": "x"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)


def test_a_flow_with_options_takes_them_by_their_own_names() -> None:
    schema = parameter_schema(lenient)

    jsonschema.validate({"name": "a", "x": 1}, schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"name": "a", "x": "no number"}, schema)
    check_parameters(lenient, {"name": "a", "x": 1}, (), what="it")


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ({"dya": 1}, "no parameter 'dya'. Did you mean 'day'"),
        ({"xyz": 1}, "no parameter 'xyz'. It has 'day', 'limit', 'zip_code'"),
        ({"day": "yesterday"}, "day: Input should be a valid date"),
    ],
)
def test_wrong_parameters_are_told_when_deploying(parameters: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        check_parameters(etl, parameters, (), what="it")


def test_a_schedule_must_have_all_that_the_flow_needs() -> None:
    with pytest.raises(ConfigurationError, match="schedule '@daily': the flow 'etl' needs 'day'"):
        check_parameters(etl, {}, [Cron("@daily")], what="it")
    check_parameters(etl, {"day": "2026-01-02"}, [Cron("@daily")], what="it")
    check_parameters(etl, {}, [Cron("@daily", parameters={"day": "2026-01-02"})], what="it")


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("5", {"type": "integer"}, 5),
        ("5", {"type": "number"}, 5),
        ("5", {"type": "string"}, "5"),
        ("007", {"type": "string"}, "007"),
        ('"x"', {"type": "string"}, '"x"'),
        ("5", {"anyOf": [{"type": "string"}, {"type": "null"}]}, "5"),
        ("null", {"anyOf": [{"type": "string"}, {"type": "null"}]}, None),
        ("5", {"anyOf": [{"type": "string"}, {"type": "integer"}]}, 5),
        ("5", {"type": ["string", "null"]}, "5"),
        ("5", {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/X"}]}, 5),
        ("2026-01-02", {"type": "string", "format": "date"}, "2026-01-02"),
        ("x", {"type": "integer"}, "x"),
        ("[1, 2]", None, [1, 2]),
        ("true", None, True),
        ("NaN", None, "NaN"),
        ("plain words", None, "plain words"),
        ("5", None, 5),
    ],
)
def test_a_text_is_read_by_the_schema(text: str, schema: dict[str, Any] | None, value: object) -> None:
    found = parse_value(text, schema)

    assert found == value
    assert type(found) is type(value)


def test_parameters_are_read_by_name() -> None:
    schema = parameter_schema(etl)

    assert parse_parameters(["limit=3", "zip_code=01234", "day=2026-01-02", "limit=4"], schema) == {
        "limit": 4,
        "zip_code": "01234",
        "day": "2026-01-02",
    }
    with pytest.raises(ConfigurationError, match="name=value"):
        parse_parameters(["=3"], schema)
    with pytest.raises(ConfigurationError, match="'limit' has no value: write name=value"):
        parse_parameters(["limit"], schema)
