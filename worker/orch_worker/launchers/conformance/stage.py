"""What the checks play on: workers that come and go, and jobs for them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_worker.launchers.base import Attempt, AttemptKey, Job, Launcher, LauncherFactory, LauncherSettings

WORKER = "worker"
WAITS = "trap 'echo asked; exit 7' TERM; echo ready; while :; do sleep 0.1; done"
"""A script that runs until it is asked to end, says so, and ends with exit code 7."""
DEAF = "trap '' TERM; echo ready; while :; do sleep 0.1; done"
"""A script that does not hear."""


class NonConformingError(AssertionError):
    """The launcher breaks a rule. The text says which, and what was seen."""


def expect(holds: object, rule: str) -> None:
    """Raises NonConformingError where it does not hold."""
    if not holds:
        raise NonConformingError(rule)


class Stage:
    """One pool of one control plane, served by a launcher."""

    def __init__(
        self, factory: LauncherFactory, folder: Path, *, variables: Mapping[str, object] | None = None
    ) -> None:
        """folder: empty, and the stage's own. variables: job variables that every job needs, such as an image."""
        self._factory = factory
        self._variables = dict(variables or {})
        self._names: set[str] = set()
        self._settings = LauncherSettings(
            folder=folder, pool_name="conformance", worker_name=WORKER, control_plane_id=str(uuid4())
        )

    @asynccontextmanager
    async def worker(self, name: str = WORKER) -> AsyncIterator[Launcher]:
        """The launcher of a worker, from its start to its end. The next one of the same name is its restart."""
        self._names.add(name)
        folder = self._settings.folder / name
        folder.mkdir(parents=True, exist_ok=True)
        launcher = self._factory(replace(self._settings, folder=folder, worker_name=name))
        await launcher.open()
        try:
            yield launcher
        finally:
            await launcher.close()

    def job(self, *command: str, key: AttemptKey | None = None, parameters: str = "{}", **variables: object) -> Job:
        """A job that runs a command."""
        key = key or AttemptKey(str(uuid4()), 1)
        return Job(
            key=key,
            flow_run=FlowRun(flow_run_id=key.flow_run_id, name="conformance", parameters_json=parameters),
            spec=LaunchSpec(command=command),
            variables={**self._variables, **variables},
            environment={
                "ORCH_API_URL": "http://orch.invalid:4201",
                "ORCH_FLOW_RUN_ID": key.flow_run_id,
                "ORCH_LEASE_TOKEN": str(key.token),
            },
            memo="opaque",
        )

    def shell(self, script: str, *, key: AttemptKey | None = None, parameters: str = "{}") -> Job:
        """A job that runs a script."""
        return self.job("sh", "-c", script, key=key, parameters=parameters)

    async def clear(self) -> None:
        """End and forget all that is left."""
        for name in self._names:
            async with self.worker(name) as launcher:
                for attempt in await launcher.find():
                    await attempt.stop(grace_seconds=0)
                    await attempt.forget()


async def texts(attempt: Attempt, start: int = 0) -> list[str]:
    """What it writes from line number `start` on, until its end."""
    return [line.text async for lines in attempt.output(start) for line in lines]


async def first_text(attempt: Attempt) -> str:
    """Its first line, as soon as it is there."""
    async for lines in attempt.output():
        for line in lines:
            return line.text
    raise NonConformingError("An attempt's output ended before its first line came.")
