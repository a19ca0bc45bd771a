"""A kubelet whose containers are processes of this machine: what a Pod says is really run."""

import asyncio
import base64
import os
import signal
import sys
import time
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from tests.unit.worker.kubernetes.cluster import NAMESPACE, Cluster
from tests.unit.worker.kubernetes.store import Json

_FILES_FOLDER = "/var/run/orch"
_RESULT_FILE = "/dev/termination-log"
_CHUNK_BYTES = 64 * 1024


class _Container:
    """One process, and what it has written: each line after its time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.process: Process | None = None
        self.lines: list[bytes] = []
        self.has_ended = False
        self.news = asyncio.Event()
        self.killing: asyncio.Task[None] | None = None

    def tell(self) -> None:
        """There is something new."""
        news, self.news = self.news, asyncio.Event()
        news.set()


class ProcessKubelet:
    """Starts a process for each Pod, in a folder of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        """environment: what the image has."""
        self.cluster: Cluster | None = None
        self._folder = folder
        self._environment = environment
        self._containers: dict[str, _Container] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def take(self, pod: Json) -> None:
        """Start its process."""
        name = pod["metadata"]["name"]
        container = self._containers[name] = _Container(self._folder / name)
        task = asyncio.create_task(self._run(pod, container))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def end(self, pod: Json, grace_seconds: int) -> None:
        """Ask it to end; kill it after its grace."""
        container = self._containers[pod["metadata"]["name"]]
        if container.killing is not None:
            container.killing.cancel()
        container.killing = asyncio.create_task(self._end(container, grace_seconds))

    async def log(self, pod: Json, params: dict[str, str]) -> AsyncIterator[bytes]:
        """What it has written."""
        container, since = self._containers[pod["metadata"]["name"]], params.get("sinceTime", "")[:19].encode()
        sent = len(container.lines) - int(params["tailLines"]) if "tailLines" in params else 0
        while True:
            ended, lines, news = container.has_ended, container.lines[max(sent, 0) :], container.news
            sent = max(sent, 0) + len(lines)
            wanted = [line for line in lines if line[:19] >= since]
            if wanted:
                bare = [line.partition(b" ")[2] for line in wanted]
                yield b"".join(wanted if params.get("timestamps") else bare)
            if ended or not params.get("follow"):
                return
            await news.wait()

    async def close(self) -> None:
        """Leave no process behind."""
        for container in self._containers.values():
            _signal(container, signal.SIGKILL)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for container in self._containers.values():
            if container.killing is not None:
                container.killing.cancel()

    async def _run(self, pod: Json, container: _Container) -> None:
        assert self.cluster is not None
        name, spec = pod["metadata"]["name"], pod["spec"]["containers"][0]
        container.folder.mkdir(parents=True)
        environment = self._environment | self._variables(spec, container.folder)
        self._mount(pod, container.folder)
        command = [each.replace("$$", "$") for each in spec["command"]]
        try:
            container.process = await asyncio.create_subprocess_exec(
                *command,
                env=environment,
                cwd=spec.get("workingDir", container.folder),
                stdout=PIPE,
                stderr=STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            container.has_ended = True
            self.cluster.end_pod(name, 128, reason="StartError", message=f"exec: {command[0]}: {error.strerror}")
            return
        self.cluster.run_pod(name)
        await self._capture(container)
        code = await container.process.wait()
        container.has_ended = True
        container.tell()
        result = container.folder / "result"
        message = result.read_text()[:4096] if result.exists() else ""
        self.cluster.end_pod(name, code if code >= 0 else 128 - code, message=message)

    def _variables(self, spec: Json, folder: Path) -> dict[str, str]:
        found = {}
        for each in spec["env"]:
            text = each.get("value", "").replace("$$", "$")
            if "valueFrom" in each:
                reference = each["valueFrom"]["secretKeyRef"]
                text = base64.b64decode(self._secret(reference["name"])[reference["key"]]).decode()
            found[each["name"]] = text.replace(_FILES_FOLDER, f"{folder}/files").replace(
                _RESULT_FILE, f"{folder}/result"
            )
        return found

    def _mount(self, pod: Json, folder: Path) -> None:
        for volume in pod["spec"].get("volumes", []):
            for item in volume.get("secret", {}).get("items", []):
                file = folder / "files" / item["path"]
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(base64.b64decode(self._secret(volume["secret"]["secretName"])[item["key"]]))

    def _secret(self, name: str) -> Json:
        assert self.cluster is not None
        return self.cluster.store.get("secrets", NAMESPACE, name)["data"]  # type: ignore[no-any-return]

    async def _capture(self, container: _Container) -> None:
        assert container.process is not None
        assert container.process.stdout is not None
        rest = b""
        while data := await container.process.stdout.read(_CHUNK_BYTES):
            *complete, rest = (rest + data).split(b"\n")
            stamp = _stamp()
            container.lines += [b"%s %s\n" % (stamp, line) for line in complete]
            container.tell()
        if rest:
            container.lines.append(b"%s %s" % (_stamp(), rest))

    async def _end(self, container: _Container, grace_seconds: int) -> None:
        _signal(container, signal.SIGTERM, group=False)
        await asyncio.sleep(grace_seconds)  # What a kubelet does; the tests have graces of a second, or do not wait.
        _signal(container, signal.SIGKILL)


def _signal(container: _Container, number: signal.Signals, *, group: bool = True) -> None:
    process = container.process
    if process is not None and not container.has_ended:
        with suppress(ProcessLookupError):
            (os.killpg if group else os.kill)(process.pid, number)


def _stamp() -> bytes:
    seconds, nanoseconds = divmod(time.time_ns(), 10**9)
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{nanoseconds:09}Z".encode()


@asynccontextmanager
async def process_cluster(folder: Path) -> AsyncIterator[Cluster]:
    """A cluster whose Pods are processes of this machine, with the Python of the tests."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    kubelet = ProcessKubelet(folder / "pods", {"PATH": path, "HOME": str(folder)})
    cluster = Cluster(kubelet)
    kubelet.cluster = cluster
    await cluster.api.open()
    try:
        yield cluster
    finally:
        await kubelet.close()
        await cluster.api.close()
