"""Hashes are the same for equal values in every process, and others for other values."""

import functools
import hashlib
import json
import os
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from orch.errors import CacheKeyError, HashError
from orch.hashing import file_hash, hash_objects, hash_source, stable_hash

VALUES_SCRIPT = """
import enum, json, functools
from dataclasses import dataclass, field
from datetime import UTC, date
import numpy as np, pandas as pd
from pydantic import BaseModel
from orch.hashing import hash_objects

class Colour(enum.Enum):
    RED = "red"

@dataclass(frozen=True, slots=True)
class Slots:
    names: frozenset = frozenset({"a", "b", "c", "d"})

class Model(BaseModel):
    tags: set[str] = {"x", "y", "z"}

class Plain:
    def __init__(self):
        self.words = {"one", "two", "three", "four"}
        self.me = self

def function(x, y={"p", "q", "r"}):
    return x in {"a", "b", "c", "d", "e"}

texts = ["alpha", "beta"] * 3000
print(json.dumps([hash_objects(value) for value in (
    None, 1.5, "x", texts, {"a", "b", "c"}, {"k": {1, "1"}}, {("a", 1): {"b"}}, Colour.RED, Slots(), Model(), Plain(),
    function, functools.partial(function, "x"), lambda: {"a", "b"}, date(2026, 1, 1), np.arange(5), 10 ** 5000,
    pd.DataFrame({"a": ["x", "y"], "b": [1, None]}), Plain, len, [Plain(), Plain()],
)]))
"""


def hashes_in_a_process(seed: str, directory: Path) -> list[str]:
    script = directory / "values.py"
    script.write_text(VALUES_SCRIPT)
    environment = {**os.environ, "PYTHONHASHSEED": seed}
    done = subprocess.run([sys.executable, script], env=environment, capture_output=True, text=True, check=True)
    found: list[str] = json.loads(done.stdout)
    return found


def test_hashes_are_the_same_in_every_process(tmp_path: Path) -> None:
    first = hashes_in_a_process("1", tmp_path)

    assert hashes_in_a_process("2", tmp_path) == first
    assert None not in first
    assert len(set(first)) == len(first)


class Model(BaseModel):
    number: int = 1


@dataclass
class Pair:
    left: object
    right: object


class Other(Pair):
    pass


def one(x: int) -> int:
    return x + 1


def two(x: int) -> int:
    return x + 2


