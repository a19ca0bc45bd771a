"""Images: pulled where they are not there, once for all that wait for the same."""

import asyncio
import re
from collections.abc import Callable

from orch_worker.launchers.base import LaunchError
from orch_worker.launchers.docker.engine import Engine
from orch_worker.launchers.docker.errors import EngineRefusedError
from orch_worker.launchers.docker.registries import Logins, full_name, registry_of
from orch_worker.launchers.docker.variables import DockerVariables, RegistryCredentials

_Key = tuple[str, RegistryCredentials | None]


class Images:
    """What the engine pulls for this worker."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._logins = Logins(engine)
        self._pulls: dict[_Key, asyncio.Task[None]] = {}

    async def pull(self, variables: DockerVariables, tell: Callable[[str], None]) -> None:
        """Have the engine pull an image. Raises LaunchError, in words; EngineAwayError.

        Cancelled, the pull goes on: others may wait for it, and the next run will want it.
        """
        tell(f"The image {variables.image} is being pulled.")
        key = (variables.image, variables.registry_credentials)
        pull = self._pulls.get(key)
        if pull is None:
            pull = self._pulls[key] = asyncio.create_task(self._pull(variables))
            pull.add_done_callback(lambda done: self._pulled(key, done))
        await asyncio.shield(pull)

    async def close(self) -> None:
        """Nobody waits any more."""
        pulls = list(self._pulls.values())
        for pull in pulls:
            pull.cancel()
        await asyncio.gather(*pulls, return_exceptions=True)

    async def _pull(self, variables: DockerVariables) -> None:
        image = variables.image
        auth = await self._logins.auth(image, variables.registry_credentials)
        try:
            await self._engine.pull(full_name(image) if auth else image, auth)
        except EngineRefusedError as error:
            raise LaunchError(_refusal(image, error.message)) from error

    def _pulled(self, key: _Key, pull: asyncio.Task[None]) -> None:
        del self._pulls[key]
        if not pull.cancelled():
            pull.exception()  # Whoever still waits for it has it, too.


def _refusal(image: str, message: str) -> str:
    says = f"The engine says: {' '.join(message.split()).rstrip('.')}."
    if re.search("denied|not exist|not found|unknown|unauthorized|authentication", message, re.IGNORECASE):
        return (
            f"The image {image} cannot be pulled: its registry does not have it, or shows it only to those who log in."
            f" Correct its name, build it on the engine's machine, or set registry_credentials. {says}"
        )
    if re.search("dial |lookup|timeout|refused|no route|certificate|tls|http response", message, re.IGNORECASE):
        return f"The image {image} cannot be pulled: the engine does not reach {registry_of(image)}. {says}"
    return f"The image {image} cannot be pulled. {says}"
