"""What the system knows of a process's end that its exit status does not say."""

import os
from contextlib import suppress
from pathlib import Path


def out_of_memory_kills() -> int:
    """How many processes the kernel has killed for want of memory: in our control group, or on the machine."""
    for path in _counters():
        with suppress(OSError, ValueError):
            for line in path.read_text().splitlines():
                name, _, value = line.partition(" ")
                if name == "oom_kill":
                    return int(value)
    return 0


def _counters() -> list[Path]:
    group = ""
    with suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            if line.startswith("0::"):
                group = line[3:].strip("/")
    return [Path("/sys/fs/cgroup", group, "memory.events"), Path("/proc/vmstat")]


def session_members(session: int) -> list[int]:
    """The living processes of a session; empty where the system does not tell."""
    return [pid for pid in _processes() if _belongs(pid, session)]


def _processes() -> list[int]:
    with suppress(OSError):
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return []


def _belongs(pid: int, session: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    # The name before may hold spaces and brackets of its own; see proc(5).
    state, _, _, member_of, *_ = stat.rpartition(b")")[2].split()
    return state not in {b"Z", b"X"} and int(member_of) == session
