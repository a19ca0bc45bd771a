"""The OpenAPI document: it is the contract, and whatever fits it is answered without a fault of the server."""

import json
import string
from functools import cache
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orch_server.web.openapi import DOCUMENT
from tests.support import contract
from tests.support.http import JSON, Http, Json
from tests.support.started_server import StartedServer

Schema = dict[str, Any]

_DOCUMENT: Json = json.loads(DOCUMENT.read_text())
_SCHEMAS: dict[str, Schema] = _DOCUMENT["components"]["schemas"]
_UNARY = sorted(
    path for path, item in _DOCUMENT["paths"].items() if "application/json" in item["post"]["requestBody"]["content"]
)
# Would wait for work as long as it is told to.
_WAITS = "/orch.v1.LeaseService/AcquireLeases"
_DEEPEST = 3
_IDS = st.sampled_from(["", "0198c1c2-7a3b-7c11-9a55-3f5b8f0c2d11", "default", "x" * 600, "\x00", "ü\u202e"])
_FORMATS: dict[str, st.SearchStrategy[object]] = {
    "date-time": st.sampled_from(["2026-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"]),
    "int64": st.integers(-(2**63), 2**63 - 1).map(str),
    "uint64": st.integers(0, 2**64 - 1).map(str),
    "byte": st.sampled_from(["", "AAAA", "e30="]),
}


@cache
def values(name: str) -> st.SearchStrategy[object]:
    """What fits a schema by name."""
    return st.deferred(lambda: _fitting(_SCHEMAS[name], _DEEPEST))


def _fitting(schema: Schema, deep: int) -> st.SearchStrategy[object]:
    if "$ref" in schema:
        return _fitting(_SCHEMAS[schema["$ref"].rpartition("/")[2]], deep)
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    match schema.get("type"):
        case "object":
            return _object(schema, deep)
        case "array":
            return st.lists(_fitting(schema["items"], deep - 1), max_size=2) if deep else st.just([])
        case "integer":
            return st.integers(schema.get("minimum", -(2**31)), 2**31 - 1)
        case "number":
            return st.floats(allow_nan=False, allow_infinity=False)
        case "boolean":
            return st.booleans()
        case _:
            return _text(schema)


def _object(schema: Schema, deep: int) -> st.SearchStrategy[object]:
    if not deep:
        return st.just({})
    if "additionalProperties" in schema and "properties" not in schema:
        return st.dictionaries(_IDS, _fitting(schema["additionalProperties"], deep - 1), max_size=2)
    optional = {name: _fitting(each, deep - 1) for name, each in schema.get("properties", {}).items()}
    return st.fixed_dictionaries({}, optional=optional)


def _text(schema: Schema) -> st.SearchStrategy[object]:
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    if "pattern" in schema:
        return st.from_regex(schema["pattern"], fullmatch=True, alphabet=string.printable)
    return _IDS | st.sampled_from(["{}", "{", '{"a": [1]}', "etl", "name,tags", "0 2 * * *", "PT5M"])


def test_every_method_is_in_it_to_which_callers_do_not_stream() -> None:
    wanted = {contract.path(method) for method in contract.methods() if not method.client_streaming}

    assert set(_DOCUMENT["paths"]) == wanted
    assert all(item["post"]["description"] for item in _DOCUMENT["paths"].values())


def test_the_server_hands_it_out_to_everyone(http: Http, locked: Http) -> None:
    answered = locked.get("/openapi.json")

    assert answered.json() == http.get("/openapi.json").json() == _DOCUMENT
    assert locked.get("/openapi.json", {"if-none-match": answered.headers["etag"]}).status == 304


@pytest.mark.parametrize("path", [path for path in _UNARY if path != _WAITS])
def test_what_fits_it_meets_no_fault_of_the_server(server: StartedServer, http: Http, path: str) -> None:
    reference = _DOCUMENT["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]

    @settings(
        max_examples=8,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    @given(values(reference.rpartition("/")[2]))
    def ask(request: object) -> None:
        answered = http.post(path, json.dumps(request), JSON)
        assert answered.status < 500, (request, answered.text)
        assert answered.status == 200 or answered.json()["code"] in _SCHEMAS["Error"]["properties"]["code"]["enum"]

    ask()

    assert server.errors() == []
