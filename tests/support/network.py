"""A network of the test's own: a namespace, tied to this one by a link that can be cut."""

import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

_numbers = itertools.count()


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
    name = f"orch-{os.getpid()}-{next(_numbers)}"
    device = f"orch{os.getpid() % 100_000}{next(_numbers)}"
    if shutil.which("ip") is None or _run("netns", "add", name).returncode != 0:
        pytest.skip("no right to make a network namespace here (or no `ip`)")
    try:
        _ip("link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", name)
        # TEST-NET-2 (RFC 5737): nobody else's.
        _ip("address", "add", "198.51.100.1/30", "dev", device)
        _ip("link", "set", device, "up")
        for command in (
            ("address", "add", "198.51.100.2/30", "dev", "eth0"),
            ("link", "set", "eth0", "up"),
            ("link", "set", "lo", "up"),
        ):
            _ip("-n", name, *command)
        yield Link(name, device, "198.51.100.1")
    finally:
        _run("link", "delete", device)
        _run("netns", "delete", name)


def _ip(*arguments: str) -> None:
    done = _run(*arguments)
    if done.returncode != 0:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def _run(*arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