DIFFERENT: list[list[Any]] = [
    [1, 1.0, True, "1", None, b"1", [1], (1,), {1}, {1: 1}, Decimal(1), np.int64(1), np.float64(1)],
    [[], (), {}, set(), frozenset(), "", b"", bytearray(), None],
    [["a", "b"], ["ab"], ["a", ["b"]], ["b", "a"], [["a"], "b"]],
    [{"a": 1, "b": 2}, {"a": 2, "b": 1}, {"a": {"b": 2}}, {"ab": 12}],
    [Pair(1, 2), Pair(2, 1), Other(1, 2), (1, 2)],
    [one, two, lambda x: x + 1, lambda x: x + 2, functools.partial(one), functools.partial(one, 1), len, max],
    [date(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01"],
    [Path("a"), Path("b"), "a"],
    [np.arange(4), np.arange(4).reshape(2, 2), np.arange(4.0), np.arange(4, dtype="i4"), np.arange(5), [0, 1, 2, 3]],
    [np.array(["a", 1], object), np.array(["a", "1"], object)],
    [Model(), Model(number=2), {"number": 1}],
    [
        pd.DataFrame({"a": [1, 2]}),
        pd.DataFrame({"a": [1.0, 2.0]}),
        pd.DataFrame({"a": pd.Series(["1", "2"], dtype="string")}),
        pd.DataFrame({"a": pd.Series([1, 2], dtype=object)}),
        pd.DataFrame({"a": pd.Series(["1", "2"], dtype=object)}),
        pd.DataFrame({"b": [1, 2]}),
        pd.DataFrame({"a": [1, 2]}, index=[1, 2]),
        pd.DataFrame({"a": [1, None]}, dtype="Int64"),
        pd.DataFrame({"a": pd.to_datetime(["2026-01-01", "2026-01-02"])}),
        pd.DataFrame({"a": pd.to_datetime(["2026-01-01", "2026-01-02"]).tz_localize("UTC")}),
        pd.DataFrame({"a": pd.Categorical([1, 2])}),
        pd.DataFrame({"a": pd.Categorical(["1", "2"])}),
        pd.Series([1, 2], name="a"),
        pd.Index([1, 2], name="a"),
    ],
]


@pytest.mark.parametrize("values", DIFFERENT, ids=lambda values: type(values[0]).__name__)
def test_different_values_have_different_hashes(values: list[object]) -> None:
    hashes = [hash_objects(value) for value in values]

    assert None not in hashes
    assert len(set(hashes)) == len(values)


FRAME = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"], "c": [1.0, None, 3.0]})


@pytest.mark.parametrize(
    ("value", "equal"),
    [
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}),
        ({1: "a", "x": 2}, {"x": 2, 1: "a"}),
        ("ab" * 10, "".join(["ab"] * 10)),
        ([("k",) * 2], [("k", "".join(["k"]))]),
        (Model(), Model(number=1)),
        (Pair(1, [2]), replace(Pair(0, [2]), left=1)),
        (np.arange(6).reshape(2, 3).T, np.ascontiguousarray(np.arange(6).reshape(2, 3).T)),
        (np.arange(10)[::2], np.array([0, 2, 4, 6, 8])),
        (FRAME, FRAME.copy()),
        (FRAME[["a", "b", "c"]], pd.concat([FRAME[["a"]], FRAME[["b", "c"]]], axis=1)),
        (FRAME.iloc[:2], pd.DataFrame({"a": [1, 2], "b": ["x", "y"], "c": [1.0, None]})),
    ],
)
def test_equal_values_have_one_hash_however_they_were_made(value: object, equal: object) -> None:
    assert hash_objects(value) == hash_objects(equal)


@given(st.recursive(st.none() | st.integers() | st.text() | st.floats(), st.lists, max_leaves=30))
def test_a_copy_has_the_same_hash(value: object) -> None:
    assert hash_objects(value) == hash_objects(json.loads(json.dumps(value)))


@given(st.lists(st.integers() | st.text(), max_size=8), st.lists(st.integers() | st.text(), max_size=8))
def test_lists_have_one_hash_only_if_they_are_equal(one: list[object], other: list[object]) -> None:
    assert (hash_objects(one) == hash_objects(other)) == (one == other)


def test_a_change_anywhere_in_a_large_list_counts() -> None:
    large: list[object] = list(range(20_000))
    changed = [*large]
    changed[12_345] = -1

    assert hash_objects(large) != hash_objects(changed)


def test_objects_that_hold_each_other_have_a_hash() -> None:
    def ring(name: str) -> Pair:
        first = Pair(name, None)
        first.right = Pair("second", first)
        return first

    assert hash_objects(ring("a")) == hash_objects(ring("a"))
    assert hash_objects(ring("a")) != hash_objects(ring("b"))


def test_objects_that_are_shared_often_are_walked_once() -> None:
    shared = Pair(1, 2)
    for _ in range(60):
        shared = Pair(shared, shared)

    found = hash_objects(shared)

    assert found is not None


def test_large_buffers_are_hashed_where_they_lie() -> None:
    import tracemalloc

    array = np.zeros(4_000_000)
    hash_objects(array)
    tracemalloc.start()
    try:
        hash_objects(array)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert peak < array.nbytes / 10


