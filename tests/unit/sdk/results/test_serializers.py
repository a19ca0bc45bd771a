"""Serializers that are chosen by name, made with options, or brought along."""

import json
import lzma
import pickle
import zlib

import pytest

from orch.errors import ConfigurationError, ResultSerializationError
from orch.results import decode, encode
from orch.serializers import (
    CompressedJSONSerializer,
    CompressedPickleSerializer,
    CompressedSerializer,
    JSONSerializer,
    PickleSerializer,
    Serializer,
)

VALUE = {"a": (1, 2), "b": [3.5]}


class Backwards:
    """Somebody else's, with the two methods."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding

    def dumps(self, obj: object) -> bytes:
        return str(obj)[::-1].encode(self.encoding)

    def loads(self, blob: bytes) -> str:
        return blob.decode(self.encoding)[::-1]


class Shouting(Serializer):
    type = "shouting"

    def dumps(self, obj: object) -> bytes:
        return str(obj).upper().encode()

    def loads(self, blob: bytes) -> str:
        return blob.decode()


@pytest.mark.parametrize(
    "serializer",
    [
        "json",
        "pickle",
        "compressed/json",
        "compressed/pickle",
        JSONSerializer(),
        PickleSerializer(),
        PickleSerializer(picklelib="pickle"),
        CompressedJSONSerializer(),
        CompressedPickleSerializer(compressionlib="zlib"),
        CompressedSerializer("json", compressionlib="bz2"),
        CompressedSerializer(PickleSerializer()),
    ],
    ids=lambda each: each if isinstance(each, str) else type(each).__name__,
)
def test_each_reads_what_it_wrote(serializer: Serializer | str) -> None:
    assert decode(*encode(VALUE, serializer)) == VALUE


def test_names_mean_the_formats_that_they_say() -> None:
    value = {"rows": [1] * 1000}

    assert json.loads(encode(value, "json")[0]) == value
    assert pickle.loads(encode(value, "pickle")[0]) == value
    assert json.loads(lzma.decompress(encode(value, "compressed/json")[0])) == value
    assert len(encode(value, "compressed/json")[0]) < 200


def test_a_compression_of_ones_own() -> None:
    assert json.loads(zlib.decompress(CompressedJSONSerializer(compressionlib="zlib").dumps([1]))) == [1]


def test_options_of_the_json_library_are_used() -> None:
    serializer = JSONSerializer(dumps_kwargs={"indent": 1}, loads_kwargs={"parse_int": str})

    assert serializer.dumps({"a": 1}) == b'{\n "a": 1\n}'
    assert decode(*encode({"a": 1}, serializer)) == {"a": "1"}


def test_an_object_with_the_two_methods_is_taken_and_remembered() -> None:
    data, media_type = encode("hello", Backwards("utf-16"))

    assert "olleh".encode("utf-16") in data
    assert decode(data, media_type) == "hello"


def test_a_subclass_can_be_chosen_by_its_name() -> None:
    assert decode(*encode("hello", "shouting")) == "HELLO"


@pytest.mark.parametrize("wrong", [3, Shouting, object()])
def test_what_is_no_serializer_is_refused(wrong: object) -> None:
    with pytest.raises(ConfigurationError, match="cannot be a result_serializer"):
        encode(1, wrong)  # type: ignore[arg-type]


def test_a_missing_library_is_named() -> None:
    with pytest.raises(ConfigurationError, match="needs the module 'no_such_json'"):
        JSONSerializer(jsonlib="no_such_json").dumps(1)


def test_what_a_serializer_raises_is_told_with_the_value() -> None:
    with pytest.raises(ResultSerializationError, match=r"The result, a set, cannot be written by .*TypeError"):
        encode({1}, JSONSerializer(dumps_kwargs={"indent": 1}))
