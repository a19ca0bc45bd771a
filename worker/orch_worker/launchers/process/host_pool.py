"""The hosts that a launcher uses."""

import asyncio
import os
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from orch_worker.launchers.base import LauncherError
from orch_worker.launchers.process.host_link import HostLink, HostLostError, Listener
from orch_worker.launchers.process.hosts import HostKind, connect, connect_or_start

_UNUSED_SECONDS = 900.0
"""A host with modules of a deployment ends when nobody has wanted it for so long."""


class HostPool:
    """Links to hosts: one for each kind that is wanted, and those that only see their last attempts out."""

    def __init__(self, folder: Path, listener: Listener) -> None:
        self._folder = folder
        self._listener = listener
        self._links: dict[str, HostLink] = {}
        self._last_used: dict[str, float] = {}
        self._connecting: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """By kind: one whose modules take long to load does not hold up the others."""

    async def get(self, kind: HostKind) -> HostLink:
        """A link to a host of a kind, which is started where there is none. Raises LauncherError."""
        async with self._connecting[kind.name]:
            link = await self._current(kind)
            if link is None:
                folder = self._free_folder(kind)
                link = await connect_or_start(folder, kind, self._listener, environment=_environment())
                self._links[link.host] = link
            self._last_used[link.host] = time.monotonic()
            await self._retire_unused()
        return link

    def named(self, host: str) -> HostLink | None:
        """The link to the host of that name, where there is one."""
        return self._links.get(host)

    async def attempts(self) -> Mapping[str, str]:
        """What runs in hosts that live, those of earlier workers included: the attempt's name, and its host's."""
        running: dict[str, str] = {}
        for folder in sorted(self._folder.iterdir()):
            async with self._connecting[folder.name.rpartition("-")[0]]:
                link = self._links.get(folder.name) or await connect(folder, self._listener)
            if link is not None:
                self._links[folder.name] = link
                # One that is gone by now runs nothing.
                with suppress(HostLostError):
                    running.update(dict.fromkeys(await link.attempts(), link.host))
        return running

    def forget(self, link: HostLink) -> None:
        """Its host is gone."""
        if self._links.get(link.host) is link:
            del self._links[link.host]

    async def close(self) -> None:
        """Leave them all; they end when nothing runs there any more."""
        links, self._links = self._links, {}
        for link in links.values():
            await link.leave()

    async def _current(self, kind: HostKind) -> HostLink | None:
        """One that lives, and has loaded what lies on disk now."""
        for link in list(self._links.values()):
            if not link.host.startswith(f"{kind.name}-"):
                continue
            if link.is_open and link.is_current():
                return link
            await self._retire(link)
        return None

    def _free_folder(self, kind: HostKind) -> Path:
        """A folder for one more host of a kind. Raises LauncherError."""
        number = 1
        while f"{kind.name}-{number}" in self._links:
            number += 1
        folder = self._folder / f"{kind.name}-{number}"
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise LauncherError(f"The worker cannot keep its files in {folder}: {error}.") from error
        return folder

    async def _retire_unused(self) -> None:
        now = time.monotonic()
        for link in list(self._links.values()):
            unused = now - self._last_used.setdefault(link.host, now) > _UNUSED_SECONDS
            if unused and not link.host.startswith(f"{HostKind().name}-"):
                await self._retire(link)

    async def _retire(self, link: HostLink) -> None:
        """Have it end after its last attempt, of whose end it still tells."""
        if link.is_retired:
            return
        try:
            await link.retire()
        except HostLostError:
            self.forget(link)


def _environment() -> dict[str, str]:
    """Hosts outlive their workers, and runs get an environment of their own: no secrets are needed here."""
    return {name: value for name, value in os.environ.items() if name != "ORCH_API_KEY"}
