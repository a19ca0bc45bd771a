"""One computation at a time for each key: among threads, tasks of an event loop, and processes."""

import asyncio
import contextvars
import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from orch.cache_policies import INPUTS, CachePolicy
from orch.caching import Cache, cache_for
from orch.locking import FileSystemLockManager, MemoryLockManager, claims, file_locks

WAIT_SECONDS = 30.0
"""How long a test waits for what must happen."""


def remembered(cache: Cache, key: str, compute: Callable[[], object]) -> object:
    """What a task does."""
    hit = cache.lookup(key)
    if hit is None:
        with cache.computing(key):
            hit = cache.lookup(key)
            if hit is None:
                value = compute()
                cache.store(key, value)
                return value
    return hit.load()


def policies(tmp_path: Path) -> dict[str, CachePolicy]:
    return {
        "files": INPUTS,
        "memory": INPUTS.configure(lock_manager=MemoryLockManager()),
        "directory": INPUTS.configure(lock_manager=FileSystemLockManager(tmp_path / "locks")),
    }


@pytest.mark.parametrize("locks", ["files", "memory", "directory"])
def test_many_threads_ask_and_one_computes(tmp_path: Path, locks: str) -> None:
    cache = cache_for(policies(tmp_path)[locks], storage=tmp_path)
    together = threading.Barrier(16)
    computed: list[int] = []

    def compute() -> str:
        computed.append(threading.get_ident())
        return "value"

    def ask(_: int) -> object:
        together.wait(WAIT_SECONDS)
        return remembered(cache, "k", compute)

    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(ask, range(16)))

    assert found == ["value"] * 16
    assert len(computed) == 1


def test_threads_wait_for_each_other_where_the_storage_is_a_bucket() -> None:
    cache = Cache("memory://bucket")
    inside = threading.Lock()

    def ask(_: int) -> bool:
        with cache.computing("bucket-key"):
            alone = inside.acquire(blocking=False)
            if alone:
                inside.release()
            return alone

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(ask, range(200)))


