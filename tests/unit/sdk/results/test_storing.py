"""Where results go, and what is said when they cannot."""

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from orch.errors import ConfigurationError, MissingResult, ResultStorageError
from orch.results import StoredResult, load, save
from orch.results.storage import open_storage, read_uri
from orch.settings import temporary_settings

BIG = "x" * 100_000


@pytest.fixture
def memory() -> Iterator[str]:
    """A place that fsspec keeps in memory."""
    from fsspec.implementations.memory import MemoryFileSystem

    yield "memory://bucket/results"
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


def files_in(directory: Path) -> list[str]:
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


def test_small_results_are_inline(tmp_path: Path) -> None:
    stored = save([1, 2], key="k", storage=tmp_path)

    assert stored == StoredResult(data=b"[1,2]", uri="", media_type="application/json", size_bytes=5)
    assert load(stored) == [1, 2]
    assert files_in(tmp_path) == []


def test_large_results_are_files_under_their_key(tmp_path: Path) -> None:
    stored = save(BIG, key="runs/1", storage=str(tmp_path / "not yet there"))

    assert stored.data is None
    assert stored.uri == (tmp_path / "not yet there" / "runs" / "1").as_uri()
    assert stored.size_bytes == len(BIG) + 2
    assert load(stored) == BIG
    assert files_in(tmp_path) == ["not yet there/runs/1"]


def test_the_limit_is_64_kib(tmp_path: Path) -> None:
    assert save("x" * (64 * 1024 - 2), key="k", storage=tmp_path).uri == ""
    assert save("x" * (64 * 1024 - 1), key="k", storage=tmp_path).uri != ""


@pytest.mark.parametrize("place", ["{}", "file://{}", "local://{}"])
def test_a_directory_may_be_a_path_or_a_url(tmp_path: Path, place: str) -> None:
    stored = save(BIG, key="ä b#c", storage=place.format(tmp_path))

    assert load(stored) == BIG
    assert files_in(tmp_path) == ["ä b#c"]


def test_without_a_place_the_settings_say_where(tmp_path: Path) -> None:
    with temporary_settings(home=tmp_path / "home"):
        save(BIG, key="one")
    with temporary_settings(results_storage=str(tmp_path / "elsewhere")):
        save(BIG, key="two")

    assert files_in(tmp_path) == ["elsewhere/two", "home/storage/one"]


def test_urls_go_through_fsspec(memory: str) -> None:
    stored = save(BIG, key="runs/1", storage=memory)

    assert stored.uri == "memory://bucket/results/runs/1"
    assert load(stored) == BIG


def test_local_results_do_without_fsspec_and_cloudpickle(tmp_path: Path) -> None:
    code = (
        "import sys; from orch.results import load, save\n"
        f"load(save('x' * 100_000, key='k', storage={str(tmp_path)!r}))\n"
        "print({'fsspec', 'cloudpickle', 'pydantic', 'numpy', 'asyncio'} & set(sys.modules))"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


# What is gone or damaged


def test_a_result_that_is_gone_says_where_it_was(tmp_path: Path) -> None:
    stored = save(BIG, key="k", storage=tmp_path)
    (tmp_path / "k").unlink()

    with pytest.raises(MissingResult, match=str(tmp_path / "k")):
        load(stored)


def test_a_result_in_a_bucket_that_is_gone_says_where_it_was(memory: str) -> None:
    stored = save(BIG, key="k", storage=memory)
    assert open_storage(memory).delete("k")

    with pytest.raises(MissingResult, match="memory://bucket/results/k"):
        load(stored)


def test_a_result_that_was_not_kept_says_so() -> None:
    with pytest.raises(MissingResult, match="persist_result=True"):
        load(StoredResult(data=None, uri="", media_type="application/json", size_bytes=0))


def test_a_file_that_was_cut_is_not_read(tmp_path: Path) -> None:
    stored = save(BIG, key="k", storage=tmp_path)
    os.truncate(tmp_path / "k", 10)

    with pytest.raises(ResultStorageError, match="is damaged: it has 10 bytes instead of 100,002"):
        load(stored)


# Places that cannot be used


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (errno.ENOSPC, r"there is no room for its 100,002 bytes \([\d,]+ bytes are free\)"),
        (errno.EDQUOT, "there is no room"),
        (errno.EACCES, "this user is not allowed to write it"),
        (errno.EROFS, "mounted read-only"),
        (errno.EIO, "the system says Input/output error"),
    ],
)
def test_a_failed_write_says_why_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, says: str
) -> None:
    save("old" * 40_000, key="k", storage=tmp_path)

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(ResultStorageError, match=says) as caught:
        save(BIG, key="k", storage=tmp_path)

    assert str(tmp_path / "k") in str(caught.value)
    assert "ORCH_RESULTS_STORAGE" in str(caught.value)
    assert files_in(tmp_path) == ["k"]
    assert (tmp_path / "k").read_text() == '"' + "old" * 40_000 + '"'


