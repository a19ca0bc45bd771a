"""Entries of the cache: found, expired, damaged, replaced."""

import errno
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orch.cache_policies import INPUTS, StorageKeyPolicy
from orch.caching import Cache, cache_for
from orch.errors import ConfigurationError, ResultSerializationError, ResultStorageError
from orch.results import load
from orch.settings import temporary_settings

SMALL, LARGE = {"rows": 3}, "x" * 200_000


class Clock:
    """Moved by hand."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, tzinfo=UTC).timestamp()

    def __call__(self) -> float:
        return self.now


@pytest.fixture(params=["directory", "memory"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a cache may be."""
    if request.param == "directory":
        yield str(tmp_path / "cache")
        return
    from fsspec.implementations.memory import MemoryFileSystem

    yield "memory://cache"
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


def value_under(cache: Cache, key: str) -> object:
    hit = cache.lookup(key)
    return "nothing" if hit is None else hit.load()


def files_in(directory: Path) -> list[Path]:
    return sorted(path for path in directory.rglob("*") if path.is_file())


@pytest.mark.parametrize("value", [SMALL, LARGE, None, b"", (1, {2})], ids=["small", "large", "none", "empty", "tuple"])
def test_what_was_stored_is_found(place: str, value: object) -> None:
    stored = Cache(place).store("k", value)
    hit = Cache(place).lookup("k")

    assert hit is not None
    assert hit.load() == value
    assert hit.stored == stored
    assert load(hit.stored) == value
    assert Cache(place).exists("k")


def test_where_nothing_was_stored_nothing_is_found(place: str) -> None:
    assert Cache(place).lookup("k") is None
    assert not Cache(place).exists("k")


def test_a_new_value_takes_the_place_of_the_old_one(place: str) -> None:
    cache = Cache(place)
    old = cache.store("k", LARGE)
    cache.store("k", LARGE + "y")

    assert value_under(cache, "k") == LARGE + "y"
    assert load(old) == LARGE  # an earlier run refers to it


def test_what_is_deleted_is_not_found(place: str) -> None:
    cache = Cache(place)
    cache.store("k", SMALL)

    assert cache.delete("k")
    assert not cache.exists("k")
    assert not cache.delete("k")


@pytest.mark.parametrize("key", ["a/b", "../up", "", "ä ö", "x" * 5000, "UPPER", "=x", ".hidden", "a:b*?", "\ud800"])
def test_any_text_is_a_key(place: str, key: str) -> None:
    cache = Cache(place)
    cache.store(key, SMALL)
    cache.store("another", LARGE)

    assert value_under(cache, key) == SMALL


def test_without_a_place_the_settings_say_where(tmp_path: Path) -> None:
    with temporary_settings(home=tmp_path):
        Cache().store("k", LARGE)

    assert all(path.is_relative_to(tmp_path / "storage") for path in files_in(tmp_path))
    assert value_under(Cache(tmp_path / "storage"), "k") == LARGE


# Time


def test_entries_count_until_they_expire(place: str) -> None:
    clock = Clock()
    cache = Cache(place, clock=clock)
    cache.store("hour", 1, expiration=timedelta(hours=1))
    cache.store("day", 1, expiration=datetime(2026, 11, 23, tzinfo=UTC))
    cache.store("ever", 1)

    clock.now += 3599.9
    assert cache.exists("hour")
    clock.now += 0.1
    assert not cache.exists("hour")
    assert cache.exists("day")
    clock.now += 24 * 3600
    assert not cache.exists("day")
    assert cache.exists("ever")


def test_an_expired_entry_can_be_replaced(place: str) -> None:
    clock = Clock()
    cache = Cache(place, clock=clock)
    cache.store("k", "old", expiration=timedelta(seconds=1))
    clock.now += 2
    cache.store("k", "new", expiration=timedelta(seconds=1))

    assert value_under(cache, "k") == "new"


def test_what_is_no_expiration_is_refused(place: str) -> None:
    with pytest.raises(ConfigurationError, match="timedelta or a datetime; 60 is neither"):
        Cache(place).store("k", 1, expiration=60)  # type: ignore[arg-type]


# Damage


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def empty(path: Path) -> None:
    os.truncate(path, 0)


def change(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)


def replace(path: Path) -> None:
    path.write_bytes(b"{}")


def remove(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("damage", [cut, empty, change, replace, remove])
@pytest.mark.parametrize("value", [SMALL, LARGE], ids=["small", "large"])
def test_a_damaged_entry_counts_as_missing_and_is_replaced(
    tmp_path: Path, damage: Callable[[Path], None], value: object
) -> None:
    cache = Cache(tmp_path)
    cache.store("k", value)
    for path in files_in(tmp_path):
        before = path.read_bytes()
        damage(path)

        assert cache.lookup("k") is None

        path.write_bytes(before)
        assert cache.exists("k")
        damage(path)
        cache.store("k", value)
        assert value_under(cache, "k") == value


def test_a_damaged_entry_is_told_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = Cache(tmp_path)
    cache.store("k", SMALL)
    cut(files_in(tmp_path)[0])

    cache.lookup("k")

    assert "'k' does not count: its file is damaged" in caplog.text


def test_an_entry_whose_class_is_gone_counts_as_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.unit.sdk.results import models

    cache = Cache(tmp_path)
    cache.store("k", models.Colour.RED)
    monkeypatch.delattr(models, "Colour")

    assert cache.lookup("k") is None


def test_an_entry_of_another_key_in_the_same_file_is_not_taken_for_it(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    cache.store("one", SMALL)
    path = files_in(tmp_path)[0]
    path.rename(path.with_name("other"))

    assert cache.lookup("other") is None


# Places that cannot be used


def fail(number: int) -> Callable[..., None]:
    def raises(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return raises


def test_what_cannot_be_stored_leaves_the_old_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    cache.store("k", "old")

    with pytest.raises(ResultSerializationError):
        cache.store("k", (x for x in "ab"))
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fail(errno.ENOSPC))
        with pytest.raises(ResultStorageError, match="no room"):
            cache.store("k", "new")

    assert value_under(cache, "k") == "old"


def test_a_cache_that_may_not_be_read_is_not_taken_for_empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    cache.store("k", "old")
    monkeypatch.setattr(Path, "read_bytes", fail(errno.EACCES))

    with pytest.raises(ResultStorageError, match="not allowed to read"):
        cache.lookup("k")


# What a task's options mean


def test_keys_may_be_kept_apart_from_values(tmp_path: Path) -> None:
    cache = cache_for(INPUTS.configure(key_storage=tmp_path / "keys"), storage=tmp_path / "values")
    cache.store("k", LARGE)

    assert len(files_in(tmp_path / "keys")) == 1
    assert [path.stat().st_size for path in files_in(tmp_path / "values")] == [len(LARGE) + 2]
    assert value_under(cache, "k") == LARGE


def test_a_storage_key_names_the_file_of_the_value(tmp_path: Path) -> None:
    cache = cache_for(StorageKeyPolicy(template="-"), storage=tmp_path, serializer="json")
    cache.store("days/mo.json", SMALL)

    assert (tmp_path / "days" / "mo.json").read_text() == '{"rows":3}'
    assert value_under(cache, "days/mo.json") == SMALL


def test_the_serializer_is_the_tasks(tmp_path: Path) -> None:
    stored = cache_for(None, storage=tmp_path, serializer="pickle").store("k", 1)

    assert stored.media_type == "application/vnd.orch.cloudpickle"
