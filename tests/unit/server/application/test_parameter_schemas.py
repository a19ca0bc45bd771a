"""Parameters against a schema: what fits, and how people are told what does not."""

import json
import subprocess
import sys
from typing import Any

import pytest

from orch_server.application.errors import InvalidArgument
from orch_server.application.parameter_schemas import refuse_schema, unfit

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "day": {"type": "integer", "minimum": 1},
        "region": {"enum": ["eu", "us"]},
        "since": {"type": "string", "format": "date-time"},
        "on": {"type": "string", "format": "date"},
        "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": None},
        "table": {"$ref": "#/$defs/Table"},
        "source": {"anyOf": [{"$ref": "#/$defs/Table"}, {"type": "string", "minLength": 2}]},
        "names": {"type": "array", "items": {"type": "string", "pattern": "^[a-z]+$"}, "maxItems": 2},
        "mode": {"const": "full"},
    },
    "required": ["day"],
    "additionalProperties": False,
    "$defs": {
        "Table": {
            "type": "object",
            "properties": {"name": {"type": "string"}, "rows": {"type": "number"}},
            "required": ["name"],
            "additionalProperties": False,
        }
    },
}


def wrong(parameters: dict[str, Any], *, schema: dict[str, Any] = SCHEMA, defaults: bool = False) -> list[str]:
    """What is wrong with parameters, place and text."""
    error = unfit(json.dumps(schema), parameters, "p", defaults=defaults)
    return [f"{each.field} {each.description}" for each in error.violations] if error is not None else []


@pytest.mark.parametrize(
    "fitting",
    [
        {"day": 1},
        {"day": 3.0, "limit": None},
        {"day": 1, "since": "2026-11-22T08:30:00"},
        {"day": 1, "since": "2026-11-22T08:30:00+01:00", "on": "2026-11-22"},
        {"day": 1, "table": {"name": "t", "rows": 1.5}, "source": "ab", "names": ["a", "b"]},
    ],
    ids=str,
)
def test_what_fits_is_not_objected_to(fitting: dict[str, Any]) -> None:
    assert wrong(fitting) == []


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({}, ["p.day is missing."]),
        ({"day": "1"}, ['p.day must be a whole number, not the text "1".']),
        ({"day": 1.5}, ["p.day must be a whole number, not 1.5."]),
        ({"day": True}, ["p.day must be a whole number, not true."]),
        ({"day": None}, ["p.day must be a whole number, not null."]),
        ({"day": [1]}, ["p.day must be a whole number, not a list."]),
        ({"day": 0}, ["p.day must be at least 1, not 0."]),
        ({"day": 1, "dya": 2}, ["p.dya is not a known parameter. There is 'limit', 'mode', 'names', 'on', 'region'."]),
        ({"day": 1, "regoin": "eu"}, ["p.regoin is not a known parameter. Did you mean 'region'?"]),
        ({"day": 1, "region": "asia"}, ['p.region must be "eu" or "us", not the text "asia".']),
        ({"day": 1, "mode": "half"}, ['p.mode must be "full", not the text "half".']),
        ({"day": 1, "limit": "x"}, ['p.limit must be a whole number or null, not the text "x".']),
        ({"day": 1, "on": "22.11."}, ['p.on must be a date such as 2026-11-22, not the text "22.11.".']),
        ({"day": 1, "since": "noon"}, ['p.since must be a time such as 2026-11-22T08:30:00Z, not the text "noon".']),
        ({"day": 1, "table": {}}, ["p.table.name is missing."]),
        ({"day": 1, "table": {"name": "t", "size": 1}}, ["p.table.size is not a known field. There is 'rows'."]),
        ({"day": 1, "source": 7}, ["p.source must be an object or a text, not 7."]),
        ({"day": 1, "source": "a"}, ["p.source must have at least 2 characters, and has 1."]),
        ({"day": 1, "source": {"name": 1}}, ["p.source.name must be a text, not 1."]),
        ({"day": 1, "names": ["a", "B"]}, ['p.names[1] must match the pattern "^[a-z]+$", and the text "B" does not.']),
        ({"day": 1, "names": ["a", "b", "c"]}, ["p.names must have at most 2 items, and has 3."]),
        (
            {"region": 1, "limit": 1.5},
            [
                'p.region must be "eu" or "us", not 1.',
                "p.limit must be a whole number or null, not 1.5.",
                "p.day is missing.",
            ],
        ),
    ],
    ids=str,
)
def test_what_does_not_fit_is_told_in_words(parameters: dict[str, Any], words: list[str]) -> None:
    assert sorted(wrong(parameters)) == sorted(words)


