"""JSON objects on their way in: what is taken as it is, and what could not be written again."""

import json

import pytest

from orch_proto.v1.worker_service_pb2 import ListWorkersRequest
from orch_server.application.errors import InvalidArgument
from orch_server.rpc.convert.basics import MAX_JSON_BYTES, MAX_JSON_DEPTH, page_request, parse_json_object


def nested(depth: int, opening: str = '{"a":', closing: str = "}") -> str:
    """An object so many deep."""
    return '{"a":' + opening * (depth - 1) + "1" + closing * (depth - 1) + "}"


@pytest.mark.parametrize("text", ["{}", '{"a": 1.5e+308}', '{"a": -0.0}', '{"a": "\\ud800"}', '{"a": [[], {}]}'])
def test_an_object_is_taken(text: str) -> None:
    assert json.dumps(parse_json_object(text, "parameters_json")) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1e999}', "1e999 is larger than any number"),
        ('{"a": -1e999}', "-1e999 is larger than any number"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "-Infinity"),
    ],
)
def test_what_would_not_be_json_when_written_is_refused(text: str, says: str) -> None:
    with pytest.raises(InvalidArgument, match=says):
        parse_json_object(text, "parameters_json")


@pytest.mark.parametrize(("opening", "closing"), [('{"a":', "}"), ("[", "]")])
def test_depth_has_a_limit(opening: str, closing: str) -> None:
    assert parse_json_object(nested(MAX_JSON_DEPTH, opening, closing), "parameters_json")

    with pytest.raises(InvalidArgument, match="nested more than 200 deep"):
        parse_json_object(nested(MAX_JSON_DEPTH + 1, opening, closing), "parameters_json")


def test_many_objects_side_by_side_are_not_deep() -> None:
    text = json.dumps({"rows": [{"a": [1]}] * 10_000})

    assert len(text) < MAX_JSON_BYTES
    assert parse_json_object(text, "parameters_json")


@pytest.mark.parametrize("name", ["\x00", "x" * 10_000], ids=["NUL", "10 000 characters"])
def test_a_list_refuses_texts_that_no_database_could_look_for(name: str) -> None:
    with pytest.raises(InvalidArgument, match="work_pool_name"):
        page_request(ListWorkersRequest(work_pool_name=name))
