"""A user's script as a process of its own, watched through a file that it writes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

SCRIPTS = Path(__file__).parent / "scripts"
_ENDS_WITHIN_SECONDS = 60.0


class Script:
    """`python scripts/NAME.py LEDGER …`, which appends lines to its ledger."""

    def __init__(self, name: str, ledger: Path, *arguments: str, home: Path, **variables: str) -> None:
        """`variables` are added to the environment, which is free of the surroundings' own ORCH_ and OTEL_."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("ORCH_", "OTEL_"))}
        self.ledger = ledger
        ledger.touch()
        self.process = subprocess.Popen(
            [sys.executable, str(SCRIPTS / f"{name}.py"), str(ledger), *arguments],
            env=kept | {"ORCH_HOME": str(home), "PYTHONUNBUFFERED": "1"} | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.output = ""

    def lines(self) -> list[str]:
        """What it has written so far; whole lines."""
        return self.ledger.read_text().split("\n")[:-1]

    def wait_for_lines(self, count: int) -> list[str]:
        """Wait until it has written so many lines, or has ended."""
        deadline = time.monotonic() + _ENDS_WITHIN_SECONDS
        while len(lines := self.lines()) < count and self.process.poll() is None:
            assert time.monotonic() < deadline, f"{len(lines)} lines after {_ENDS_WITHIN_SECONDS} s"
            # The file is the only sign; looking at it is cheap.
            time.sleep(0.001)
        return self.lines()

    def kill(self) -> list[str]:
        """SIGKILL; returns all that it has written."""
        self.process.kill()
        self._ended()
        return self.lines()

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def terminate(self) -> None:
        """SIGTERM."""
        self.process.send_signal(signal.SIGTERM)

    def end(self) -> int:
        """Wait for its end; returns its exit code."""
        return self._ended()

    def _ended(self) -> int:
        output, _ = self.process.communicate(timeout=_ENDS_WITHIN_SECONDS)
        self.output += output or ""
        return self.process.returncode
