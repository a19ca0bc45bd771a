"""Small disks that can be full: file systems in memory, each for one part of the installation."""

import os
import subprocess
from contextlib import suppress
from pathlib import Path

_LEFT_BYTES = 4096


class Disk:
    """A file system of its own at a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self) -> None:
        """Leave no room. Files that are there keep what they have."""
        status = os.statvfs(self.folder)
        with suppress(OSError), self._ballast.open("ab") as file:
            os.posix_fallocate(file.fileno(), 0, max(status.f_bavail * status.f_frsize, _LEFT_BYTES))

    def clear(self) -> None:
        """Room again."""
        self._ballast.unlink(missing_ok=True)


def mounted(folder: Path, megabytes: int) -> Disk | None:
    """A new disk of this size at a new folder. None, and a folder as others are, where there is no right to mount."""
    folder.mkdir(parents=True)
    if os.geteuid() != 0:
        return None
    options = f"size={megabytes}m,mode=0755"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "orch-chaos", folder], capture_output=True, check=False
    )
    return Disk(folder) if done.returncode == 0 else None


def unmount_below(folder: Path) -> None:
    """Take away every disk below a folder, also one that somebody still uses."""
    points = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for point in points:
        if Path(point).is_relative_to(folder):
            subprocess.run(["umount", "--lazy", point], capture_output=True, check=False)
