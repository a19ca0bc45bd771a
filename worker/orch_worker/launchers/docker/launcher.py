"""Launches attempts as containers of a Docker engine."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Any

from orch_worker.launchers.base import Job, LauncherError, LauncherSettings
from orch_worker.launchers.containers.variables import read_variables
from orch_worker.launchers.docker.attempt import DockerAttempt
from orch_worker.launchers.docker.creation import Creation, creation_of
from orch_worker.launchers.docker.engine import Engine
from orch_worker.launchers.docker.errors import EngineError, EngineRefusedError
from orch_worker.launchers.docker.images import Images
from orch_worker.launchers.docker.naming import Owner, is_attempt, kept_name
from orch_worker.launchers.docker.refusals import refused
from orch_worker.launchers.docker.starting import NameTakenError, Starting
from orch_worker.launchers.docker.variables import DockerVariables
from orch_worker.launchers.docker.watching import Watch

logger = logging.getLogger(__name__)

_OPENING_SECONDS = 20.0
_NOT_FOUND = 404


class DockerLauncher:
    """A launcher of containers; see orch_worker.launchers.base.Launcher."""

    def __init__(self, settings: LauncherSettings, /) -> None:
        self._owner = Owner.of(settings)
        self._attempts: dict[str, DockerAttempt] = {}
        """By container name: launched or found, and not forgotten."""
        self._launching: dict[str, asyncio.Lock] = {}
        self._leaving: dict[str, str] = {}
        """Containers that are to go as soon as the engine lets them, and the names to be kept under, if any."""
        self._cleaning: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Get ready, before the first run. Raises LauncherError where there is no engine that can be used."""
        self._engine = await Engine.connect()
        self._images = Images(self._engine)
        self._starting = Starting(self._engine, self._images)
        self._watch = Watch(self._engine, self._owner.of_pool(), self._clear_away)
        self._watching = asyncio.create_task(self._watch.run())
        try:
            async with asyncio.timeout(_OPENING_SECONDS):
                await self._watch.contact()
        except TimeoutError as error:
            await self.close()
            raise LauncherError("The Docker engine does not tell what happens to its containers.") from error

    async def close(self) -> None:
        """The worker ends. Containers go on."""
        self._watching.cancel()
        await asyncio.gather(self._watching, *self._cleaning, return_exceptions=True)
        await self._images.close()
        await self._engine.close()

    async def launch(self, job: Job) -> DockerAttempt:
        """Start an attempt; the same one again is not started twice. Raises LaunchError, LauncherUnavailableError."""
        variables = read_variables(DockerVariables, job.variables, pool_type="docker")
        creation = creation_of(job, variables, self._owner, self._engine.facts)
        async with self._launching.setdefault(creation.name, asyncio.Lock()):
            try:
                attempt = self._attempts.get(creation.name) or await self._launched(creation, job)
            except EngineError as error:
                raise refused(error, variables) from error
            finally:
                self._launching.pop(creation.name, None)
        if creation.remark:
            job.tell(creation.remark)
        return attempt

    async def find(self) -> Sequence[DockerAttempt]:
        """Attempts that an earlier worker of the same name had started and not forgotten, alive or ended."""
        try:
            listed = await self._listed(self._owner.of_worker())
            for each in listed:
                if each["State"] == "created":  # Its worker died before it was started: there is nothing to tell of it.
                    await self._engine.remove(each["Id"])
        except EngineError as error:
            raise LauncherError(f"The containers of earlier workers cannot be found: {error}") from error
        found = [self._recalled(each) for each in listed if each["State"] != "created"]
        await asyncio.gather(*(attempt.settle() for attempt in found))
        return found

    async def strays(self) -> Sequence[DockerAttempt]:
        """Attempts of this control plane and pool that this launcher neither launched nor found, alive or ended."""
        try:
            listed = await self._listed(self._owner.of_pool())
        except EngineError as error:
            raise LauncherError(f"The containers of other workers cannot be found: {error}") from error
        strays = [self._made(each["Id"], each["Labels"]) for each in listed]
        for stray, each in zip(strays, listed, strict=True):
            if each["State"] == "created":
                stray.never_started()
        return strays

    # --- for attempts

    async def contact(self) -> None:
        """Returns when the engine answers."""
        await self._watch.contact()

    def look_after(self, attempt: DockerAttempt) -> None:
        """Somebody waits for its end."""
        self._watch.add(attempt)

    async def dismiss(self, attempt: DockerAttempt) -> None:
        """Its container is not needed any more."""
        self._watch.remove(attempt.container)
        if self._attempts.get(attempt.name) is attempt:
            del self._attempts[attempt.name]
        await self._let_go(attempt.container, kept_name(attempt.name) if attempt.kept else "")

    # --- launching

    async def _launched(self, creation: Creation, job: Job) -> DockerAttempt:
        try:
            container = await self._starting.create(creation, job.tell)
        except NameTakenError:
            earlier = await self._earlier(creation.name)
            return earlier or await self._launched(creation, job)
        except BaseException:
            await self._undo(creation.name)
            raise
        # What happens to it from its start on, must be heard.
        attempt = self._made(container, creation.body["Labels"])
        self._watch.add(attempt)
        try:
            await self._starting.start(container, self._watch.contact)
        except BaseException:
            self._watch.remove(container)
            await self._undo(creation.name)
            raise
        self._attempts[creation.name] = attempt
        return attempt

    async def _earlier(self, name: str) -> DockerAttempt | None:
        """The attempt that has taken the name; None where it had not been started, and is gone now."""
        try:
            inspected = await self._engine.inspect(name)
        except EngineRefusedError as error:
            if error.status == _NOT_FOUND:
                return None
            raise
        if inspected["State"]["Status"] == "created":
            await self._engine.remove(inspected["Id"])
            return None
        attempt = self._recalled({"Id": inspected["Id"], "Labels": inspected["Config"]["Labels"], "Names": [name]})
        await attempt.settle()
        return attempt

    async def _undo(self, name: str) -> None:
        """Nothing must be left of a launch that failed; that goes on where its caller is cancelled once more."""
        task = asyncio.create_task(self._let_go(name, ""))
        self._cleaning.add(task)
        task.add_done_callback(self._cleaning.discard)
        await asyncio.shield(task)

    # --- containers

    async def _listed(self, labels: Sequence[str]) -> list[Mapping[str, Any]]:
        """Containers that somebody has to look after, and that are not known here."""
        known = {attempt.container for attempt in self._attempts.values()} | set(self._leaving)
        return [
            each
            for each in await self._engine.list(labels)
            if each["Id"] not in known and is_attempt(_name_of(each)) and not self._is_launching(_name_of(each))
        ]

    def _is_launching(self, name: str) -> bool:
        return name in self._launching

    def _recalled(self, listed: Mapping[str, Any]) -> DockerAttempt:
        attempt = self._made(listed["Id"], listed["Labels"])
        self._watch.add(attempt)
        self._attempts[attempt.name] = attempt
        return attempt

    def _made(self, container: str, labels: Mapping[str, str]) -> DockerAttempt:
        return DockerAttempt(container, labels, self._engine, self)

    async def _let_go(self, container: str, kept_as: str) -> None:
        """Remove a container, or rename it; later, where the engine does not do so now."""
        self._leaving[container] = kept_as
        try:
            if kept_as:
                await self._engine.rename(container, kept_as)
            else:
                await self._engine.remove(container)
        except EngineRefusedError as error:
            if error.status != _NOT_FOUND:
                logger.warning("a container stays for now", extra={"container": container, "cause": error.message})
                return
        except EngineError as error:
            logger.warning("a container stays for now", extra={"container": container, "cause": str(error)})
            return
        del self._leaving[container]

    async def _clear_away(self) -> None:
        for container, kept_as in list(self._leaving.items()):
            await self._let_go(container, kept_as)


def _name_of(listed: Mapping[str, Any]) -> str:
    return str(listed["Names"][0]).removeprefix("/")
