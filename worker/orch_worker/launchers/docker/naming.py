"""Names and labels of containers: by them a container is known again, and cannot be started twice."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from orch_worker.launchers.base import AttemptKey, Job, LauncherSettings

RUN, TOKEN, MEMO = "orch.run", "orch.token", "orch.memo"
KEPT = "orch.kept"
"""Has any value where the container stays when it is done with (auto_remove: false)."""
POOL, WORKER, CONTROL_PLANE = "orch.pool", "orch.worker", "orch.control-plane"
_NAME = re.compile(r"orch-(?P<run>[0-9a-z-]+)-(?P<token>\d+)")
_DONE = "kept-"
"""Begins the name of a container that stays although the worker has done with it: labels cannot be changed."""


def container_name(key: AttemptKey) -> str:
    """The name of an attempt's container; the engine has each name once."""
    return f"orch-{key.flow_run_id.lower()}-{key.token}"


def kept_name(name: str) -> str:
    """The name of a container that nobody looks after any more."""
    return f"{_DONE}{name}"


def is_attempt(name: str) -> bool:
    """Whether somebody looks after a container of this name."""
    return _NAME.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose containers they are."""

    control_plane: str
    pool: str
    worker: str

    @classmethod
    def of(cls, settings: LauncherSettings) -> Self:
        """The worker that this launcher was made for."""
        return cls(settings.control_plane_id, settings.pool_name, settings.worker_name)

    def labels(self, job: Job, *, kept: bool) -> Mapping[str, str]:
        """Of a job's container; `kept`: it stays when it is done with."""
        return {
            **({KEPT: "true"} if kept else {}),
            RUN: job.key.flow_run_id,
            TOKEN: str(job.key.token),
            MEMO: job.memo,
            POOL: self.pool,
            WORKER: self.worker,
            CONTROL_PLANE: self.control_plane,
        }

    def of_pool(self) -> list[str]:
        """A filter: all containers of the pool."""
        return [f"{CONTROL_PLANE}={self.control_plane}", f"{POOL}={self.pool}"]

    def of_worker(self) -> list[str]:
        """A filter: those of workers of this name."""
        return [*self.of_pool(), f"{WORKER}={self.worker}"]


def key_of(labels: Mapping[str, str]) -> AttemptKey:
    """The attempt that a container is. Raises ValueError, KeyError where its labels are not ours."""
    return AttemptKey(labels[RUN], int(labels[TOKEN]))
