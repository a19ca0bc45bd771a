"""The engine's API: the only door to it.

Finding the engine (DOCKER_HOST, contexts, TLS, ssh) and calling it is aiodocker's part. Log streams, events and files
are read here: aiodocker leaves out which of the two streams a line came from, and that a stream was cut off.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import partial
from http import HTTPStatus
from typing import Any, cast

import aiohttp
from aiodocker import Docker, DockerError

from orch_worker.launchers.base import LauncherError
from orch_worker.launchers.docker.archives import archive_of, only_file
from orch_worker.launchers.docker.errors import EngineAwayError, EngineError, EngineRefusedError

_SECONDS = 120.0
"""That a call may take. A machine under load starts containers slowly."""
_OPENING_SECONDS = 20.0
_SILENCE_SECONDS = 600.0
"""After which a stream from another machine is opened anew, and a pull is given up."""
_NOT_CONNECTED = 900
"""aiodocker's status for it."""


@dataclass(frozen=True, slots=True)
class EngineFacts:
    """What the launcher has to know of the engine."""

    local: bool = True
    """Whether it shares the worker's machine, and its file system."""
    desktop: bool = False
    """Whether it runs in a virtual machine of its own (Docker Desktop), with a network of its own."""


class Engine:
    """One engine, for one event loop."""

    def __init__(self, docker: Docker, facts: EngineFacts) -> None:
        self._docker = docker
        self.facts = facts
        # A client has a hundred connections at most, and a log stream keeps one for as long as its container lives.
        self._another = partial(Docker, api_version=docker.api_version)

    @classmethod
    async def connect(cls) -> "Engine":
        """The engine that `docker` on this machine's command line would use. Raises LauncherError, in words."""
        docker = _client()
        try:
            async with _asking(seconds=_OPENING_SECONDS):
                info = await docker.system.info()
        except EngineError as error:
            await docker.close()
            raise LauncherError(
                f"The Docker engine cannot be used: {error} Start it, point DOCKER_HOST or a context at one that runs,"
                " and see that the worker's user may use its socket (group docker)."
            ) from error
        desktop = "Docker Desktop" in str(info.get("OperatingSystem", ""))
        # The connector for ssh is a subclass of the one for sockets of this machine.
        return cls(docker, EngineFacts(local=type(docker.connector) is aiohttp.UnixConnector, desktop=desktop))

    async def close(self) -> None:
        """Leave it."""
        await self._docker.close()

    # --- containers

    async def create(self, name: str, body: Mapping[str, Any]) -> str:
        """A container that does not run yet; its id."""
        async with _asking():
            return (await self._docker.containers.create(dict(body), name=name)).id

    async def start(self, container: str) -> None:
        """Start it."""
        async with _asking():
            await self._docker.containers.container(container).start()

    async def kill(self, container: str, signal: str) -> None:
        """Send a signal to its main process."""
        async with _asking():
            await self._docker.containers.container(container).kill(signal=signal)

    async def remove(self, container: str) -> None:
        """Remove it, whether it runs or not, with its anonymous volumes. Well also where it is not there."""
        try:
            async with _asking():
                await self._docker.containers.container(container).delete(force=True, v=True)
        except EngineRefusedError as error:
            # 409: somebody else is removing it.
            if error.status not in (404, 409):
                raise

    async def rename(self, container: str, name: str) -> None:
        """Give it another name."""
        async with _asking():
            await self._docker.containers.container(container).rename(name)

    async def inspect(self, container: str) -> dict[str, Any]:
        """All that the engine knows of it."""
        async with _asking():
            return await self._docker.containers.container(container).show()

    async def list(self, labels: Sequence[str]) -> list[dict[str, Any]]:
        """What `docker ps -a` shows of containers that have all these labels."""
        async with _asking():
            url = self._url(self._docker, "containers/json")
            params = {"all": "true", "filters": json.dumps({"label": list(labels)})}
            async with self._docker.session.get(url, params=params) as response:
                await _check(response)
                found: list[dict[str, Any]] = await response.json()
                return found

    async def join(self, network: str, container: str) -> None:
        """Connect a container to one more network."""
        async with _asking():
            await (await self._docker.networks.get(network)).connect({"Container": container})

    async def put(self, container: str, files: Mapping[str, bytes]) -> None:
        """Put files into it, by absolute path. Everybody in it may read them."""
        async with _asking():
            url = self._url(self._docker, f"containers/{container}/archive")
            async with self._docker.session.put(url, params={"path": "/"}, data=archive_of(files)) as response:
                await _check(response)

    async def read(self, container: str, path: str, *, max_bytes: int) -> bytes | None:
        """The first bytes of a file in it; None where there is no such file. Raises NoFileError where it is none."""
        try:
            async with self._stream(f"containers/{container}/archive", {"path": path}) as response:
                return await only_file(_chunks(response), max_bytes)
        except EngineRefusedError as error:
            if error.status == 404 and "no such container" not in error.message.lower():
                return None
            raise

    # --- streams

    @asynccontextmanager
    async def logs(self, container: str, **params: str) -> AsyncIterator[AsyncIterator[bytes]]:
        """What it writes, framed (see `frames`). Ends with the container if `follow` is "true"."""
        params = {"stdout": "true", "stderr": "true", "timestamps": "true", **params}
        async with self._stream(f"containers/{container}/logs", params) as response:
            yield _chunks(response)

    @asynccontextmanager
    async def events(
        self, labels: Sequence[str], names: Sequence[str], *, since: int
    ) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """Events of containers that have all these labels, from a moment of `now` on.

        Not from the answer on: engines answer first, and begin to listen then. They know the newest 256 events.
        """
        filters = {"type": ["container"], "event": list(names), "label": list(labels)}
        async with self._stream("events", {"filters": json.dumps(filters), "since": str(since)}) as response:
            yield _objects(response)

    async def now(self) -> int:
        """Whole seconds since 1970, by the engine's clock."""
        async with _asking(), self._docker.session.get(self._url(self._docker, "_ping")) as response:
            await _check(response)
            said = response.headers.get("Date", "")
        try:
            return int(parsedate_to_datetime(said).timestamp())
        except ValueError as error:
            raise EngineAwayError(f"The Docker engine does not say what time it is, but {said!r}.") from error

    # --- images

    async def pull(self, image: str, auth: Mapping[str, str] | None) -> None:
        """Pull an image. `auth`: the engine's own form: username, password, or an identitytoken."""
        # It takes one of these as well, as its docstring says.
        silence = cast("float", aiohttp.ClientTimeout(sock_read=_SILENCE_SECONDS))
        with _failures():
            await self._docker.images.pull(image, auth=dict(auth) if auth else None, timeout=silence)

    async def login(self, auth: Mapping[str, str]) -> Mapping[str, str]:
        """Have the engine log in at a registry; what to show from then on."""
        async with _asking():
            answer = await self._docker.auth(**auth)
        token = answer.get("IdentityToken")
        return {"identitytoken": token, "serveraddress": auth["serveraddress"]} if token else auth

    @asynccontextmanager
    async def _stream(self, path: str, params: Mapping[str, str]) -> AsyncIterator[aiohttp.ClientResponse]:
        # Nobody hears of it when another machine is lost, save by its silence.
        timeout = aiohttp.ClientTimeout(sock_read=None if self.facts.local else _SILENCE_SECONDS)
        async with self._another() as docker:
            with _failures():
                async with docker.session.get(self._url(docker, path), params=params, timeout=timeout) as response:
                    await _check(response)
                    yield response

    def _url(self, docker: Docker, path: str) -> str:
        return f"{docker.docker_host}/{self._docker.api_version}/{path}"


