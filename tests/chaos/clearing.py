"""Leaving nothing behind, however a chaos ends; and removing what one left behind that was killed itself.

Everything that a chaos makes is found by its folder, whose name holds its pid: processes (by their home, or
their data), disks, network namespaces.
"""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil

from tests.chaos.disks import unmount_below
from tests.support.network import remove_links

_PREFIX = "orch-chaos-"
_LOOKS = 50
_POSTGRES = frozenset({"initdb", "postgres"})


def new_folder() -> Path:
    """A folder for this process's chaos."""
    folder = Path(tempfile.gettempdir()) / f"{_PREFIX}{os.getpid()}"
    folder.mkdir(mode=0o755)
    return folder


def clear_leftovers() -> list[Path]:
    """Remove what chaos that was killed has left; says which folders that were."""
    left = [
        folder
        for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*")
        if (text := folder.name.removeprefix(_PREFIX)).isdecimal() and not psutil.pid_exists(int(text))
    ]
    for folder in left:
        clear(folder)
    return left


def clear(folder: Path) -> None:
    """End every process of a chaos, and remove its disks, namespaces and files. May be repeated."""
    for _ in range(_LOOKS):
        found = _processes_of(folder)
        for each in found:
            with suppress(psutil.Error):
                each.kill()
        # Those that are children of this process stay until somebody has asked how they ended.
        psutil.wait_procs(found, timeout=0.2)
        if not found:
            break
    remove_links(of=int(folder.name.removeprefix(_PREFIX)))
    unmount_below(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _processes_of(folder: Path) -> list[psutil.Process]:
    found = [each for each in psutil.process_iter() if each.pid != os.getpid() and _is_of(each, folder)]
    for each in tuple(found):
        with suppress(psutil.Error):
            # Postgres writes over what its processes were started with.
            found.extend(each.children(recursive=True))
    return found


def _is_of(process: psutil.Process, folder: Path) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        home, command = process.environ().get("ORCH_HOME", ""), process.cmdline()
    except psutil.Error:
        return False
    is_postgres = Path("".join(command[:1])).name in _POSTGRES and str(folder / "database" / "data") in command
    return is_postgres or Path(home).is_relative_to(folder)