def test_tasks_of_an_event_loop_wait_without_holding_it_up(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    order: list[str] = []

    async def ask(name: str, until: asyncio.Event, begun: asyncio.Event) -> None:
        async with cache.computing("k"):
            begun.set()
            order.append(f"{name} in")
            await until.wait()
            order.append(f"{name} out")

    async def main() -> None:
        first, rest, begun = asyncio.Event(), asyncio.Event(), asyncio.Event()
        rest.set()
        asks = [asyncio.create_task(ask("0", first, begun))]
        await begun.wait()
        # More than there are threads in an event loop's pool.
        asks += [asyncio.create_task(ask(str(at), rest, begun)) for at in range(1, 100)]
        await asyncio.sleep(0)
        first.set()
        await asyncio.gather(*asks)

    asyncio.run(main())

    assert order == [f"{at} {step}" for at in range(100) for step in ("in", "out")]


def test_a_task_that_is_cancelled_while_it_waits_leaves_the_queue(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    async def ask() -> str:
        async with cache.computing("k"):
            return "had it"

    async def main() -> str:
        async with cache.computing("k"):
            # A context of its own, as it is not part of this computation.
            waiting = asyncio.create_task(ask(), context=contextvars.Context())
            await asyncio.sleep(0)
            waiting.cancel()
            with suppress(asyncio.CancelledError):
                await waiting
            following = asyncio.create_task(ask(), context=contextvars.Context())
            await asyncio.sleep(0)
        return await following

    assert asyncio.run(main()) == "had it"


def test_other_keys_do_not_wait(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    with cache.computing("one"), cache.computing("two"), Cache(tmp_path / "elsewhere").computing("one"):
        pass


def test_a_computation_does_not_wait_for_itself(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    def inner() -> str:
        with cache.computing("k"):
            return "inner"

    with ThreadPoolExecutor(1) as pool, cache.computing("k"):
        assert inner() == "inner"
        # Threads that it starts are part of it.
        assert pool.submit(contextvars.copy_context().run, inner).result(WAIT_SECONDS) == "inner"
    assert inner() == "inner"


def test_code_that_was_started_inside_waits_once_the_computation_has_ended(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    with cache.computing("k"):
        inherited = contextvars.copy_context()

    with cache.computing("k"):
        late = inherited.run(cache.computing, "k")
        assert not late.granted.done()
    assert late.granted.result(WAIT_SECONDS) is None
    inherited.run(late.release)


def test_an_error_inside_lets_the_next_one_in(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    with pytest.raises(KeyError), cache.computing("k"):
        raise KeyError

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(remembered, cache, "k", lambda: 1).result(WAIT_SECONDS) == 1


def test_read_committed_means_that_nobody_waits(tmp_path: Path) -> None:
    cache = cache_for(INPUTS.configure(isolation_level="READ_COMMITTED"), storage=tmp_path)

    with cache.computing("k"), ThreadPoolExecutor(1) as pool:
        assert pool.submit(remembered, cache, "k", lambda: 1).result(WAIT_SECONDS) == 1


def test_no_lock_files_are_left(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    for at in range(10):
        remembered(cache, f"k{at}", lambda: 1)

    assert not list(tmp_path.rglob("*.lock"))
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC, errno.ENOLCK])
def test_where_no_lock_file_can_be_had_threads_still_wait_for_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(claims, "lock_file", fail)
    cache = Cache(tmp_path)
    computed: list[int] = []

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda at: remembered(cache, "k", lambda: computed.append(at)), range(8)))

    assert len(computed) == 1
    assert "Other processes may compute the same" in caplog.text


# Processes

ASK = """
import os, sys
from pathlib import Path
from orch.caching import Cache

cache, log = Cache(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()

def compute():
    handle = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(handle, b"x")
    os.close(handle)
    return {"value": "y" * 100_000}

for at in range(5):
    key = f"k{at}"
    hit = cache.lookup(key)
    if hit is None:
        with cache.computing(key):
            hit = cache.lookup(key)
            if hit is None:
                cache.store(key, compute())
                hit = cache.lookup(key)
    assert hit.load() == {"value": "y" * 100_000}
"""


def started(code: str, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def line_of(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def test_many_processes_ask_and_one_computes(tmp_path: Path) -> None:
    log = tmp_path / "computed"
    processes = [started(ASK, str(tmp_path / "cache"), str(log)) for _ in range(8)]
    try:
        assert [line_of(each) for each in processes] == ["ready"] * 8
        for each in processes:
            tell(each)
        assert [each.wait(WAIT_SECONDS) for each in processes] == [0] * 8
    finally:
        for each in processes:
            each.kill()
            each.communicate()

    assert log.read_text() == "x" * 5
    assert not list(tmp_path.rglob("*.lock"))


HOLD = """
import sys
from orch.caching import Cache

with Cache(sys.argv[1]).computing("k"):
    print("holds", flush=True)
    sys.stdin.readline()
print("let go", flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize("how", ["ends the block", "is killed"])
def test_a_process_waits_until_another_one_lets_go(tmp_path: Path, how: str) -> None:
    other = started(HOLD, str(tmp_path))
    try:
        assert line_of(other) == "holds"
        mine = Cache(tmp_path).computing("k")
        assert not mine.granted.done()

        if how == "is killed":
            other.send_signal(signal.SIGKILL)
        else:
            tell(other)

        with mine:
            pass
    finally:
        other.kill()
        other.communicate()


def test_who_stops_waiting_for_another_process_is_not_in_the_way(tmp_path: Path) -> None:
    other = started(HOLD, str(tmp_path))
    try:
        assert line_of(other) == "holds"
        impatient = Cache(tmp_path).computing("k")
        impatient.release()
        patient = Cache(tmp_path).computing("k")

        tell(other)

        with patient:
            assert not impatient.granted.done()
    finally:
        other.kill()
        other.communicate()


FORK = """
import os, sys
from orch.caching import Cache

with Cache(sys.argv[1]).computing("k"):
    if os.fork() == 0:
        print("forked", flush=True)
        sys.stdin.readline()
        os._exit(0)
    os.waitpid(-1, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_that_was_forked_inside_does_not_hold_what_its_parent_held(tmp_path: Path) -> None:
    parent = started(FORK, str(tmp_path))
    try:
        assert line_of(parent) == "forked"
        mine = Cache(tmp_path).computing("k")
        assert not mine.granted.done()

        parent.kill()

        mine.granted.result(WAIT_SECONDS)
        mine.release()
    finally:
        tell(parent)
        parent.kill()
        parent.communicate()


# Lock managers


def test_a_lock_manager_that_fails_is_heard(tmp_path: Path) -> None:
    class Broken:
        def acquire_lock(self, key: str, holder: str) -> bool:
            raise ConnectionError(f"no lock server for {key} and {len(holder)}")

        def release_lock(self, key: str, holder: str) -> None:
            raise AssertionError(key, holder)

    cache = Cache(tmp_path, lock_manager=Broken())

    with pytest.raises(ConnectionError, match="no lock server"), cache.computing("k"):
        pass


@pytest.mark.parametrize("kind", ["memory", "directory"])
def test_a_lock_manager_knows_who_holds_what(tmp_path: Path, kind: str) -> None:
    manager = MemoryLockManager() if kind == "memory" else FileSystemLockManager(tmp_path)

    assert manager.acquire_lock("k", "ann")
    assert manager.acquire_lock("k", "ann", acquire_timeout=0)
    assert manager.is_locked("k")
    assert manager.is_lock_holder("k", "ann")
    assert not manager.acquire_lock("k", "bob", acquire_timeout=0)
    assert not manager.wait_for_lock("k", timeout=0)
    with pytest.raises(ValueError, match="'bob' does not hold the key 'k'"):
        manager.release_lock("k", "bob")
    manager.release_lock("k", "ann")
    assert not manager.is_locked("k")
    assert manager.wait_for_lock("k")
    assert asyncio.run(manager.aacquire_lock("k", "bob"))
    manager.release_lock("k", "bob")


def test_a_lock_manager_refuses_locks_that_end_by_themselves(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="hold_timeout is not supported"):
        FileSystemLockManager(tmp_path).acquire_lock("k", "ann", hold_timeout=1)


# Files


def test_a_lock_on_a_file_that_is_gone_is_none(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "k.lock"
    first = file_locks.lock_file(path, wait=False)
    assert first is not None
    assert file_locks.lock_file(path, wait=False) is None
    waited: list[file_locks.FileLock | None] = []
    waiting = threading.Thread(target=lambda: waited.append(file_locks.lock_file(path, wait=True)))
    waiting.start()

    first.release()
    waiting.join(WAIT_SECONDS)

    assert waited[0] is not None
    assert file_locks.lock_file(path, wait=False) is None
    waited[0].release()
    assert not path.exists()


def test_an_interrupt_while_it_is_asked_for_leaves_the_key_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = Cache(tmp_path)

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(claims, "lock_file", interrupted)
        with pytest.raises(KeyboardInterrupt):
            cache.computing("k")

    found = cache.computing("k")
    assert found.granted.done()
    found.release()
