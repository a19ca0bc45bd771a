"""Networks of the tests' own: namespaces, each tied to this one by a link that can be cut.

Their names hold the pid of whoever made them, so that those of a process that was killed can be found and removed.
"""

import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

_PREFIX = "orch-"
_numbers = itertools.count()
_NETWORKS = 2**14
"""Of four addresses each."""


class NoNamespacesError(RuntimeError):
    """This process may not make network namespaces, or there is no `ip`."""


@dataclass(frozen=True)
class Link:
    """The way between this namespace and another one."""

    namespace: str
    device: str
    """This end of it."""
    address: str
    """Of this end: where the other namespace reaches programs of this one."""

    @property
    def inside(self) -> tuple[str, ...]:
        """What to put before a command, so that it runs in the other namespace."""
        return ("ip", "netns", "exec", self.namespace)

    def cut(self) -> None:
        """Nothing gets through any more, in either direction; nobody is told."""
        _ip("link", "set", self.device, "down")

    def mend(self) -> None:
        """Everything gets through again."""
        _ip("link", "set", self.device, "up")


@contextmanager
def linked_namespace() -> Iterator[Link]:
    """A namespace that lives as long as the block. Skips the test where there is no right to make one."""
    try:
        link = open_link()
    except NoNamespacesError as error:
        pytest.skip(str(error))
    try:
        yield link
    finally:
        close_link(link)


def open_link() -> Link:
    """A new namespace, tied to this one. Raises NoNamespacesError."""
    if shutil.which("ip") is None:
        raise NoNamespacesError("there is no `ip` here, which makes network namespaces")
    number = next(_numbers)
    near, far = _free_addresses(number)
    link = Link(f"{_PREFIX}{os.getpid()}-{number}", f"orch{os.getpid() % 10**7}-{number}", near)
    if _run("netns", "add", link.namespace).returncode != 0:
        raise NoNamespacesError("no right to make a network namespace here")
    try:
        _tie(link, other=far)
    except BaseException:
        close_link(link)
        raise
    return link


def _free_addresses(number: int) -> tuple[str, str]:
    """Two addresses that no other tests on this machine use: of 198.19.0.0/16, which is for tests (RFC 2544)."""
    for place in range(_NETWORKS):
        network = (os.getpid() * 16 + number + place) % _NETWORKS * 4
        near, far = (f"198.19.{(network + end) >> 8}.{(network + end) & 255}" for end in (1, 2))
        if not _run("-4", "-oneline", "address", "show", "to", f"{near}/30").stdout:
            return near, far
    raise NoNamespacesError("no address is free for a network namespace")


def _tie(link: Link, *, other: str) -> None:
    """Both ends, each with its address."""
    _ip("link", "add", link.device, "type", "veth", "peer", "name", "eth0", "netns", link.namespace)
    _ip("address", "add", f"{link.address}/30", "dev", link.device)
    _ip("link", "set", link.device, "up")
    for command in (
        ("address", "add", f"{other}/30", "dev", "eth0"),
        ("link", "set", "eth0", "up"),
        ("link", "set", "lo", "up"),
    ):
        _ip("-n", link.namespace, *command)


def close_link(link: Link) -> None:
    """Remove the namespace and the way to it. Processes in it are not ended."""
    _run("link", "delete", link.device)
    _run("netns", "delete", link.namespace)


def remove_links(*, of: int) -> None:
    """Remove the namespaces that a process (its pid) has made and left behind, and the ways to them."""
    if shutil.which("ip") is None:
        return
    for line in _run("netns", "list").stdout.splitlines():
        name, _, _ = line.partition(" ")
        if name.startswith(f"{_PREFIX}{of}-"):
            number = name.rpartition("-")[2]
            close_link(Link(name, f"orch{of % 10**7}-{number}", ""))


def _ip(*arguments: str) -> None:
    done = _run(*arguments)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
