"""Launches attempts as processes that keep themselves: nothing of them is in the worker's memory alone.

Each attempt has a folder, named by its key, and a keeper: a shell that says that it has begun, runs the command, and
writes down how that ended. So a worker that comes back finds in the folders all that there is to know.
"""

import errno
import json
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from orch_worker.launchers.base import (
    AttemptKey,
    Job,
    LauncherError,
    LaunchError,
    LauncherSettings,
    LauncherUnavailableError,
)
from orch_wrapped.attempt import BEGUN, FORGOTTEN, JOB, OUTPUT, WrappedAttempt
from orch_wrapped.jobs import PARAMETERS, check_variables, command_of, environment_of

KEEPER = """
trap asked=yes TERM                  # The command is asked to end; its keeper sees that out.
echo $$ > "$0/keeper"
ln "$0/keeper" "$0/begun" || exit    # It was given up meanwhile: `find` was first to take the name.
test -z "$asked" || exit
"$@"
echo $? > "$0/ending.new" && mv "$0/ending.new" "$0/ending"
kill -KILL 0                         # Itself, and what the command has left behind.
"""
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE}


class WrappedLauncher:
    """What the entry point names; see orch_worker.launchers.base.Launcher."""

    def __init__(self, settings: LauncherSettings, /) -> None:
        self._folder = settings.folder / "attempts"
        self._attempts: dict[str, WrappedAttempt] = {}

    async def open(self) -> None:
        """Say here what is missing, rather than in each run."""
        if not hasattr(os, "pidfd_open"):
            raise LauncherError("Pools of type wrapped need Linux 5.3 or newer: serve this pool from there.")
        self._folder.mkdir(parents=True, exist_ok=True)

    async def close(self) -> None:
        """What runs goes on: nothing of it needs the worker."""
        for attempt in self._attempts.values():
            attempt.unwatch()

    async def launch(self, job: Job) -> WrappedAttempt:
        """Nothing in here waits, so that nobody can cancel it halfway, and no second call can come between."""
        check_variables(job)
        name = f"{job.key.flow_run_id}.{job.key.token}"
        folder = self._folder / name
        try:
            folder.mkdir()
        except FileExistsError:
            if name in self._attempts:
                return self._attempts[name]
            raise LaunchError(f"The attempt {name} was launched by an earlier worker, and is known to it.") from None
        try:
            keeper = _start(job, folder)
        except OSError as error:
            shutil.rmtree(folder, ignore_errors=True)
            if error.errno in _NO_ROOM:
                raise LauncherUnavailableError(f"The worker's machine has no room: {error}.") from error
            raise LaunchError(f"The run cannot be started: {error}. Does it have a very large environment?") from error
        return self._watch(job.key, folder, keeper.pid, keeper)

    async def find(self) -> Sequence[WrappedAttempt]:
        """What has begun; what has not never will, since its name is taken here."""
        found = []
        for folder in sorted(self._folder.iterdir()):
            if folder.name in self._attempts:
                continue
            pid = _begun(folder)
            if pid is None or folder.name.endswith(FORGOTTEN):
                shutil.rmtree(folder, ignore_errors=True)
            else:
                flow_run_id, _, token = folder.name.rpartition(".")
                found.append(self._watch(AttemptKey(flow_run_id, int(token)), folder, pid))
        return found

    async def strays(self) -> Sequence[WrappedAttempt]:
        """None: attempts do not outlive this machine, and a worker of this name will come back to it."""
        return []

    def _watch(
        self, key: AttemptKey, folder: Path, pid: int, keeper: "subprocess.Popen[bytes] | None" = None
    ) -> WrappedAttempt:
        attempt = WrappedAttempt(key, folder, pid, keeper, lambda: self._attempts.pop(folder.name, None))
        self._attempts[folder.name] = attempt
        return attempt


def _start(job: Job, folder: Path) -> "subprocess.Popen[bytes]":
    (folder / JOB).write_text(json.dumps({"memo": job.memo, "pulls": bool(job.spec.pull_steps_json)}))
    (folder / PARAMETERS).write_text(job.flow_run.parameters_json or "{}")
    with (folder / OUTPUT).open("wb") as output:
        return subprocess.Popen(
            ["sh", "-c", KEEPER, str(folder), *command_of(job)],
            env=environment_of(job, folder),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C at the worker is not meant for its runs.
        )


def _begun(folder: Path) -> int | None:
    """The keeper's process; None where it has not begun, and now never will."""
    try:
        (folder / BEGUN).touch(exist_ok=False)
    except FileExistsError:
        return int((folder / BEGUN).read_text() or 0) or None
    return None
