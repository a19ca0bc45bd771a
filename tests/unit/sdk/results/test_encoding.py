"""What is written down reads back exactly as it was."""

import enum
import json
import math
import threading
from collections import Counter, OrderedDict, deque
from dataclasses import make_dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PureWindowsPath
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orch.errors import ConfigurationError, ResultSerializationError
from orch.results import decode, encode
from tests.unit.sdk.results import models as m

JSON = "application/json"
TAGGED = "application/vnd.orch.tagged+json"
PICKLE = "application/vnd.orch.cloudpickle"


def again(value: object) -> object:
    return decode(*encode(value))


@pytest.mark.parametrize("value", [None, True, 0, -7, 1.5, "", "ä\ud800", [], [1, [2.5, None]], {}, {"a": {"b": [1]}}])
def test_what_json_knows_is_plain_json(value: object) -> None:
    data, media_type = encode(value)

    assert media_type == JSON
    assert json.loads(data) == value
    assert decode(data, media_type) == value


@pytest.mark.parametrize(
    "value",
    [
        math.inf,
        [1.0, -math.inf],
        (1, (2, [])),
        {1, "a", (2, 3)},
        frozenset({b"x"}),
        {1: "one", (1, 2): "pair", None: 0},
        {"$type": "tuple", "value": [1]},
        {"a": {"$type": 1}},
        bytearray(b"\x00"),
        [b"\x00\xff"],
        1 + 2j,
        range(1, 10, 3),
        deque([1, 2], 2),
        OrderedDict(b=1, a=2),
        Counter("abca"),
        datetime(2026, 11, 22, 10, 11, 12, 131415),  # noqa: DTZ001
        datetime(2026, 11, 22, tzinfo=UTC),
        datetime(2026, 11, 22, tzinfo=timezone(timedelta(hours=5, minutes=30))),
        datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1),
        date(2026, 11, 22),
        time(1, 2, 3, tzinfo=UTC),
        timedelta(days=-1, microseconds=7),
        Decimal("1.10"),
        Fraction(1, 3),
        UUID(int=7),
        Path("/data/x y"),
        PureWindowsPath("C:/data"),
        m.Colour.GREEN,
        m.Level.LOW,
        m.Right.READ | m.Right.WRITE,
        m.Point(1, 2.0),
        m.Route([m.Point(1, 2.0)]),
        m.Doubling(4),
        m.Order(number=1, lines={"a": Decimal(1)}),
        m.Open.model_validate({"known": 2, "other": (3,)}),
        m.Box[int](content=1),
        m.Pair(1, m.Colour.RED),
        m.Old(1, [2]),
        np.float64(1.5),
        np.int8(-3),
        np.bool_(True),
        np.datetime64("2026-11-22"),
        np.str_("ab"),
    ],
    ids=lambda each: type(each).__name__,
)
def test_what_json_does_not_know_is_tagged_json(value: object) -> None:
    data, media_type = encode(value)

    assert media_type == TAGGED
    json.loads(data)
    found = decode(data, media_type)
    assert found == value
    assert type(found) is type(value)


def test_order_and_types_of_what_is_inside_are_kept() -> None:
    value = {"b": (1, True, 1.0), "a": m.Route([m.Point(0, -0.0)])}

    assert repr(again(value)) == repr(value)


def test_not_a_number_stays_one() -> None:
    assert math.isnan(again([math.nan])[0])  # type: ignore[index]


def test_the_two_hours_of_one_name_stay_apart() -> None:
    second = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo("Europe/Berlin"), fold=1)

    found = again(second)

    assert isinstance(found, datetime)
    assert (found.fold, found.utcoffset()) == (1, timedelta(hours=1))


def test_a_model_keeps_which_fields_were_set_and_what_is_private() -> None:
    order = m.Order(number=1)
    order._seen = 5

    found = again(order)

    assert isinstance(found, m.Order)
    assert found.model_fields_set == {"number"}
    assert found._seen == 5


def test_a_generic_model_is_read_where_nobody_has_asked_for_its_arguments_yet() -> None:
    data = (
        b'{"$type":"model","value":{"content":1.5},"class":"%s:Box","set":["content"],"arguments":["builtins:float"]}'
    )

    found = decode(data.replace(b"%s", m.__name__.encode()), TAGGED)

    assert found == m.Box[float](content=1.5)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary() | st.dates(),
        lambda inner: (
            st.lists(inner)
            | st.tuples(inner, inner)
            | st.dictionaries(st.text() | st.integers() | st.just("$type"), inner)
            | st.frozensets(st.integers() | st.text())
        ),
        max_leaves=20,
    )
)
def test_any_mixture_reads_back_as_it_was(value: object) -> None:
    assert repr(_ordered(again(value))) == repr(_ordered(value))


def _ordered(value: object) -> object:
    """Sets print in an order that is nobody's."""
    if isinstance(value, frozenset):
        return sorted(value, key=repr)
    if isinstance(value, dict):
        return {key: _ordered(held) for key, held in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(_ordered, value))
    return value


def test_bytes_are_kept_as_they_are() -> None:
    assert encode(b"\x00\xff") == (b"\x00\xff", "application/octet-stream")
    assert again(b"\x00\xff") == b"\x00\xff"


