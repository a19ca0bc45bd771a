"""Parameters, and the JSON Schemas that they are held against: taken as they are, or refused by place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch_server.application.errors import InvalidArgument
from orch_server.application.parameter_schemas import refuse_schema, unfit
from orch_server.rpc.convert.limits import to_json_object
from tests.fuzz.fuzzing import bounded, fuzzed, refusal
from tests.fuzz.mutations import mutated

OBJECTS = (
    '{"day": "2026-11-22", "limit": 10, "names": ["a", "b"], "deep": {"a": [1, {"b": null}]}}',
    '{"ratio": 0.25, "text": "\\u0000\\ud83d\\ude00", "big": 123456789012345678901234567890, "yes": true}',
)
JSON_WORDS = (
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\\ud800",
    "-0",
    "1E+400",
    "[" * 300,
    '"day":',
    "Infinity",
    "\ufeff",
    "//",
    "'",
)

big = st.sampled_from([10**400, -(10**400), 2**63, 1e308, 5e-324, 0.1, 0, -0.0])
plain = st.one_of(st.none(), st.booleans(), st.integers(), big, st.floats(allow_nan=False), st.text(max_size=6))
documents = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", ""]), inner, max_size=3),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from(["a", "b", "day"]), documents, max_size=3)
PATTERNS = ("^[a-z]+$", "(a+)+$", "(a|a)*b", "[", "\\", "^(([a-z])+.)+[A-Z]([a-z])+$", "(?<=a+)b", "\\p{L}", "x{99999}")
FORMATS = ("date", "date-time", "time", "email", "ipv4", "ipv6", "regex", "uuid", "duration", "nonsense")
KINDS = ("string", "number", "integer", "boolean", "array", "object", "null", "any")
words = st.one_of(
    st.fixed_dictionaries({"type": st.sampled_from(KINDS) | st.lists(st.sampled_from(KINDS), max_size=2)}),
    st.fixed_dictionaries({"pattern": st.sampled_from(PATTERNS)}),
    st.fixed_dictionaries({"format": st.sampled_from(FORMATS)}),
    st.fixed_dictionaries({"multipleOf": big}),
    st.fixed_dictionaries({"minimum": big, "maximum": plain}),
    st.fixed_dictionaries({"minLength": plain}),
    st.fixed_dictionaries({"uniqueItems": st.booleans(), "contains": st.just({"type": "integer"})}),
    st.fixed_dictionaries({"enum": st.lists(plain, max_size=3)}),
    st.fixed_dictionaries({"const": documents}),
    st.fixed_dictionaries({"$ref": st.sampled_from(["#", "#/$defs/x", "https://example.com/x", "#/a", "%", "//["])}),
    st.fixed_dictionaries({"$schema": st.sampled_from(["http://json-schema.org/draft-04/schema#", "x", 7])}),
    st.fixed_dictionaries({"$id": st.sampled_from(["http://[", "urn:x", "#"])}),
    st.fixed_dictionaries({"patternProperties": st.dictionaries(st.sampled_from(PATTERNS), st.just({}), max_size=1)}),
)
schemas = st.recursive(
    words,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"properties": st.dictionaries(st.sampled_from(["a", "b", "day"]), inner, max_size=2)}),
        st.fixed_dictionaries({"items": inner}),
        st.fixed_dictionaries({"anyOf": st.lists(inner, min_size=1, max_size=2)}),
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"additionalProperties": inner}),
        st.fixed_dictionaries({"$defs": st.fixed_dictionaries({"x": inner}), "allOf": st.lists(inner, max_size=1)}),
        st.builds(lambda one, other: {**one, **other}, inner, inner),
    ),
    max_leaves=4,
)


@fuzzed(150)
@given(mutated(OBJECTS, JSON_WORDS))
def test_parameters_are_kept_as_they_are_or_refused(text: str) -> None:
    text = text.replace("\ud800", "")  # which no message can hold
    error = refusal(lambda: to_json_object(text, "parameters_json"), InvalidArgument)

    if error is None:
        assert to_json_object(text, "parameters_json") == text
        assert text == "" or isinstance(json.loads(text), dict)
    else:
        assert [violation.field for violation in error.violations] == ["parameters_json"]


@fuzzed(150)
@given(schemas, objects)
def test_parameters_fit_a_schema_or_are_refused_by_place(schema: object, parameters: dict[str, object]) -> None:
    text = json.dumps(schema)

    error = refusal(lambda: refuse_schema(text, "parameter_schema_json"), InvalidArgument)

    if error is not None:
        assert all(violation.field.startswith("parameter_schema_json") for violation in error.violations)
        return
    with bounded():
        misfit = unfit(text, parameters, "parameters_json")
    if misfit is not None:
        assert all(violation.field.startswith("parameters_json") for violation in misfit.violations)
        assert all(violation.description for violation in misfit.violations)


LONG = "a" * 500_000
DEAR = {
    "names that match a pattern": ({"patternProperties": {"(a+)+$": {}}}, {"a" * 40 + "!": 1}),
    "names beside a pattern": (
        {"patternProperties": {"^(a+)+$": {}}, "additionalProperties": False},
        {"a" * 40 + "!": 1},
    ),
    "names that are long": ({"patternProperties": {"a*b$": {}}, "additionalProperties": False}, {LONG: 1}),
    "names that are left": (
        {"allOf": [{"patternProperties": {"(a+)+$": {}}}], "unevaluatedProperties": False},
        {"a" * 40 + "!": 1},
    ),
    "a step and a great number": ({"properties": {"a": {"multipleOf": 0.1}}}, {"a": 10**400}),
    "a great step": ({"properties": {"a": {"multipleOf": 10**400}}}, {"a": 0.5}),
    "no choice": ({"properties": {"a": {"enum": []}}}, {"a": 0.5}),
}


@pytest.mark.parametrize(("schema", "parameters"), DEAR.values(), ids=DEAR)
def test_what_is_dear_to_check_takes_no_time(schema: dict[str, object], parameters: dict[str, object]) -> None:
    text = json.dumps(schema)
    refuse_schema(text, "parameter_schema_json")

    with bounded():
        misfit = unfit(text, parameters, "parameters_json")

    assert misfit is None or all(violation.description for violation in misfit.violations)


def test_names_are_held_against_patterns_that_are_quick() -> None:
    schema = json.dumps({"patternProperties": {"^n_": {"type": "integer"}}, "additionalProperties": False})

    misfit = unfit(schema, {"n_a": "x", "other": 1, "n_b": 2}, "parameters_json")

    assert misfit is not None
    assert {violation.field for violation in misfit.violations} == {"parameters_json.n_a", "parameters_json.other"}


@pytest.mark.parametrize(
    ("number", "step", "fits"), [(0.3, 0.1, True), (7, 2, False), (10**400, 5, True), (1.5, 0.5, True)]
)
def test_multiples_are_those_of_the_numbers_as_written(number: float, step: float, fits: bool) -> None:
    schema = json.dumps({"properties": {"a": {"multipleOf": step}}})

    assert (unfit(schema, {"a": number}, "parameters_json") is None) == fits


@fuzzed(60)
@given(st.sampled_from(PATTERNS), st.sampled_from(["a" * 40 + "!", "a" * 100_000, "", "\ud800"]))
def test_no_pattern_takes_long(pattern: str, value: str) -> None:
    schema = json.dumps({"properties": {"a": {"type": "string", "pattern": pattern}}})

    error = refusal(lambda: refuse_schema(schema, "parameter_schema_json"), InvalidArgument)

    if error is None:
        with bounded():
            unfit(schema, {"a": value}, "parameters_json")
