"""Launches attempts as processes of this machine."""

import asyncio
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from orch_worker.code import prepare
from orch_worker.launchers.base import (
    Attempt,
    AttemptKey,
    Job,
    LauncherError,
    LaunchError,
    LauncherSettings,
    LauncherUnavailableError,
)
from orch_worker.launchers.process.attempt import FORGOTTEN, ProcessAttempt
from orch_worker.launchers.process.folders import EndingFacts, ProcessFacts, has_begun
from orch_worker.launchers.process.host_link import HostLink, HostLostError, OrderFailedError
from orch_worker.launchers.process.host_pool import HostPool
from orch_worker.launchers.process.hosts import HostKind
from orch_worker.launchers.process.leftovers import kill_leftovers
from orch_worker.launchers.process.planning import Launch, environment_of, make_launch
from orch_worker.launchers.process.variables import ProcessVariables, parse_variables
from orch_worker.launchers.process.words import is_of_machine, refusal

_HOST_LOST = (
    "The host of the worker's processes was killed, and its processes with it: somebody, or the system, killed it."
)
_NAME = re.compile(r".+\.\d+")
_NEVER_STARTED = "The host of the worker's processes was killed while it started this one, which may have begun."
_MAY_BE_TRIED_AGAIN = (True, False)
"""A host that was killed is replaced: the second one will hardly be, or something is wrong with the machine."""


