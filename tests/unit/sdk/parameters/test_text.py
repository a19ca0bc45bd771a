"""What a run's record keeps of its parameters."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePosixPath
from typing import Any
from uuid import UUID

import pytest
from pydantic import BaseModel, Field, SecretStr

from orch.parameters import json_text


class Colour(Enum):
    RED = "red"


class Level(int, Enum):
    HIGH = 3


@dataclass
class Account:
    name: str
    key: str = field(repr=False)
    opened: date = date(2026, 1, 2)


class Login(BaseModel):
    user: str
    password: SecretStr
    token: str = Field(repr=False, default="t")


class Awkward:
    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def written(value: object) -> Any:  # noqa: ANN401
    return json.loads(json_text({"x": value}))["x"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (7, 7),
        ("ä\x00\ud800", "ä\x00\ud800"),
        (1.5, 1.5),
        (float("nan"), "nan"),
        (float("-inf"), "-inf"),
        ([1, (2, 3)], [1, [2, 3]]),
        ({1: "a", (1, 2): "b"}, {"1": "a", "[1, 2]": "b"}),
        ({5}, [5]),
        (Colour.RED, "red"),
        (Level.HIGH, 3),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+00:00"),
        (timedelta(minutes=90), "1:30:00"),
        (Decimal("1.10"), "1.10"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (PurePosixPath("/a/b"), "/a/b"),
        (b"abc", "b'abc'"),
        (bytes(5000), "<5000 bytes>"),
        (len, "<built-in function len>"),
    ],
)
def test_values_are_written_as_people_expect(value: object, expected: object) -> None:
    assert written(value) == expected


def test_secrets_are_masked_and_hidden_fields_left_out() -> None:
    login = Login(user="ann", password=SecretStr("hunter2"), token="hunter3")

    assert written(login) == {"user": "ann", "password": "**********"}
    assert written([SecretStr("hunter2")]) == ["**********"]
    assert written(Account("ann", "hunter2")) == {"name": "ann", "opened": "2026-01-02"}


def test_objects_that_cannot_be_looked_at_are_described() -> None:
    assert written(Awkward()) == "<Awkward, whose repr raised RuntimeError>"


def test_a_value_that_contains_itself_ends() -> None:
    loop: list[object] = []
    loop.append(loop)

    assert json_text({"x": loop}).count("[") < 100


@pytest.mark.parametrize(
    "make",
    [
        lambda: "é" * 3_000_000,
        lambda: "a" * 3_000_000,
        lambda: "\x00" * 1_000_000,
        lambda: list(range(1_000_000)),
        lambda: {str(number): [[]] * 5 for number in range(200_000)},
        lambda: [[[[["x" * 100] * 100] * 100] * 100] * 100] * 100,
        lambda: {"k" * 1_000_000: 1},
    ],
    ids=["accents", "text", "nul", "list", "dict", "nested", "key"],
)
def test_large_parameters_are_cut_to_the_limit_and_small_ones_stay(make: Callable[[], object]) -> None:
    large = make()

    text = json_text({"first": 1, "large": large, "last": [1, 2]})

    assert len(text.encode()) <= 512 * 1024
    assert len(text) > 100_000 or isinstance(large, dict)
    assert json.loads(text)["first"] == 1
    assert json.loads(text)["last"] == [1, 2]


def test_what_was_cut_says_how_much_there_was() -> None:
    assert written("a" * 1_000_000).endswith("… (1000000 characters)")
    assert written(list(range(1_000_000)))[-1].endswith(" more")


def test_many_large_parameters_share_the_space() -> None:
    text = json_text({f"p{number}": "a" * 100_000 for number in range(50)})

    assert len(text) <= 512 * 1024
    assert all(value.startswith("aaa") for value in json.loads(text).values())


def test_a_set_is_written_in_the_same_order_in_every_process() -> None:
    names = [f"name-{number}" for number in range(9)]
    assert json.loads(json_text({"names": set(names)})) == {"names": names}
