"""An emulated cluster: an API server, what controls Jobs, and a kubelet that does what the test says."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Protocol

from tests.unit.worker.kubernetes.api import ApiServer
from tests.unit.worker.kubernetes.store import Change, Json, Store

NAMESPACE = "runs"
NODE = "node-1"


class Kubelet(Protocol):
    """Runs Pods."""

    def take(self, pod: Json) -> None:
        """A new Pod is to be run."""

    def end(self, pod: Json, grace_seconds: int) -> None:
        """A Pod is to be ended."""

    def log(self, pod: Json, params: dict[str, str]) -> AsyncIterator[bytes]:
        """What it has written."""


class Cluster:
    """Jobs become Pods, Pods' ends become Jobs' ends, and what is deleted takes along what it owns."""

    def __init__(self, kubelet: Kubelet) -> None:
        self.store = Store()
        self.api = ApiServer(self.store, self.delete, self._log)
        self.kubelet = kubelet
        self.makes_pods = True
        self.judges_jobs = True
        """Whether Jobs are said to be complete, or to have failed, when their Pods have ended."""
        self._numbers = count(1)
        self.store.listeners.append(self._heard)

    # --- for tests

    async def pod_of(self, job_name: str) -> str:
        """The name of a Job's Pod, as soon as there is one."""
        return (await self.seen("pods", lambda pod: _owner(pod) == job_name))["metadata"]["name"]  # type: ignore[no-any-return]

    async def seen(self, kind: str, such_that: "Condition", namespace: str = NAMESPACE) -> Json:
        """An object that is as it should be, as soon as there is one."""
        for each in self.store.list(kind, namespace):
            if such_that(each):
                return each
        async for event in self.store.watch(kind, namespace, "", self.store.version):
            if event["type"] != "DELETED" and such_that(event["object"]):
                return event["object"]  # type: ignore[no-any-return]
        raise AssertionError("the watch was cut")

    async def gone(self, kind: str, name: str) -> None:
        """Wait until an object is not there."""
        version = self.store.version
        if all(each["metadata"]["name"] != name for each in self.store.list(kind, NAMESPACE)):
            return
        async for event in self.store.watch(kind, NAMESPACE, "", version):
            if event["type"] == "DELETED" and event["object"]["metadata"]["name"] == name:
                return

    def names(self, kind: str) -> list[str]:
        """Of all objects of a kind."""
        return [each["metadata"]["name"] for each in self.store.list(kind, NAMESPACE)]

    # --- Pods

    def set_pod(self, name: str, **status: object) -> None:
        """Change a Pod's status."""
        self.store.change("pods", NAMESPACE, name, lambda pod: pod["status"].update(status))

    def run_pod(self, name: str) -> None:
        """Its container runs."""
        self._start(name, {"running": {"startedAt": now()}}, phase="Running")

    def wait_pod(self, name: str, reason: str, message: str = "") -> None:
        """Its container waits, for a reason."""
        self._start(name, {"waiting": {"reason": reason, "message": message}}, phase="Pending")

    def end_pod(self, name: str, exit_code: int, *, reason: str = "", message: str = "", **status: object) -> None:
        """Its container has ended."""
        word = reason or ("Completed" if exit_code == 0 else "Error")
        state = {"terminated": {"exitCode": exit_code, "reason": word, "message": message, "finishedAt": now()}}
        self._start(name, state, phase="Succeeded" if exit_code == 0 else "Failed", **status)
        self._remove_if_deleted(name)

    def fail_job(self, name: str, reason: str, message: str = "") -> None:
        """What controls Jobs gives one up."""
        self._condition("jobs", name, "Failed", reason, message)

    def disrupt_pod(self, name: str, reason: str, message: str = "") -> None:
        """Somebody in the cluster is about to take a Pod away."""
        self._condition("pods", name, "DisruptionTarget", reason, message)

    def delete(self, kind: str, namespace: str, name: str, options: Json) -> None:
        """As a request does."""
        if kind == "pods":
            self._delete_pod(name, options.get("gracePeriodSeconds"))
        elif kind == "jobs" and options.get("propagationPolicy") == "Foreground":
            self.store.change("jobs", namespace, name, lambda job: job["metadata"].update(deletionTimestamp=now()))
            self._delete_owned(name)
            self._remove_job_without_pods(name)
        else:
            self.store.remove(kind, namespace, name)
            if kind == "jobs" and options.get("propagationPolicy") != "Orphan":
                self._delete_owned(name)

    # --- what the cluster does by itself

    def _heard(self, change: Change) -> None:
        if change.kind == "jobs" and change.after is not None:
            self._control(change.after)
        if change.kind == "pods":
            shown = change.after or change.before
            assert shown is not None
            self._control_end(shown, gone=change.after is None)

    def _control(self, job: Json) -> None:
        """A Job that is not suspended gets its Pod, once."""
        name = job["metadata"]["name"]
        status = job.get("status", {})
        if job["metadata"]["namespace"] != NAMESPACE:
            return  # Nobody looks after others.
        if job["spec"].get("suspend") or not self.makes_pods or status.get("startTime") or _is_leaving(job):
            return
        self.store.change("jobs", NAMESPACE, name, lambda found: found.setdefault("status", {}).update(startTime=now()))
        template = job["spec"]["template"]
        pod: Json = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                **template["metadata"],
                "name": f"{name}-{next(self._numbers):05}",
                "ownerReferences": [{"kind": "Job", "name": name, "uid": job["metadata"]["uid"]}],
            },
            "spec": {**template["spec"], "nodeName": NODE},
            "status": {"phase": "Pending"},
        }
        self.kubelet.take(self.store.create("pods", NAMESPACE, pod))

    def _control_end(self, pod: Json, *, gone: bool) -> None:
        name, phase = _owner(pod), pod["status"]["phase"]
        if name not in self.names("jobs"):
            return
        if not self.judges_jobs or self.store.get("jobs", NAMESPACE, name).get("status", {}).get("conditions"):
            pass
        elif phase == "Succeeded":
            self._condition("jobs", name, "Complete", "CompletionsReached", "")
        elif phase == "Failed" or gone:
            self.fail_job(name, "BackoffLimitExceeded", "Job has reached the specified backoff limit")
        self._remove_job_without_pods(name)

    def _delete_pod(self, name: str, grace_seconds: int | None) -> None:
        pod = self.store.get("pods", NAMESPACE, name)
        metadata = pod["metadata"]
        grace = pod["spec"].get("terminationGracePeriodSeconds", 30) if grace_seconds is None else grace_seconds
        if metadata.get("deletionTimestamp") and grace >= metadata["deletionGracePeriodSeconds"]:
            return
        leaving = {"deletionTimestamp": now(), "deletionGracePeriodSeconds": grace}
        self.store.change("pods", NAMESPACE, name, lambda found: found["metadata"].update(leaving))
        if pod["status"]["phase"] in {"Succeeded", "Failed"}:
            self._remove_if_deleted(name)
        else:
            self.kubelet.end(pod, grace)

    def remove_pod(self, name: str) -> None:
        """It is gone."""
        self.store.remove("pods", NAMESPACE, name)

    def _remove_if_deleted(self, name: str) -> None:
        if _is_leaving(self.store.get("pods", NAMESPACE, name)):
            self.remove_pod(name)

    def _delete_owned(self, job_name: str) -> None:
        for pod in self.store.list("pods", NAMESPACE):
            if _owner(pod) == job_name:
                self._delete_pod(pod["metadata"]["name"], None)
        for secret in self.store.list("secrets", NAMESPACE):
            if _owner(secret) == job_name:
                self.store.remove("secrets", NAMESPACE, secret["metadata"]["name"])

    def _remove_job_without_pods(self, name: str) -> None:
        job = next((each for each in self.store.list("jobs", NAMESPACE) if each["metadata"]["name"] == name), None)
        if job and _is_leaving(job) and not any(_owner(pod) == name for pod in self.store.list("pods", NAMESPACE)):
            self.store.remove("jobs", NAMESPACE, name)

    def _start(self, name: str, state: Json, **status: object) -> None:
        def change(pod: Json) -> None:
            image = pod["spec"]["containers"][0]["image"]
            pod["status"]["containerStatuses"] = [{"name": "run", "image": image, "state": state}]
            pod["status"].update(status)

        self.store.change("pods", NAMESPACE, name, change)

    def _condition(self, kind: str, name: str, word: str, reason: str, message: str) -> None:
        condition = {"type": word, "status": "True", "reason": reason, "message": message}
        self.store.change(
            kind,
            NAMESPACE,
            name,
            lambda found: found.setdefault("status", {}).setdefault("conditions", []).append(condition),
        )

    def _log(self, namespace: str, name: str, params: dict[str, str]) -> AsyncIterator[bytes]:
        return self.kubelet.log(self.store.get("pods", namespace, name), params)


