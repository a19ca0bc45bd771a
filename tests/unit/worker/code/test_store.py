"""What is kept: whole or not at all, by one maker at a time, and no longer than there is room."""

import asyncio
import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from orch_worker.code import CodeError, hold_again
from orch_worker.code.store import SPARED_SECONDS, Store
from tests.unit.worker.code.conftest import Machine, Repository


def filling(text: str, *, size: int = 1) -> Callable[[Path], Awaitable[None]]:
    async def make(folder: Path) -> None:
        (folder / "file").write_text(text * size)

    return make


def make_old(entry: Path, seconds: float = 2 * SPARED_SECONDS) -> None:
    """As if the entry was used for the last time that long ago."""
    then = time.time() - seconds
    os.utime(entry.with_name(f"{entry.name}.ready"), (then, then))


async def never(_: Path) -> None:
    raise AssertionError("it was there already")


async def test_what_fails_is_not_kept_and_may_be_tried_again(tmp_path: Path) -> None:
    store = Store(tmp_path)

    async def fail(folder: Path) -> None:
        (folder / "file").write_text("half")
        raise CodeError("no")

    with pytest.raises(CodeError):
        await store.use("kind", "name", fail)
    assert not (tmp_path / "kind" / "name").exists()
    hold = await store.use("kind", "name", filling("whole"))
    assert (hold.entries[0] / "file").read_text() == "whole"


async def test_a_cancelled_maker_leaves_nothing_that_looks_whole(tmp_path: Path) -> None:
    store, begun = Store(tmp_path), asyncio.Event()

    async def hang(folder: Path) -> None:
        (folder / "file").write_text("half")
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(store.use("kind", "name", hang))
    await begun.wait()
    waiting = asyncio.create_task(store.use("kind", "name", filling("whole")))
    task.cancel()

    hold = await waiting

    assert (hold.entries[0] / "file").read_text() == "whole"


async def test_a_killed_maker_leaves_nothing_that_looks_whole(
    machine: Machine, repository: Repository, tmp_path: Path
) -> None:
    """A process killed amid a fetch; the next one makes the folder anew, and its git is gone with it."""
    real = shutil.which("git")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "git").write_text(
        f'#!/bin/sh\ncase "$*" in *checkout*) echo half > flow.py; kill -9 $PPID;; esac\nexec {real} "$@"\n'
    )
    (tmp_path / "bin" / "git").chmod(0o755)
    steps = json.dumps([{"step": "git", "url": repository.url}])
    environment = machine.environment | {"PATH": f"{tmp_path / 'bin'}:{machine.environment['PATH']}"}
    command = [sys.executable, "-m", "orch_worker.code", "--cache", str(machine.cache), "--steps", steps, "--", "true"]

    killed = await asyncio.create_subprocess_exec(*command, env=environment, stderr=subprocess.PIPE)
    await killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert list(machine.cache.glob("commits/*/flow.py"))
    prepared = await machine.prepare({"step": "git", "url": repository.url})

    assert prepared.folder is not None
    assert (prepared.folder / "flow.py").read_text() == "version = 1\n"


async def test_the_longest_unused_goes_when_there_is_no_room(tmp_path: Path) -> None:
    store = Store(tmp_path, limit_bytes=250)
    for name in ("a", "b"):
        (await store.use("kind", name, filling(name, size=100))).release()
    make_old(tmp_path / "kind" / "a", 3 * SPARED_SECONDS)
    make_old(tmp_path / "kind" / "b", 2 * SPARED_SECONDS)
    (await store.use("kind", "a", never)).release()
    make_old(tmp_path / "kind" / "a", 1.5 * SPARED_SECONDS)

    (await store.use("kind", "c", filling("c", size=100))).release()

    assert sorted(path.name for path in (tmp_path / "kind").iterdir() if path.is_dir()) == ["a", "c"]
    assert not list((tmp_path / "kind").glob("b*"))


async def test_what_is_in_use_stays(tmp_path: Path) -> None:
    store = Store(tmp_path, limit_bytes=0)
    hold = await store.use("kind", "name", filling("x"))
    make_old(hold.entries[0])

    assert store.prune() == []
    hold.release()
    assert store.prune() == list(hold.entries)


async def test_what_an_earlier_process_used_is_held_again(tmp_path: Path) -> None:
    store = Store(tmp_path, limit_bytes=0)
    first = await store.use("kind", "name", filling("x"))
    entries = [*first.entries, tmp_path / "kind" / "removed"]
    first.release()
    make_old(first.entries[0])

    again = hold_again(entries)

    assert again.entries == first.entries
    assert store.prune() == []
    again.release()
    again.release()
    assert store.prune() == list(first.entries)


async def test_a_lock_on_a_removed_file_counts_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who removes an entry removes its lock file, maybe between another's opening of that file and its locking."""
    store, lock = Store(tmp_path, limit_bytes=0), tmp_path / "kind" / "name.lock"
    (await store.use("kind", "name", filling("x"))).release()
    removed: list[int] = []

    def flock(number: int, kind: int, real: Callable[[int, int], None] = fcntl.flock) -> None:
        if not removed:
            removed.append(number)
            lock.unlink()
        real(number, kind)

    monkeypatch.setattr(fcntl, "flock", flock)
    hold = await store.use("kind", "name", never)
    make_old(hold.entries[0])

    assert store.prune() == []
    hold.release()


async def test_what_was_just_used_is_spared(tmp_path: Path) -> None:
    store = Store(tmp_path, limit_bytes=0)
    (await store.use("kind", "name", filling("x"))).release()
    assert store.prune() == []


async def test_what_a_person_deleted_is_made_anew(tmp_path: Path) -> None:
    store = Store(tmp_path)
    hold = await store.use("kind", "name", filling("x"))
    hold.release()
    (hold.entries[0] / "file").unlink()
    hold.entries[0].rmdir()

    again = await store.use("kind", "name", filling("y"))

    assert (again.entries[0] / "file").read_text() == "y"


async def test_where_nothing_can_be_written_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(CodeError, match=r"The code cannot be kept in .*: Not a directory"):
        await Store(tmp_path / "cache").use("kind", "name", filling("x"))


async def test_a_full_disk_says_so(tmp_path: Path) -> None:
    async def fill(folder: Path) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(CodeError, match=r"No space left on device. Free some space there"):
        await Store(tmp_path).use("kind", "name", fill)