def _client() -> Docker:
    try:
        return Docker()
    # An assertion is how it says that it has found no engine.
    except (AssertionError, DockerError, OSError, ValueError) as error:
        raise LauncherError(
            f"No Docker engine was found{f': {error}' if str(error) else ''}. Start one on this machine, or set"
            " DOCKER_HOST to the address of one."
        ) from error


@asynccontextmanager
async def _asking(*, seconds: float = _SECONDS) -> AsyncIterator[None]:
    """Around a call. Raises EngineError."""
    try:
        async with asyncio.timeout(seconds):
            with _failures():
                yield
    except TimeoutError as error:
        raise EngineAwayError(f"The Docker engine does not answer within {seconds:g} s.") from error


@contextmanager
def _failures() -> Iterator[None]:
    """Turns the client's errors into ours."""
    try:
        yield
    except DockerError as error:
        if error.status == _NOT_CONNECTED:
            raise EngineAwayError(f"{error.message}.") from error
        raise EngineRefusedError(error.status, error.message) from error
    except aiohttp.ClientError as error:
        raise EngineAwayError(f"The connection to the Docker engine was lost: {error!r}.") from error


async def _check(response: aiohttp.ClientResponse) -> None:
    if response.status < HTTPStatus.BAD_REQUEST:
        return
    text = await response.text()
    with suppress(ValueError, KeyError, TypeError):
        text = str(json.loads(text)["message"])
    raise EngineRefusedError(response.status, text)


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    async for chunk in response.content.iter_any():
        yield chunk


async def _objects(response: aiohttp.ClientResponse) -> AsyncIterator[dict[str, Any]]:
    """One a line, however long."""
    rest = b""
    async for chunk in response.content.iter_any():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield json.loads(line)
