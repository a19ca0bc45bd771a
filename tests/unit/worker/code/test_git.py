"""Code from git: the right commit, fetched once, and refusals in words."""

import asyncio
import os
from pathlib import Path

import pytest

from orch_worker.code import CodeError
from tests.unit.worker.code.conftest import Machine, Repository


async def test_the_default_branch_is_what_it_is_now(machine: Machine, repository: Repository) -> None:
    step = {"step": "git", "url": repository.url}
    first = await machine.prepare(step)
    commit = repository.commit(flow_py="version = 2\n")
    second = await machine.prepare(step)

    assert first.folder is not None
    assert second.folder is not None
    assert (first.folder / "flow.py").read_text() == "version = 1\n"
    assert (second.folder / "flow.py").read_text() == "version = 2\n"
    assert second.environment == {"ORCH_CODE_COMMIT": commit}


async def test_branch_tag_and_commit(machine: Machine, repository: Repository) -> None:
    first = repository.git("rev-parse", "HEAD")
    repository.git("tag", "light")
    repository.git("tag", "--annotate", "v1", "--message", "the first")
    repository.git("checkout", "--quiet", "-b", "feature/x")
    feature = repository.commit(flow_py="version = 'x'\n")
    wanted = {"tag": "light"}, {"tag": "v1"}, {"commit": first}, {"branch": "main"}, {"branch": "feature/x"}

    prepared = [await machine.prepare({"step": "git", "url": repository.url, **each}) for each in wanted]

    commits = [each.environment["ORCH_CODE_COMMIT"] for each in prepared]
    assert commits == [first, first, first, first, feature]
    assert len({each.folder for each in prepared}) == 2


async def test_a_commit_that_is_there_needs_no_repository(machine: Machine, repository: Repository) -> None:
    step = {"step": "git", "url": repository.url, "commit": repository.git("rev-parse", "HEAD")}
    first = await machine.prepare(step)
    repository.folder.rename(repository.folder.with_name("gone"))

    again = await machine.prepare(step)

    assert again.folder == first.folder


async def test_git_knows_the_folder(machine: Machine, repository: Repository) -> None:
    commit = repository.git("rev-parse", "HEAD")
    prepared = await machine.prepare({"step": "git", "url": repository.url})

    assert prepared.folder is not None
    assert Repository(prepared.folder).git("log", "--format=%H %s") == f"{commit} work"
    assert Repository(prepared.folder).git("remote", "get-url", "origin") == repository.url


async def test_subfolder(machine: Machine, repository: Repository) -> None:
    (repository.folder / "flows").mkdir()
    (repository.folder / "flows" / "etl.py").write_text("")
    (repository.folder / "out").symlink_to("/")
    repository.commit()

    prepared = await machine.prepare({"step": "git", "url": repository.url, "subfolder": "flows"})
    assert prepared.folder is not None
    assert (prepared.folder / "etl.py").exists()
    with pytest.raises(CodeError, match=r"has no folder 'flow'. At its top there is flows, out"):
        await machine.prepare({"step": "git", "url": repository.url, "subfolder": "flow"})
    with pytest.raises(CodeError, match="leads out of the code"):
        await machine.prepare({"step": "git", "url": repository.url, "subfolder": "out"})


async def test_submodules_come_where_they_are_asked_for(
    machine: Machine, repository: Repository, tmp_path: Path
) -> None:
    library = Repository(tmp_path / "library")
    library.folder.mkdir()
    library.git("init", "--quiet")
    library.commit(library_py="x = 1\n")
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library.url, "library")
    repository.commit()
    # A person's configuration counts: git itself refuses submodules that are folders.
    (tmp_path / ".gitconfig").write_text('[protocol "file"]\n\tallow = always\n')

    without = await machine.prepare({"step": "git", "url": repository.url})
    with_them = await machine.prepare({"step": "git", "url": repository.url, "submodules": True})

    assert without.folder is not None
    assert with_them.folder is not None
    assert not (without.folder / "library" / "library.py").exists()
    assert (with_them.folder / "library" / "library.py").read_text() == "x = 1\n"


