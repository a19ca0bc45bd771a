"""From what is to be made to a container that runs."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from orch_worker.launchers.base import LaunchError
from orch_worker.launchers.docker.creation import Creation
from orch_worker.launchers.docker.engine import Engine
from orch_worker.launchers.docker.errors import EngineAwayError, EngineRefusedError
from orch_worker.launchers.docker.images import Images

T = TypeVar("T")

_CONFLICT, _NOT_FOUND = 409, 404
_AGAIN_SECONDS = 0.2


class NameTakenError(Exception):
    """A container of this name is there already."""


class Starting:
    """Makes and starts containers. Raises EngineError where that fails: what was made by then is there still."""

    def __init__(self, engine: Engine, images: Images) -> None:
        self._engine = engine
        self._images = images

    async def create(self, creation: Creation, tell: Callable[[str], None]) -> str:
        """Make it, with all that it needs; its id. Raises NameTakenError, LaunchError."""
        policy = creation.variables.image_pull_policy
        if policy == "Always":
            await self._images.pull(creation.variables, tell)
        try:
            container = await self._create(creation)
        except EngineRefusedError as error:
            if not _lacks_image(error):
                raise
            if policy == "Never":
                raise LaunchError(
                    f"The Docker engine does not have the image {creation.variables.image}, and image_pull_policy is"
                    " Never. Correct its name, build it on the engine's machine, or let it be pulled."
                ) from error
            await self._images.pull(creation.variables, tell)
            container = await self._create(creation)
        for network in creation.more_networks:
            await _uncut(self._engine.join(network, container))
        if creation.contents.files:
            await _uncut(self._engine.put(container, creation.contents.files))
        return container

    async def start(self, container: str, contact: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Start it. `contact` returns when the engine answers."""
        try:
            await _uncut(self._engine.start(container))
        except EngineAwayError:
            # Whether it has started, only the engine knows: given back while it runs, the run would run twice.
            if not await self._has_started(container, contact):
                raise

    async def _has_started(self, container: str, contact: Callable[[], Coroutine[Any, Any, None]]) -> bool:
        while True:
            await contact()
            try:
                inspected = await self._engine.inspect(container)
            except EngineAwayError:
                # Its loss has not been noticed yet by those who tell of contact.
                await asyncio.sleep(_AGAIN_SECONDS)
            else:
                return bool(inspected["State"]["Status"] != "created")

    async def _create(self, creation: Creation) -> str:
        try:
            return await _uncut(self._engine.create(creation.name, creation.body))
        except EngineRefusedError as error:
            if error.status == _CONFLICT and creation.name in error.message:
                raise NameTakenError from error
            raise


def _lacks_image(error: EngineRefusedError) -> bool:
    return error.status == _NOT_FOUND and "no such image" in error.message.lower()


async def _uncut(doing: Coroutine[Any, Any, T]) -> T:
    """What it brings. Cancelled, it is waited for all the same: the engine does what it was told, heard or not."""
    task = asyncio.create_task(doing)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.gather(task, return_exceptions=True)
        raise
