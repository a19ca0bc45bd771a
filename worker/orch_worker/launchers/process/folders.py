"""What lies on disk: a folder for each attempt, which worker and host share. Standard library only.

The host makes `begun` before it starts a command. It writes `process.json` once the process runs and `ending.json` once
it has ended, each in one piece.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

PARAMETERS = "parameters.json"
RESULT = "result.json"
SPOOL = "output"
_BEGUN = "begun"
_PROCESS = "process.json"
_ENDING = "ending.json"
_CODE = "code.json"


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """Who runs an attempt."""

    pid: int
    mark: str
    """Tells it from later processes of the same number (orch_client.processes)."""
    host: str
    """The folder name of the host that started it."""

    def write(self, folder: Path) -> None:
        """Keep them in the attempt's folder. Raises OSError."""
        _write_json(folder / _PROCESS, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Those of a folder; None where nothing was started yet."""
        content = _read_json(folder / _PROCESS)
        return None if content is None else cls(**content)


@dataclass(frozen=True, slots=True)
class EndingFacts:
    """How an attempt's process ended, as the system tells."""

    exit_code: int | None = None
    signal: int | None = None
    """What killed it, where something did."""
    stopped: bool = False
    """Whether it had been asked to stop."""
    orphaned: bool = False
    """Whether it was killed since its worker did not vouch for it any more."""
    forced: bool = False
    """Whether it had to be killed for that."""
    out_of_memory: bool = False
    """Whether the kernel killed something for want of memory while it ran."""
    peak_memory_bytes: int = 0
    """The most that it had resident at a time."""
    memory_limit_bytes: int = 0
    """What each of its processes could allocate; 0: as much as there was."""
    lost_lines: int = 0
    """Lines that could not be written, the disk being full."""
    lost: str = ""
    """Where nobody saw the end: why."""

    def write(self, folder: Path) -> None:
        """Keep them in the attempt's folder. Raises OSError."""
        _write_json(folder / _ENDING, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Those of a folder; None where it has not ended."""
        content = _read_json(folder / _ENDING)
        return None if content is None else cls(**content)


def begin(folder: Path) -> None:
    """From now on it must be taken for started. Raises OSError.

    For commands: a flow of the SDK adopts its lease before it begins, which no second process of the attempt can.
    """
    (folder / _BEGUN).touch(mode=0o600)


def has_begun(folder: Path) -> bool:
    """Whether anything was ever started there, or may have been, legible or not."""
    return any((folder / name).exists() for name in (_BEGUN, _PROCESS, _ENDING))


def write_entries(folder: Path, entries: Sequence[Path]) -> None:
    """Keep which entries of the code's store an attempt uses. Raises OSError."""
    if entries:
        _write_json(folder / _CODE, {"entries": [str(entry) for entry in entries]})


def read_entries(folder: Path) -> Sequence[Path]:
    """Which entries of the code's store an attempt uses."""
    content = _read_json(folder / _CODE) or {"entries": []}
    return [Path(entry) for entry in content["entries"]]


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is either there with all its content or not there. Only its owner may read it."""
    partial = path.with_name(f"{path.name}.partial")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(data)
    partial.replace(path)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    write_whole(path, json.dumps(content).encode())


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        # A machine that lost its power may leave a file without content.
        return None
    return content