async def test_many_at_once_fetch_once(machine: Machine, repository: Repository) -> None:
    step = {"step": "git", "url": repository.url}

    prepared = await asyncio.gather(*(machine.prepare(step) for _ in range(8)))

    assert len({each.folder for each in prepared}) == 1
    assert len([sentence for sentence in machine.told if sentence.startswith("Fetching")]) == 1


async def test_a_hook_of_the_person_is_not_run(machine: Machine, repository: Repository, tmp_path: Path) -> None:
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (hooks / "post-checkout").chmod(0o755)
    (tmp_path / ".gitconfig").write_text(f"[core]\n\thooksPath = {hooks}\n")

    await machine.prepare({"step": "git", "url": repository.url})

    assert not (tmp_path / "ran").exists()


async def test_a_cancel_at_any_moment_leaves_nothing_running(
    machine: Machine, repository: Repository, hanging_git: Path
) -> None:
    pipe = os.open(hanging_git, os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(pipe, True)
    for turns in range(40):
        preparing = asyncio.create_task(machine.prepare({"step": "git", "url": repository.url}))
        for _ in range(turns):
            await asyncio.sleep(0)
        preparing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await preparing
    with os.fdopen(pipe) as lines:
        async with asyncio.timeout(30):
            assert set(await asyncio.to_thread(lines.readlines)) <= {"waiting\n"}


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ({"branch": "mian"}, ["has no branch mian.", "There is main."]),
        ({"tag": "v9"}, ["has no tag v9.", "It has no tag at all."]),
        ({"commit": "0" * 40}, ["has no commit 0000", "Was it pushed?"]),
        ({"url": "/nowhere.git"}, ["git cannot get its default branch of /nowhere.git. Check the address."]),
        ({"url": "https://localhost:1/etl.git"}, ["The worker's machine cannot reach the host. It says:\nfatal:"]),
    ],
)
async def test_what_git_refuses_is_told(
    step: dict[str, str],
    words: list[str],
    machine: Machine,
    repository: Repository,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("orch_worker.code.retrying.DELAYS_SECONDS", (0.0,))
    with pytest.raises(CodeError) as refused:
        await machine.prepare({"step": "git", "url": repository.url, **step})
    assert all(each in str(refused.value) for each in words), str(refused.value)
    assert machine.kept() == []


async def test_without_git_it_says_so(machine: Machine, repository: Repository, tmp_path: Path) -> None:
    machine.environment["PATH"] = str(tmp_path)
    with pytest.raises(CodeError, match=r"git cannot be started on .*: No such file or directory. Install it there"):
        await machine.prepare({"step": "git", "url": repository.url})


@pytest.fixture
def hanging_git(machine: Machine, tmp_path: Path) -> Path:
    """A git that starts another program and waits for it. A pipe that has a line when it does, and ends with both."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    (tmp_path / "git").write_text(f"#!/bin/sh\nexec 9> {pipe}\nsleep 20 &\necho waiting >&9\nwait\n")
    (tmp_path / "git").chmod(0o755)
    machine.environment["PATH"] = f"{tmp_path}:{machine.environment['PATH']}"
    return pipe


async def test_a_git_that_hangs_is_stopped(machine: Machine, repository: Repository, hanging_git: Path) -> None:
    reader = asyncio.create_task(asyncio.to_thread(hanging_git.read_text))
    with pytest.raises(CodeError, match=r"git took longer than 0.2 s and was stopped"):
        await machine.prepare({"step": "git", "url": repository.url, "timeout_seconds": 0.2})
    await reader


async def test_a_cancel_ends_git_and_all_that_it_started(
    machine: Machine, repository: Repository, hanging_git: Path
) -> None:
    opened = asyncio.create_task(asyncio.to_thread(hanging_git.open))
    preparing = asyncio.create_task(machine.prepare({"step": "git", "url": repository.url}))
    with await opened as pipe:
        assert await asyncio.to_thread(pipe.readline) == "waiting\n"

        preparing.cancel()

        # It ends when the last process that may write to it has ended.
        async with asyncio.timeout(30):
            assert await asyncio.to_thread(pipe.read) == ""
    with pytest.raises(asyncio.CancelledError):
        await preparing
