"""Logins at registries: one for all that need the same, remembered for as long as the worker runs."""

import asyncio
import base64
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path

from orch_worker.launchers.base import LaunchError
from orch_worker.launchers.docker.engine import Engine
from orch_worker.launchers.docker.errors import EngineRefusedError
from orch_worker.launchers.docker.variables import RegistryCredentials

_HUB = "docker.io"
_HUB_ADDRESS = "https://index.docker.io/v1/"
"""What Docker Hub is called where logins are kept."""

Auth = Mapping[str, str]
"""What is shown to a registry, in the engine's form."""


class Logins:
    """What this worker has logged in to."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._known: dict[tuple[str, str, str], Auth] = {}
        self._one_at_a_time = asyncio.Lock()

    async def auth(self, image: str, credentials: RegistryCredentials | None) -> Auth | None:
        """What to show to the registry of an image; None: nothing. Raises LaunchError, EngineAwayError."""
        if credentials is None:
            return _of_command_line(registry_of(image))
        registry = credentials.registry or registry_of(image)
        user, password = _user_and_password(credentials)
        async with self._one_at_a_time:
            key = (registry, user, password)
            if key not in self._known:
                self._known[key] = await self._login(registry, user, password)
            return self._known[key]

    async def _login(self, registry: str, user: str, password: str) -> Auth:
        address = _HUB_ADDRESS if registry == _HUB else registry
        try:
            return await self._engine.login({"username": user, "password": password, "serveraddress": address})
        except EngineRefusedError as error:
            raise LaunchError(
                f"The login at the registry {registry} as {user!r} failed: {error.message.strip()} Check the job"
                " variable registry_credentials, and what it names on the worker's machine."
            ) from error


def registry_of(image: str) -> str:
    """The host of an image's registry, as its name says."""
    first, slash, _ = image.partition("/")
    return first if slash and (first == "localhost" or re.search("[.:]", first)) else _HUB


def full_name(image: str) -> str:
    """The image's name with its registry: "python:3.13" is "docker.io/library/python:3.13"."""
    registry = registry_of(image)
    if image.startswith(f"{registry}/"):
        return image
    return f"{registry}/{image}" if "/" in image else f"{registry}/library/{image}"


def _user_and_password(credentials: RegistryCredentials) -> tuple[str, str]:
    secret = _secret(credentials.credential).strip()
    if credentials.username:
        return credentials.username, secret
    user, colon, password = secret.partition(":")
    if not (user and colon and password):
        raise LaunchError(
            f"The registry credential {credentials.credential} must be USER:PASSWORD; or give username beside it."
        )
    return user, password


def _secret(credential: str) -> str:
    if "/" in credential:
        try:
            return Path(credential).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise LaunchError(
                f"The registry credential {credential} cannot be read on the worker's machine: {error}."
            ) from error
    if credential not in os.environ:
        raise LaunchError(
            f"The registry credential is the variable {credential}, which the worker's environment does not have."
            " Start the worker with it."
        )
    return os.environ[credential]


def _of_command_line(registry: str) -> Auth | None:
    """What `docker login` has left on the worker's machine, if it is in the file itself."""
    folder = Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")
    try:
        auths = json.loads((folder / "config.json").read_bytes()).get("auths", {})
        text = auths.get(_HUB_ADDRESS if registry == _HUB else registry, {}).get("auth", "")
        user, _, password = base64.b64decode(text).decode().partition(":")
    except (OSError, ValueError, AttributeError):
        # Not there, or of a form that is not known here: the registry will say whether it wants a login.
        return None
    return {"username": user, "password": password, "serveraddress": registry} if user else None