def test_defaults_may_leave_out_what_others_bring() -> None:
    assert wrong({"region": "eu"}, defaults=True) == []
    assert wrong({"region": 1, "table": {}}, defaults=True) == [
        'p.region must be "eu" or "us", not 1.',
        "p.table.name is missing.",
    ]


def test_not_everything_is_told_where_everything_is_wrong() -> None:
    assert len(wrong({f"x{number}": 1 for number in range(100)})) == 20


def test_a_long_value_is_cut() -> None:
    (text,) = wrong({"day": "x" * 10_000})

    assert len(text) < 150


@pytest.mark.parametrize("schema", ["", "{}", '{"title": "anything"}'])
def test_where_nothing_is_asked_for_anything_goes(schema: str) -> None:
    refuse_schema(schema, "s")
    assert unfit(schema, {"day": object}, "p") is None


def test_an_older_draft_is_read_as_such() -> None:
    """In draft 7, a list under "items" says what stands at each place."""
    schema = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "properties": {"pair": {"items": [{"type": "integer"}, {"type": "string"}]}},
    }

    refuse_schema(json.dumps(schema), "s")
    assert wrong({"pair": [1, "a"]}, schema=schema) == []
    assert wrong({"pair": ["a", "a"]}, schema=schema) == ['p.pair[0] must be a whole number, not the text "a".']


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"properties": {"day": {"type": "int"}}}, "s.properties.day.type: is not as JSON Schema has it"),
        ({"required": "day"}, "s.required: is not as JSON Schema has it"),
        ({"properties": {"day": {"pattern": "("}}}, "s.properties.day.pattern: is not as JSON Schema has it"),
        ({"properties": {"day": {"$ref": "https://example.org/day"}}}, "s: refers to 'https://example.org/day'"),
        ({"properties": {"day": {"$ref": "#/$defs/Day"}}}, "s: refers to '#/$defs/Day', which is not in it"),
        ({"properties": {"day": {"$ref": "#/$defs/Day"}}, "$defs": {"day": {}}}, "s: refers to '#/$defs/Day'"),
        ({"$ref": "#"}, "s: refers to itself without end"),
    ],
    ids=str,
)
def test_a_schema_that_is_none_is_refused(schema: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        refuse_schema(json.dumps(schema), "s")

    assert str(caught.value).startswith(words)


def test_a_schema_of_trees_takes_trees_of_any_depth_that_can_be_checked() -> None:
    schema = {"properties": {"tree": {"$ref": "#/$defs/Tree"}}, "$defs": {"Tree": {"items": {"$ref": "#/$defs/Tree"}}}}
    shallow: list[Any] = []
    deep: list[Any] = []
    for _ in range(190):
        deep = [deep]
    refuse_schema(json.dumps(schema), "s")

    assert wrong({"tree": [shallow]}, schema=schema) == []
    assert wrong({"tree": deep}, schema=schema) in ([], ["p is nested too deep to be checked."])


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^(a+)+$", "a" * 64 + "!"),
        ("^(a|aa)+$", "a" * 64 + "!"),
        ("^(?:[a-z]+)*$", "a" * 64 + "1"),
        ("a+b", "a" * 400_000),
    ],
)
def test_a_pattern_that_could_take_for_ever_is_left_to_the_flow(pattern: str, text: str) -> None:
    schema = {"properties": {"name": {"type": "string", "pattern": pattern}}}

    assert wrong({"name": text}, schema=schema) == []


@pytest.mark.parametrize(
    "pattern",
    [
        "^[a-z]+$",
        "^a{2,3}b*$",
        r"^\(a+\)+$",
        "^([a-z])+$",
        "^(ab)*$",
        "^[(a+)]+$",
        "^[]+*]+$",
        "^(a+)?b$",
        "^(a|b)c+$",
        r"^(\d{3})-(\d+)$",
    ],
)
def test_a_usual_pattern_is_looked_at(pattern: str) -> None:
    schema = {"properties": {"name": {"pattern": pattern}}}

    assert wrong({"name": "§"}, schema=schema) == [
        f'p.name must match the pattern {json.dumps(pattern)}, and the text "\\u00a7" does not.'
    ]


def test_items_that_must_differ_may_be_many() -> None:
    schema = {"properties": {"rows": {"uniqueItems": True}}}
    rows = [{"row": number} for number in range(30_000)]

    assert wrong({"rows": rows}, schema=schema) == []
    assert wrong({"rows": [*rows, {"row": 7}]}, schema=schema) == ["p.rows has an item twice."]


def test_nothing_is_loaded_where_there_is_no_schema() -> None:
    code = (
        "import sys; from orch_server.application.parameter_schemas import refuse_schema, unfit;"
        "refuse_schema('', 's'); unfit('', {}, 'p'); print('jsonschema' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