class Condition(Protocol):
    """What is waited for."""

    def __call__(self, found: Json, /) -> bool:
        """Whether it is so."""


class ScriptedKubelet:
    """Does nothing with Pods but what the test says, and ends them at once when they are deleted."""

    def __init__(self) -> None:
        self.cluster: Cluster | None = None
        self.is_alive = True
        self.lines: dict[str, list[tuple[str, str]]] = {}
        """By Pod: time and text."""
        self.news = asyncio.Event()
        self.logs_asked = 0
        self.cuts = 0

    def take(self, pod: Json) -> None:
        """The test says what becomes of it."""

    def end(self, pod: Json, grace_seconds: int) -> None:
        """It is gone at once; with exit code 143, if it ran."""
        if not self.is_alive:
            return
        assert self.cluster is not None
        name = pod["metadata"]["name"]
        if pod["status"]["phase"] == "Running":
            self.cluster.end_pod(name, 143)
        else:
            self.cluster.remove_pod(name)

    def write(self, pod: str, time: str, text: str) -> None:
        """Its container writes a line."""
        self.lines.setdefault(pod, []).append((time, text))
        self.tell()

    def tell(self) -> None:
        """There is something new for those who follow logs."""
        news, self.news = self.news, asyncio.Event()
        news.set()

    def cut(self) -> None:
        """All who follow logs are cut off in the middle of a line."""
        self.cuts += 1
        self.tell()

    async def log(self, pod: Json, params: dict[str, str]) -> AsyncIterator[bytes]:
        """What was written since a time, and goes on until the Pod's end."""
        assert self.cluster is not None
        self.logs_asked += 1
        name, since = pod["metadata"]["name"], params.get("sinceTime", "")
        sent, cuts = 0, self.cuts
        while True:
            lines, news = self.lines.get(name, []), self.news
            for time, text in lines[sent:]:
                if time[:19] >= since[:19]:
                    yield (f"{time} {text}\n" if params.get("timestamps") else f"{text}\n").encode()
            sent = len(lines)
            if self.cuts > cuts:
                yield b"2026-11-22T1"
                return
            names = self.cluster.names("pods")
            if name not in names or self.cluster.store.get("pods", NAMESPACE, name)["status"]["phase"] in {
                "Succeeded",
                "Failed",
            }:
                return
            await news.wait()


@asynccontextmanager
async def scripted_cluster() -> AsyncIterator[Cluster]:
    """A cluster whose Pods do what the test says."""
    kubelet = ScriptedKubelet()
    cluster = Cluster(kubelet)
    kubelet.cluster = cluster
    cluster.store.listeners.append(lambda _: kubelet.tell())
    await cluster.api.open()
    try:
        yield cluster
    finally:
        kubelet.cut()
        await cluster.api.close()


def now() -> str:
    """As the API writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _owner(found: Json) -> str:
    owners = found["metadata"].get("ownerReferences", [])
    return str(owners[0]["name"]) if owners else ""


def _is_leaving(found: Json) -> bool:
    return bool(found["metadata"].get("deletionTimestamp"))
