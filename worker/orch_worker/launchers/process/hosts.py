"""Finding a host, or starting one."""

import asyncio
import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orch_worker.launchers.base import LauncherError
from orch_worker.launchers.process.addresses import AddressError, socket_address
from orch_worker.launchers.process.host_link import HostLink, HostLostError, Listener

_MODULE = "orch_worker.launchers.process.host"
_WARM = ("orch.run.warm",)
"""Loaded where it is there: what runs of Python flows need. By name only: the worker knows nothing of the SDK."""
_SOCKET = "socket"
_LOG = "log"
_START_SECONDS = 60.0
_AGAIN_SECONDS = 0.02
_MESSAGE_BYTES = 4 * 1024 * 1024
"""More than a host ever says at once."""


@dataclass(frozen=True, slots=True)
class HostKind:
    """Which host: runs that want the same one share it."""

    preload: tuple[str, ...] = ()
    """Modules that must be loaded."""
    path: str = ""
    """Where else to look for them: the working folder of the runs."""

    @property
    def name(self) -> str:
        """Its folder's name."""
        if not self.preload:
            return "default"
        return hashlib.sha256("\0".join((self.path, *self.preload)).encode()).hexdigest()[:16]


async def connect(folder: Path, listener: Listener) -> HostLink | None:
    """A link to the host of a folder; None where none lives there."""
    try:
        with socket_address(folder / _SOCKET) as address:
            reader, writer = await asyncio.open_unix_connection(address, limit=_MESSAGE_BYTES)
    except (FileNotFoundError, ConnectionRefusedError):
        return None
    except (OSError, AddressError) as error:
        raise LauncherError(f"The launcher's host cannot be reached through {folder / _SOCKET}: {error}.") from error
    link = HostLink(folder.name, reader, writer, listener)
    try:
        await link.greet()
    except HostLostError:
        # It was about to end.
        return None
    return link


async def connect_or_start(
    folder: Path, kind: HostKind, listener: Listener, *, environment: Mapping[str, str]
) -> HostLink:
    """A link to the host of a folder, which is started where none lives there. Raises LauncherError."""
    try:
        async with asyncio.timeout(_START_SECONDS):
            while True:
                link = await connect(folder, listener) or await _start(folder, kind, listener, environment)
                if link is not None:
                    return link
                await asyncio.sleep(_AGAIN_SECONDS)
    except TimeoutError:
        raise LauncherError(
            f"The launcher's host did not start within {_START_SECONDS:.0f} s; see {folder / _LOG}."
        ) from None
    except OSError as error:
        raise LauncherError(f"The launcher's host cannot be started in {folder}: {error}.") from error


async def _start(folder: Path, kind: HostKind, listener: Listener, environment: Mapping[str, str]) -> HostLink | None:
    """None where another one still lives, which is starting or ending: try again."""
    failure = await _started(folder, _command(folder, kind), environment)
    if failure is None:
        return await connect(folder, listener)
    if failure == "busy":
        return None
    raise LauncherError(f"The launcher's host could not start: {failure}")


async def _started(folder: Path, command: Sequence[str], environment: Mapping[str, str]) -> str | None:
    """Why it could not start; None: it has."""
    with contextlib.closing(_Log(folder / _LOG)) as log:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=folder,
            env=environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log.descriptor,
            start_new_session=True,
        )
    output, _ = await process.communicate()
    try:
        answer = json.loads(output)
    except ValueError:
        return f"it said nothing of use ({output[-200:]!r}); see {folder / _LOG}."
    failure: str | None = answer.get("failure")
    return failure


class _Log:
    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)

    def close(self) -> None:
        os.close(self.descriptor)


def _command(folder: Path, kind: HostKind) -> list[str]:
    options = [("--folder", str(folder)), *(("--warm", name) for name in _WARM)]
    options += [("--preload", name) for name in kind.preload]
    if kind.path:
        options.append(("--path", kind.path))
    return [sys.executable, "-m", _MODULE, *(text for option in options for text in option)]