def test_what_a_function_has_caught_counts() -> None:
    def adder(amount: int) -> Callable[[int], int]:
        return lambda x: x + amount

    assert hash_objects(adder(1)) == hash_objects(adder(1))
    assert hash_objects(adder(1)) != hash_objects(adder(2))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: {"a": [1, threading.Lock()]}, r"\['a'\]\[1\], a _thread\.lock, cannot be written down"),
        (lambda: Pair(1, (x for x in "ab")), r"\[0\]\.right, a generator, cannot be written down"),
        (lambda: sqlite3.connect(":memory:"), r"a sqlite3\.Connection, cannot"),
        (lambda: socket.socket(), r"a socket\.socket, cannot"),
    ],
    ids=["lock", "generator", "database", "socket"],
)
def test_what_does_not_last_has_no_hash_and_is_named(make: Callable[[], Any], says: str) -> None:
    value = make()
    try:
        assert hash_objects(value) is None
        with pytest.raises(HashError, match=says):
            hash_objects(value, raise_on_failure=True)
    finally:
        getattr(value, "close", lambda: None)()


def test_a_list_that_holds_itself_has_no_hash() -> None:
    loop: list[object] = []
    loop.append(loop)

    assert hash_objects(loop) is None
    with pytest.raises(CacheKeyError, match="refers to itself"):
        hash_objects(loop, raise_on_failure=True)


def test_names_and_places_of_values_count() -> None:
    assert (
        len({hash_objects(1, 2), hash_objects(2, 1), hash_objects([1, 2]), hash_objects(1, b=2), hash_objects()}) == 5
    )


def test_another_hash_can_be_chosen() -> None:
    found = hash_objects({"a": 1}, hash_algo=hashlib.sha256)

    assert found is not None
    assert len(found) == 64
    assert stable_hash("a", b"b", hash_algo=hashlib.sha256) == hashlib.sha256(b"ab").hexdigest()


def test_files_are_hashed_by_their_content(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"x" * 3_000_000)
    (tmp_path / "two").write_bytes(b"x" * 3_000_000)

    assert file_hash(tmp_path / "one") == file_hash(tmp_path / "two") == stable_hash(b"x" * 3_000_000)


# Code


def test_the_source_of_a_function_is_its_text() -> None:
    assert hash_source(one) == hash_source(one)
    assert hash_source(one) != hash_source(two)


def test_two_lambdas_of_one_line_are_two() -> None:
    first, second = lambda x: x + 1, lambda x: x + 2

    assert hash_source(first) != hash_source(second)


def test_functions_made_by_one_text_differ_by_the_numbers_that_they_caught() -> None:
    def adder(amount: int) -> Callable[[int], int]:
        def add(x: int) -> int:
            return x + amount

        return add

    assert hash_source(adder(1)) == hash_source(adder(1))
    assert hash_source(adder(1)) != hash_source(adder(2))


def test_what_a_function_keeps_book_in_does_not_count() -> None:
    calls: list[int] = []
    count = 0

    def add(x: int) -> int:
        nonlocal count
        count += 1
        calls.append(x)
        return x

    before = hash_source(add)
    add(1)

    assert hash_source(add) == before


def test_functions_without_a_text_are_known_by_their_code() -> None:
    def made(text: str) -> Callable[..., object]:
        into: dict[str, Any] = {}
        exec(text, into)
        found: Callable[..., object] = into["f"]
        return found

    assert hash_source(made("def f(x): return x + 1")) == hash_source(made("def f(x): return x + 1"))
    assert hash_source(made("def f(x): return x + 1")) != hash_source(made("def f(x): return x + 2"))
    assert hash_source(made("def f(x): return x in {'a'}")) != hash_source(made("def f(x): return x in {'b'}"))


def test_objects_that_can_be_called_are_known_by_their_class() -> None:
    class Adder:
        def __call__(self, x: int) -> int:
            return x + 1

    class Doubler:
        def __call__(self, x: int) -> int:
            return x * 2

    assert hash_source(Adder()) == hash_source(Adder())
    assert hash_source(Adder()) != hash_source(Doubler())
