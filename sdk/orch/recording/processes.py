"""Names this process so that another one on the same machine can see whether it still lives.

"host/space/pid/mark": `space` is where the pid counts (a container has its own), `mark` tells the process apart from
others that get the same pid later.
"""

import os
import sys
from dataclasses import dataclass
from typing import Self

from orch_client.processes import process_mark


@dataclass(frozen=True, slots=True)
class ProcessName:
    """One process, for ever."""

    host: str
    space: str
    pid: int
    mark: str
    """Empty where this platform does not tell."""

    def __str__(self) -> str:
        return f"{self.host}/{self.space}/{self.pid}/{self.mark}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The name in a text; None where it is none."""
        parts = text.split("/", 3)
        if len(parts) != 4 or not parts[2].isdigit():
            return None
        return cls(parts[0], parts[1], int(parts[2]), parts[3])

    @classmethod
    def mine(cls) -> Self:
        """This process."""
        return cls(_host(), _space(), os.getpid(), process_mark())

    def is_dead(self) -> bool:
        """Whether the process is known to have ended. False also where that cannot be known from here."""
        if not self.mark or self.host != _host() or self.space != _space():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except OSError:
            # Somebody else's, whose life may be hidden from us.
            return False
        return process_mark(self.pid) != self.mark


def _host() -> str:
    import socket

    return socket.gethostname().replace("/", "_")


def _space() -> str:
    """The space of pids that this process sees; empty where there is only one."""
    if sys.platform != "linux":
        return ""
    try:
        return "".join(filter(str.isdigit, os.readlink("/proc/self/ns/pid")))
    except OSError:
        return ""
