"""`orch …` as a user starts it: in a process of its own, in a pipe or at a terminal, or in the test's own."""

import os
import pty
import select
import signal
import subprocess
import sys
import threading
from codecs import getincrementaldecoder
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.support.invoked_command import InvokedOrch, Said

_ENDS_WITHIN_SECONDS = 60.0
# Python loses a Ctrl-C that comes after it has asked and before it reads: whoever sees nothing happen presses again.
_PRESSED_AGAIN_AFTER_SECONDS = 10.0
_INTERRUPT = "\x03"
# Standard input becomes the terminal that rules the process: Ctrl-C there reaches it.
_AT_ITS_TERMINAL = (
    "import fcntl, os, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    " from orch_cli.main import main; main()"
)


class StartedCommand:
    """A command that runs. Both its outputs are read as they come."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.out: list[str] = []
        self.errors: list[str] = []
        self._news = threading.Condition()
        self._readers = [
            threading.Thread(target=self._read, args=(stream, lines), daemon=True)
            for stream, lines in ((process.stdout, self.out), (process.stderr, self.errors))
        ]
        for reader in self._readers:
            reader.start()

    def _read(self, stream: IO[str], lines: list[str]) -> None:
        with stream:
            for line in stream:
                with self._news:
                    lines.append(line.rstrip("\n"))
                    self._news.notify_all()

    def said(self, part: str) -> None:
        """Wait until a line of either output has this in it."""
        with self._news:
            heard = self._news.wait_for(
                lambda: any(part in line for line in [*self.out, *self.errors]), _ENDS_WITHIN_SECONDS
            )
        assert heard, (part, self.out, self.errors)

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def ended(self) -> int:
        """Wait for its end; its exit code."""
        code = self.process.wait(_ENDS_WITHIN_SECONDS)
        for reader in self._readers:
            reader.join()
        return code


class Orch:
    """Starts `orch` with one environment, in one folder."""

    def __init__(self, folder: Path, url: str = "", **environment: str) -> None:
        """`url` is the control plane's; empty: none is named."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORCH_", "OTEL_"))}
        named = {"ORCH_API_URL": url} if url else {}
        self.environment = kept | {"ORCH_HOME": str(folder / "home"), "NO_COLOR": "1"} | named | environment
        self.folder = folder
        self._invoked = InvokedOrch(folder / "home", url, NO_COLOR="1", **environment)

    def __call__(self, *arguments: str, given: str = "") -> Said:
        """Run a command to its end, in the test's own process. `given` is its standard input."""
        return self._invoked(*arguments, given=given)

    def process(self, *arguments: str) -> Said:
        """Run a command to its end, in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "orch_cli.main", *arguments],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_ENDS_WITHIN_SECONDS,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def started(self, *arguments: str) -> Iterator[StartedCommand]:
        """A command that runs, and certainly does not afterwards."""
        process = subprocess.Popen(
            [sys.executable, "-m", "orch_cli.main", *arguments],
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        command = StartedCommand(process)
        try:
            yield command
        finally:
            process.kill()
            command.ended()

    def at_terminal(self, *arguments: str, keys: str = "", after: str = "") -> Said:
        """Run a command at a terminal of 120 columns, and type `keys` once it shows `after`. `out`: what it shows."""
        ours, theirs = pty.openpty()
        out, typed = "", ""
        with _terminal(self.folder, self.environment, theirs, arguments) as process:
            os.close(theirs)
            for piece in _read_all(ours):
                out += piece
                if not typed and piece and after in out:
                    os.write(ours, keys.encode())
                    typed = keys
                elif typed == _INTERRUPT and not piece:
                    os.write(ours, keys.encode())
            code = process.wait(_ENDS_WITHIN_SECONDS)
        os.close(ours)
        return Said(code, out.replace("\r\n", "\n"), "")


@contextmanager
def _terminal(
    folder: Path, environment: Mapping[str, str], terminal: int, arguments: tuple[str, ...]
) -> Iterator["subprocess.Popen[bytes]"]:
    process = subprocess.Popen(
        [sys.executable, "-c", _AT_ITS_TERMINAL, *arguments],
        env={**environment, "TERM": "xterm", "COLUMNS": "120"},
        cwd=folder,
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _read_all(terminal: int) -> Iterator[str]:
    """What it shows, piece by piece; an empty piece whenever it has been silent for a while."""
    decoder = getincrementaldecoder("utf-8")()
    silent_seconds = 0.0
    while True:
        ready, _, _ = select.select([terminal], [], [], _PRESSED_AGAIN_AFTER_SECONDS)
        if not ready:
            silent_seconds += _PRESSED_AGAIN_AFTER_SECONDS
            assert silent_seconds < _ENDS_WITHIN_SECONDS, "the command says nothing and does not end"
            yield ""
            continue
        silent_seconds = 0.0
        try:
            piece = os.read(terminal, 65536)
        except OSError:  # the last one has closed the terminal
            return
        if not piece:
            return
        yield decoder.decode(piece)