@pytest.mark.parametrize("order", ["C", "F"])
def test_large_arrays_are_npy_files(order: str) -> None:
    array = np.asarray(np.arange(60_000.0).reshape(300, 200), order=order)  # type: ignore[call-overload]

    data, media_type = encode(array)
    found = decode(data, media_type)

    assert media_type == "application/vnd.orch.npy"
    assert isinstance(found, np.ndarray)
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)
    found[0, 0] = 1.0  # it can be written to


def test_small_arrays_may_be_inside_of_others() -> None:
    found = again({"mean": np.eye(2, dtype="f4")})

    assert isinstance(found, dict)
    assert found["mean"].dtype == np.dtype("f4")
    assert np.array_equal(found["mean"], np.eye(2))


def test_frames_are_kept_exactly() -> None:
    frame = pd.DataFrame(
        {"day": pd.date_range("2026-01-01", periods=2, tz="UTC"), "kind": pd.Categorical(["a", "b"])},
        index=pd.MultiIndex.from_tuples([(1, "x"), (2, "y")], names=["n", "l"]),
    )

    found = again(frame)

    assert isinstance(found, pd.DataFrame)
    pd.testing.assert_frame_equal(found, frame)


@pytest.mark.parametrize(
    "value",
    [
        m.Plain(1),
        [m.Plain((1,))],
        10**5000,
        {"data": b"x" * 40_000},
        datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=1), "CET")),
        make_dataclass("Made", ["a"])(1).a,
    ],
    ids=["object", "inside", "huge number", "bulk", "named zone", "number"],
)
def test_everything_else_is_pickled(value: object) -> None:
    assert again(value) == value


def test_classes_that_have_no_name_anywhere_are_pickled_with_their_definition() -> None:
    class Local:
        held = 3

    found = again(Local())

    assert encode(Local())[1] == PICKLE
    assert found.held == 3  # type: ignore[attr-defined]


def test_an_attribute_beside_the_fields_is_not_lost() -> None:
    route = m.Route([])
    route.extra = 1  # type: ignore[attr-defined]

    assert again(route).extra == 1  # type: ignore[attr-defined]


def test_a_value_that_holds_itself_is_pickled() -> None:
    loop: list[object] = [1]
    loop.append(loop)

    found = again(loop)

    assert found[1] is found  # type: ignore[index]


# What cannot be written, or not be read


def test_the_error_names_the_part_that_cannot_be_written() -> None:
    value = {"rows": [1, m.Plain({"lock": threading.Lock()})]}

    with pytest.raises(ResultSerializationError) as caught:
        encode(value)

    text = str(caught.value)
    assert "The result, a dict, holds at `result['rows'][1].held['lock']` a _thread.lock" in text
    assert "persist_result=False" in text


def test_the_json_serializer_refuses_what_it_cannot_promise() -> None:
    with pytest.raises(ResultSerializationError, match=r"`result\[0\]\.x` a .*Plain.* has no exact form in JSON"):
        encode([m.Point(m.Plain(1), 0.0)], "json")  # type: ignore[arg-type]


def test_the_json_serializer_takes_bulk() -> None:
    value = {"data": b"x" * 100_000, "array": None}

    data, media_type = encode(value, "json")

    assert media_type == TAGGED
    assert decode(data, media_type) == value


def test_what_pickling_itself_raises_is_told() -> None:
    class Refuses:
        def __reduce__(self) -> str:
            raise KeyError("not me")

    with pytest.raises(ResultSerializationError, match="KeyError: 'not me'"):
        encode(Refuses())


@pytest.mark.parametrize(
    ("data", "media_type", "says"),
    [
        (b"[1", JSON, "cannot be read here: JSONDecodeError"),
        (b"\x80\x05", PICKLE, "cannot be read here"),
        (b"1", "text/csv", "media type 'text/csv'"),
        (b'{"$type":"hologram","value":1}', TAGGED, "'hologram', which this version of Orch does not know"),
        (b'{"$type":"enum","value":"A","class":"no_such_module:A"}', TAGGED, "module cannot be imported"),
        (b'{"$type":"enum","value":"A","class":"json:Nothing"}', TAGGED, "does not exist here"),
        (b'{"$type":"enum","value":"BLUE","class":"%s:Colour"}', TAGGED, "has no member 'BLUE'"),
        (b'{"$type":"dataclass","value":{"x":1},"class":"%s:Point"}', TAGGED, "the class has changed since"),
        (b'{"$type":"model","value":{"n":1},"class":"%s:Order","set":[]}', TAGGED, "the class has changed since"),
        (b'{"$type":"namedtuple","value":[1],"fields":["a"],"class":"%s:Pair"}', TAGGED, "the class has changed since"),
    ],
)
def test_what_cannot_be_read_says_why(data: bytes, media_type: str, says: str) -> None:
    with pytest.raises(ResultSerializationError, match=says):
        decode(data.replace(b"%s", m.__name__.encode()), media_type)


def test_an_unknown_serializer_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"no result_serializer 'yaml'. There are: .*'json', 'pickle'"):
        encode(1, "yaml")


def test_a_class_of_a_module_that_is_not_there_is_pickled() -> None:
    Made = enum.Enum("Made", "A B", module="nowhere")

    assert encode(Made.A)[1] == PICKLE
