"""A control plane and workers as processes of this machine, in a folder that goes with them."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

HERE = Path(__file__).resolve().parent
STOP_SECONDS = 20


class Installation:
    """A control plane, and workers that each have a home of their own, as if on machines of their own."""

    def __init__(self, folder: Path, variables: Mapping[str, str]) -> None:
        """`variables`: what the runs' environment has besides."""
        self._folder = folder
        self._variables = variables
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self.url, self.screen_url = self._start_server()
        self.orch_command = str(Path(sys.executable).with_name("orch"))

    def _start_server(self) -> tuple[str, str]:
        """Where programs call it, and where people look at it."""
        process = subprocess.Popen(
            [sys.executable, "-m", "orch_server", "--port", "0", "--log-format", "json"],
            env=self._environment("server"),
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._processes["server"] = process
        if process.stderr is None:
            raise AssertionError("it was started with a pipe")
        for line in process.stderr:
            event = json.loads(line)
            if event.get("event") == "server started":
                # It says more while it serves; nobody needs to read that.
                subprocess.Popen(["cat"], stdin=process.stderr, stdout=subprocess.DEVNULL, start_new_session=True)
                return str(event["url"]), str(event["http_url"])
        raise RuntimeError("The control plane has not started.")

    def _environment(self, machine: str) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ORCH_", "OTEL_"))}
        return kept | {"ORCH_HOME": str(self._folder / machine)}

    def orch(self, *arguments: str, quiet: bool = False) -> str:
        """Run an `orch` command as a user would, and show it. Returns what it printed."""
        with self.started(*arguments, quiet=quiet) as process:
            printed = process.communicate()[0]
        if process.returncode != 0:
            raise RuntimeError(f"orch {' '.join(arguments)} ended with exit code {process.returncode}.")
        return printed or ""

    @contextmanager
    def started(self, *arguments: str, quiet: bool = False) -> Iterator["subprocess.Popen[str]"]:
        """The same, under way while the block lasts."""
        print(f"$ orch {' '.join(arguments)}", flush=True)
        process = subprocess.Popen(
            [sys.executable, "-m", "orch_cli.main", *arguments],
            cwd=HERE,
            env=self._environment("client") | {"ORCH_API_URL": self.url},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if quiet else None,
            text=True,
        )
        try:
            yield process
            process.wait()
        finally:
            process.kill()
            process.wait()

    def start_worker(self, name: str) -> None:
        """A worker of this name, on a machine of this name."""
        print(f"$ orch-worker --pool demo --name {name} &", flush=True)
        log = self._folder / f"{name}.log"
        with log.open("ab") as file:
            self._processes[name] = subprocess.Popen(
                [sys.executable, "-m", "orch_worker", "--pool", "demo", "--name", name],
                env={**self._environment(name), **self._variables, "ORCH_API_URL": self.url},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
                start_new_session=True,
            )

    def kill_machine(self, name: str) -> None:
        """SIGKILL to everything on a worker's machine, the runs included."""
        for process in self._on_machine(name):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._processes.pop(name).wait()

    def _on_machine(self, name: str) -> list[psutil.Process]:
        home = str(self._folder / name)
        return [each for each in psutil.process_iter() if _home_of(each) == home]

    def stop(self) -> None:
        """Workers drain, the control plane stops; what does not stop in time is killed."""
        deadline = time.monotonic() + STOP_SECONDS
        for name in sorted(self._processes, key=lambda each: each == "server"):
            process = self._processes[name]
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(max(deadline - time.monotonic(), 0.1))
            self.kill_machine(name)
        self._kill_untold()

    def _kill_untold(self) -> None:
        """Processes whose start was interrupted before it could be told of them."""
        for process in psutil.process_iter():
            if (_home_of(process) or "").startswith(f"{self._folder}/"):
                with suppress(psutil.NoSuchProcess):
                    process.kill()


def _home_of(process: psutil.Process) -> str | None:
    try:
        return process.environ().get("ORCH_HOME")
    except psutil.Error:
        return None


@contextmanager
def installation(variables: Mapping[str, str]) -> Iterator[Installation]:
    """An installation that lives as long as the block."""
    with tempfile.TemporaryDirectory(prefix="orch-demo-", ignore_cleanup_errors=True) as folder:
        house = Installation(Path(folder), variables)
        try:
            yield house
        finally:
            house.stop()
