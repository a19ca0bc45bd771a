"""The control plane as a user starts it: `orch server start` in a process of its own, on a free port."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeAlias

_START_SECONDS = 60
_STOP_SECONDS = 40

LogEvent: TypeAlias = dict[str, Any]
"""One line of the server's log: `time`, `level`, `logger`, `event`, and the event's own fields."""


@dataclass(frozen=True)
class StartedServer:
    """A server that has said where it listens."""

    url: str
    pid: int
    log: Sequence[LogEvent]
    """Its newest events, which go on coming in."""
    http_url: str = ""
    """Where it answers HTTP; empty where that is off."""

    @property
    def address(self) -> str:
        """host:port, as grpc takes it."""
        return self.url.partition("://")[2]

    def errors(self) -> list[LogEvent]:
        """What the log says of calls and services that failed."""
        return [event for event in tuple(self.log) if event["level"] in {"error", "critical"}]


@contextmanager
def started_server(home: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[StartedServer]:
    """A server on a free port of this machine, with its SQLite in `home` unless an option says otherwise. It is stopped
    as a user stops it, with SIGTERM."""
    command = [sys.executable, "-m", "orch_server", "--port", "0", "--log-format", "json", *options]
    process = subprocess.Popen(
        command, env=_environment(home) | dict(environment or {}), stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    log = _Log(process.stderr)
    try:
        yield StartedServer(log.url(), process.pid, log.events, log.http_url)
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_STOP_SECONDS)
        finally:
            process.kill()
            process.wait()
            log.close()


def _environment(home: Path) -> dict[str, str]:
    """This process's, without settings of Orch that somebody has set for other servers."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORCH_", "OTEL_"))}
    return kept | {"ORCH_HOME": str(home)}


class _Log:
    """Reads what a server logs, to the end, so that the pipe never fills."""

    def __init__(self, stream: IO[str]) -> None:
        self.events: deque[LogEvent] = deque(maxlen=10_000)
        self._stream = stream
        self._url = ""
        self.http_url = ""
        self._known = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def url(self) -> str:
        """Where the server listens; AssertionError, with its last words, where it ends before it says so."""
        assert self._known.wait(_START_SECONDS), "the server has not said where it listens"
        assert self._url, f"the server did not start: {list(self.events)}"
        return self._url

    def close(self) -> None:
        """To be called when the server has ended."""
        self._reader.join()
        self._stream.close()

    def _read(self) -> None:
        for line in self._stream:
            event = _parsed(line)
            self.events.append(event)
            if event["event"] == "server started":
                self._url, self.http_url = str(event["url"]), str(event.get("http_url", ""))
                self._known.set()
        self._known.set()


def _parsed(line: str) -> LogEvent:
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    return event if isinstance(event, dict) else {"level": "unknown", "event": line}
