"""A Docker engine of a test's own, which may be stopped, killed and started again. Linux, and only as root.

It shares nothing with the machine's engine: its own data, containers, socket, containerd and bridge. It leaves the
machine's firewall alone: containers reach this machine, and nothing beyond. (With `--bridge none` dockerd would remove
the bridge of the machine's engine.)
"""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from tests.support.docker_engine import DockerError, Engine, running_engine
from tests.support.required import need

_START_SECONDS = 40
_LOOK_SECONDS = 0.5
"""Between looks whether a daemon that is to say that it is ready still lives."""
_STOP_SECONDS = 30
# The shell outlives the test session by the moment in which it ends the daemon: also where the session was killed.
_UNTIL_ITS_PARENT_ENDS = '"$@" & daemon=$!; echo $daemon; read -r _; kill $daemon 2>/dev/null; wait $daemon'


class PrivateEngine:
    """A `dockerd` and its folder."""

    def __init__(self, folder: Path, *options: str, bridge: str) -> None:
        self._folder = folder
        self._options = (*options, "--bridge", bridge)
        # containerd takes no name that ends with a line or has two side by side, as a folder's may.
        self._namespace = f"orch-{uuid4().hex}"
        self._shell: subprocess.Popen[str] | None = None
        self._daemon: psutil.Process | None = None
        self.engine = Engine(f"unix://{folder}/docker.sock")
        """How it is called while it runs."""

    @property
    def pid(self) -> int:
        """Of the daemon that runs, or ran last."""
        assert self._daemon is not None
        return self._daemon.pid

    def start(self) -> None:
        """Start it; returns when it answers."""
        with _Notice(self._folder / "notify") as notice, (self._folder / "log").open("a") as log:
            self._shell = subprocess.Popen(
                ["sh", "-c", _UNTIL_ITS_PARENT_ENDS, "sh", *self._command()],
                env=os.environ | {"NOTIFY_SOCKET": notice.address},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
            assert self._shell.stdout is not None
            self._daemon = psutil.Process(int(self._shell.stdout.readline()))
            assert notice.ready(self._daemon), f"dockerd did not start: {self.log()[-3000:]}"

    def stop(self) -> None:
        """SIGTERM: it stops its containers, unless it was made with `--live-restore`; returns when it has ended."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL: it has no time for anything, and its containers go on."""
        self._end(signal.SIGKILL)
        self._end_containerd()

    def load(self, source: Engine, image: str) -> None:
        """Take an image over from another engine, if it is not here yet."""
        if self.engine.has_image(image):
            return
        archive = self._folder / "image.tar"
        source.call("save", "--output", str(archive), image)
        self.engine.call("load", "--input", str(archive))
        archive.unlink()

    def log(self) -> str:
        """What the daemon has written, over all its starts."""
        return (self._folder / "log").read_text(errors="replace")

    def close(self) -> None:
        """End it and all that it has started, and take away what it has mounted. May be called in any state."""
        # Containers that do not heed SIGTERM would keep it for 10 s.
        with suppress(DockerError, subprocess.TimeoutExpired):
            self.engine.remove(*self.engine.containers())
        self.stop()
        for process in _processes_of(self._folder):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        for place in _mounts_below(self._folder):
            subprocess.run(["umount", "--lazy", place], check=False, capture_output=True)

    def _command(self) -> list[str]:
        place = self._folder
        return [
            *("dockerd", "--host", f"unix://{place}/docker.sock", "--config-file", str(place / "daemon.json")),
            *("--data-root", str(place / "data"), "--exec-root", str(place / "exec")),
            *("--pidfile", str(place / "pid"), "--iptables=false", "--ip-forward=false"),
            # Where the machine has a containerd running, dockerd uses that one: then its names must be others.
            *(
                "--containerd-namespace",
                self._namespace,
                "--containerd-plugins-namespace",
                f"{self._namespace}-plugins",
            ),
            *self._options,
        ]

    def _end(self, number: signal.Signals) -> None:
        if self._shell is None or self._daemon is None:
            return
        with suppress(psutil.NoSuchProcess):
            self._daemon.send_signal(number)
        assert self._shell.stdin is not None
        with suppress(BrokenPipeError):
            self._shell.stdin.close()
        try:
            self._shell.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            with suppress(psutil.NoSuchProcess):
                self._daemon.kill()
            self._shell.kill()
            self._shell.wait()
        assert self._shell.stdout is not None
        self._shell.stdout.close()
        self._shell = None

    def _end_containerd(self) -> None:
        """It ends with the daemon that started it; until somebody has reaped it, the next daemon takes it for alive."""
        file = self._folder / "exec" / "containerd" / "containerd.pid"
        if file.exists():
            with suppress(psutil.NoSuchProcess):
                psutil.Process(int(file.read_text())).kill()
            file.unlink()


class _Notice:
    """Hears from a daemon that it is ready, as systemd does (sd_notify)."""

    def __init__(self, path: Path) -> None:
        self.address = str(path)

    def __enter__(self) -> "_Notice":
        Path(self.address).unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.address)
        self._socket.settimeout(_LOOK_SECONDS)
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def ready(self, daemon: psutil.Process) -> bool:
        """Whether it has said so in time, and not ended instead."""
        last = time.monotonic() + _START_SECONDS
        while time.monotonic() < last and daemon.is_running():
            with suppress(TimeoutError):
                return b"READY=1" in self._socket.recv(4096)
        return False


def _processes_of(folder: Path) -> list[psutil.Process]:
    """Whatever still runs on this folder's behalf: containerd and the shims of containers, and what runs in them."""
    found: list[psutil.Process] = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if any(str(folder) in word or word == folder.name for word in process.cmdline()):
                found += [process, *process.children(recursive=True)]
    return [each for each in found if each.pid != os.getpid()]


def _mounts_below(folder: Path) -> list[str]:
    """Deepest first."""
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return sorted((each for each in places if each.startswith(f"{folder}/")), reverse=True)


@contextmanager
def private_engine(*options: str) -> Iterator[PrivateEngine]:
    """An engine that runs at first, and certainly not afterwards. Options are those of dockerd (`--live-restore`).

    Skips the test without root; where there is no dockerd, as `need` says.
    """
    running_engine()  # Its image comes from there.
    if os.geteuid() != 0:
        pytest.skip("a Docker engine of the test's own needs root")
    need("docker", there=shutil.which("dockerd") is not None, without="there is no `dockerd` (Debian: docker.io)")
    need("docker", there=shutil.which("ip") is not None, without="there is no `ip` (Debian: iproute2)")
    folder = Path(tempfile.mkdtemp(prefix="orch-dockerd-"))
    (folder / "daemon.json").write_text("{}")
    with _bridge() as bridge:
        private = PrivateEngine(folder, *options, bridge=bridge)
        try:
            private.start()
            yield private
        finally:
            private.close()
            shutil.rmtree(folder)


@contextmanager
def _bridge() -> Iterator[str]:
    """A bridge between containers and this machine, named at random as its addresses are."""
    number = random.randrange(512)
    name = f"orch-bridge{number}"
    _ip("link", "add", name, "type", "bridge")
    try:
        # 198.18.0.0/15 is for laboratories (RFC 2544): nobody else's.
        _ip("address", "add", f"198.{18 + number // 256}.{number % 256}.1/24", "dev", name)
        _ip("link", "set", name, "up")
        yield name
    finally:
        _ip("link", "delete", name)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True)
