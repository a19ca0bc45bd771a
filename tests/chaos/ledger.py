"""What the runs did, as each of them wrote it down: one line a step."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Entry:
    """One line: see `jobs`. `at`: monotonic nanoseconds."""

    run: str
    root: str
    token: int
    attempt: int
    key: str
    pid: int
    home: str
    at: int


def read(ledger: Path) -> list[Entry]:
    """All lines, oldest first."""
    lines = ledger.read_text().splitlines() if ledger.exists() else []
    return [Entry(**json.loads(line)) for line in lines]