def test_a_directory_that_may_not_be_read_is_not_taken_for_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = save(BIG, key="k", storage=tmp_path)

    def fail(path: Path) -> bytes:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(ResultStorageError, match="not allowed to read it"):
        load(stored)


def test_a_file_where_a_directory_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")

    with pytest.raises(ResultStorageError, match=f"a file stands where a directory should be .{tmp_path}/taken"):
        save(BIG, key="k", storage=tmp_path / "taken")


FULL_DISK = """
import sys
from pathlib import Path
from orch.errors import ResultStorageError
from orch.results import load, save
place = Path(sys.argv[1])
first = save("a" * 100_000, key="first", storage=place)
try:
    save("b" * 1_000_000, key="second", storage=place)
except ResultStorageError as error:
    print(error)
print(sorted(path.name for path in place.iterdir()), len(load(first)))
"""


def in_a_small_file_system(directory: Path, code: str) -> str:
    """What a program prints that has 256 KiB of room in the directory. Skips where none can be mounted."""
    if sys.platform != "linux" or shutil.which("unshare") is None:
        pytest.skip("needs Linux and unshare")
    mount = 'mount -t tmpfs -o size=256k none "$1" && exec "$2" -c "$3" "$1"'
    arguments = ["sh", "-c", mount, "sh", str(directory), sys.executable, code]
    # A mount of its own, which ends with the program.
    inside = ["unshare", "--map-root-user", "--mount", *arguments]
    if subprocess.run([*inside[:3], "sh", "-c", f"mount -t tmpfs none '{directory}'"], capture_output=True).returncode:
        pytest.skip("may not mount here")
    return subprocess.run(inside, capture_output=True, text=True, check=True).stdout


def test_a_disk_that_is_full_in_earnest(tmp_path: Path) -> None:
    printed = in_a_small_file_system(tmp_path, FULL_DISK)

    assert "there is no room for its 1,000,002 bytes" in printed
    assert "['first'] 100000" in printed


def test_a_missing_driver_says_what_to_install() -> None:
    with pytest.raises(ResultStorageError, match="pip install s3fs"):
        save(BIG, key="k", storage="s3://bucket/results")


def test_an_unknown_kind_of_place_is_named() -> None:
    with pytest.raises(ResultStorageError, match="nothing here knows what nowhere:// is"):
        save(BIG, key="k", storage="nowhere://x")


def test_what_a_driver_raises_is_told(monkeypatch: pytest.MonkeyPatch, memory: str) -> None:
    from fsspec.implementations.memory import MemoryFileSystem

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("no credentials")

    monkeypatch.setattr(MemoryFileSystem, "pipe_file", fail)
    with pytest.raises(ResultStorageError, match=r"memory://bucket/results/k: RuntimeError: no credentials"):
        save(BIG, key="k", storage=memory)


@pytest.mark.parametrize("key", ["", "../k", "/k", "a//b", "a/../../b", "a\0b", "a/"])
def test_keys_cannot_lead_out_of_their_place(tmp_path: Path, memory: str, key: str) -> None:
    for place in (tmp_path, memory):
        with pytest.raises(ResultStorageError, match="cannot be the name of a stored result"):
            save(BIG, key=key, storage=place)


def test_what_is_no_place_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="cannot be a storage"):
        save(BIG, key="k", storage=3)  # type: ignore[arg-type]


def test_reading_what_never_was(tmp_path: Path, memory: str) -> None:
    assert open_storage(tmp_path).read("k") is None
    assert open_storage(memory).read("k") is None
    assert read_uri((tmp_path / "k").as_uri()) is None
    assert not open_storage(tmp_path).delete("k")
    assert not open_storage(memory).delete("k")