class ProcessLauncher:
    """A launcher of processes; see orch_worker.launchers.base.Launcher."""

    def __init__(self, settings: LauncherSettings, /) -> None:
        self._attempts_folder = settings.folder / "attempts"
        self._hosts_folder = settings.folder / "hosts"
        self._code_folder = settings.code_cache or settings.folder / "code"
        self._relay = settings.relay
        self._attempts: dict[str, ProcessAttempt] = {}
        self._launching: dict[str, asyncio.Lock] = {}
        self._host_pool = HostPool(self._hosts_folder, self)
        self._hosts: dict[str, str] = {}
        self._starting: set[str] = set()

    async def open(self) -> None:
        """Get ready, before the first run. Raises LauncherError where this machine lacks what is needed."""
        if os.name != "posix":
            raise LauncherError("Pools of type process need Linux or macOS; use a pool of type docker here.")
        try:
            for folder in (self._attempts_folder, self._hosts_folder):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise LauncherError(
                f"The worker cannot keep its files in {self._attempts_folder.parent}: {error}."
            ) from error
        for forgotten in self._attempts_folder.glob(f"*{FORGOTTEN}"):
            await asyncio.to_thread(shutil.rmtree, forgotten, ignore_errors=True)
        await self._host_pool.get(HostKind())

    async def close(self) -> None:
        """The worker ends. What still runs goes on, and so does its host until then."""
        await self._host_pool.close()

    async def launch(self, job: Job) -> ProcessAttempt:
        """Start an attempt; the same one again is not started twice. Raises LaunchError or, where this machine has no
        room, LauncherUnavailableError, in words.

        Cancelled, it leaves nothing behind.
        """
        name = _name(job.key)
        async with self._launching.setdefault(name, asyncio.Lock()):
            known = self._attempts.get(name)
            if known is not None:
                return known
            variables = parse_variables(job.variables)
            attempt = self._make(name, job)
            try:
                await self._prepare_and_start(attempt, job, variables)
            except BaseException:
                await attempt.forget()
                raise
        return attempt

    async def find(self) -> Sequence[ProcessAttempt]:
        """Attempts that an earlier worker of the same name had started and not forgotten, alive or ended."""
        alive = await self._host_pool.attempts()
        folders = sorted(folder for folder in self._attempts_folder.iterdir() if _NAME.fullmatch(folder.name))
        unknown = [folder for folder in folders if folder.name not in self._attempts]
        begun = [folder for folder in unknown if folder.name in alive or has_begun(folder)]
        for folder in set(unknown).difference(begun):
            # Its worker died while it fetched the code, say: there is nothing to tell of it.
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        return [self._recall(folder, alive) for folder in begun]

    async def strays(self) -> Sequence[Attempt]:
        """None: processes do not outlive their machine, and on it `find` knows them all."""
        return ()

    async def stop(self, attempt: ProcessAttempt, grace_seconds: float) -> None:
        """Have an attempt's process stopped; returns when that has begun."""
        link = self._host_pool.named(self._hosts.get(attempt.folder.name, ""))
        if link is not None:
            # A host that is lost takes its processes with it.
            with suppress(HostLostError):
                await link.stop(attempt.folder.name, grace_seconds)

    def forget(self, attempt: ProcessAttempt) -> None:
        """An attempt is not needed any more."""
        name = _name(attempt.key)
        self._attempts.pop(name, None)
        self._hosts.pop(name, None)
        self._launching.pop(name, None)

    def heard_output(self, attempt: str) -> None:
        """From a host: there are new lines."""
        known = self._attempts.get(attempt)
        if known is not None:
            known.heard_output()

    def heard_end(self, attempt: str, facts: EndingFacts) -> None:
        """From a host: an attempt has ended."""
        known = self._attempts.get(attempt)
        if known is not None:
            known.heard_end(facts)

    def lost_host(self, link: HostLink) -> None:
        """From a link: its host is gone, and what it ran with it."""
        self._host_pool.forget(link)
        for attempt in list(self._attempts.values()):
            name = attempt.folder.name
            if self._hosts.get(name) == link.host and name not in self._starting:
                _bury(attempt)

    def _make(self, name: str, job: Job) -> ProcessAttempt:
        folder = self._attempts_folder / name
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            raise LaunchError(f"The attempt {name} was launched by an earlier worker, and is known to it.") from None
        except OSError as error:
            raise LauncherUnavailableError(
                f"The worker cannot keep an attempt's files in {folder.parent}: {error.strerror}. Make room there."
            ) from error
        attempt = self._attempts[name] = ProcessAttempt(job.key, folder, self)
        return attempt

    async def _prepare_and_start(self, attempt: ProcessAttempt, job: Job, variables: ProcessVariables) -> None:
        environment = environment_of(job, variables, attempt.folder, relay=self._relay)
        prepared = await prepare(
            job.spec.pull_steps_json, cache=self._code_folder, environment=environment, tell=job.tell
        )
        attempt.uses(prepared)
        launch = make_launch(job, variables, prepared, environment, attempt.folder)
        starting = asyncio.create_task(self._start(attempt, launch))
        try:
            await asyncio.shield(starting)
        except asyncio.CancelledError:
            await self._undo(attempt, starting)
            raise

    async def _start(self, attempt: ProcessAttempt, launch: Launch) -> None:
        name = launch.order.attempt
        self._starting.add(name)
        try:
            for may_be_tried_again in _MAY_BE_TRIED_AGAIN:
                if await self._is_started(attempt, launch):
                    return
                if not may_be_tried_again:
                    raise LauncherUnavailableError(_HOST_LOST)
        except OrderFailedError as error:
            text = refusal(error.failure, launch.order)
            raise (LauncherUnavailableError if is_of_machine(error.failure) else LaunchError)(text) from None
        except LauncherError as error:
            # A host with modules of the deployment may not start because of them.
            raise (LaunchError if launch.kind.preload else LauncherUnavailableError)(str(error)) from error
        finally:
            self._starting.discard(name)

    async def _is_started(self, attempt: ProcessAttempt, launch: Launch) -> bool:
        """Whether it is; it is not where its host was killed before anything of it can have run."""
        link = await self._host_pool.get(launch.kind)
        self._hosts[launch.order.attempt] = link.host
        try:
            attempt.runs_as(await link.launch(launch.order))
        except HostLostError:
            if not has_begun(attempt.folder):
                return False
        if not link.is_open:
            _bury(attempt)
        return True

    async def _undo(self, attempt: ProcessAttempt, starting: asyncio.Task[None]) -> None:
        """Whatever the start comes to, nothing of it must run."""
        await self.stop(attempt, 0)
        try:
            await starting
        except (LaunchError, LauncherUnavailableError):
            return
        await attempt.stop(grace_seconds=0)

    def _recall(self, folder: Path, alive: Mapping[str, str]) -> ProcessAttempt:
        attempt = self._attempts[folder.name] = ProcessAttempt(_key(folder.name), folder, self)
        attempt.uses_again()
        facts = ProcessFacts.read(folder)
        if facts is not None:
            attempt.runs_as(facts.pid)
        # It may have ended while the hosts were asked.
        if folder.name in alive and EndingFacts.read(folder) is None:
            self._hosts[folder.name] = alive[folder.name]
        else:
            _bury(attempt)
        return attempt


def _bury(attempt: ProcessAttempt) -> None:
    """The end of an attempt that no host runs."""
    facts = EndingFacts.read(attempt.folder)
    if facts is None:
        process = ProcessFacts.read(attempt.folder)
        if process is None:
            facts = EndingFacts(lost=_NEVER_STARTED)
        else:
            kill_leftovers(process)
            facts = EndingFacts(lost=_HOST_LOST)
        # Where it cannot be written, it is found out again.
        with suppress(OSError):
            facts.write(attempt.folder)
    attempt.heard_end(facts)


def _name(key: AttemptKey) -> str:
    return f"{key.flow_run_id}.{key.token}"


def _key(name: str) -> AttemptKey:
    flow_run_id, _, token = name.rpartition(".")
    return AttemptKey(flow_run_id, int(token))
