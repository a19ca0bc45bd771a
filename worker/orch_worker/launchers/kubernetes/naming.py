"""How the objects of an attempt are called, and by which labels they are found again."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from orch_worker.launchers.base import AttemptKey, LauncherSettings
from orch_worker.launchers.kubernetes.objects import Object, mapping, text

FLOW_RUN = "orch.dev/flow-run-id"
TOKEN = "orch.dev/token"
WORK_POOL = "orch.dev/work-pool"
WORKER = "orch.dev/worker"
CONTROL_PLANE = "orch.dev/control-plane"
FORGOTTEN = "orch.dev/forgotten"
"""A label of Jobs that are only kept for people to look at."""
MEMO = "orch.dev/memo"
"""An annotation: what the worker wants to know again."""
LAUNCH = "orch.dev/launch"
"""An annotation: what the launcher wants to know again."""

_MOST_CHARACTERS = 63
_HASH_CHARACTERS = 8
_LABEL = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_NO_LABEL = re.compile(r"[^-A-Za-z0-9_.]+")


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose Jobs these are."""

    control_plane_id: str
    pool_name: str
    worker_name: str

    @classmethod
    def of(cls, settings: LauncherSettings) -> "Owner":
        """The worker that a launcher is made for."""
        return cls(settings.control_plane_id or "unknown", settings.pool_name, settings.worker_name)

    @property
    def selector(self) -> str:
        """Selects the Jobs and Pods of the pool, whoever launched them, that are not only kept to be looked at."""
        pool, plane = label_value(self.pool_name), label_value(self.control_plane_id)
        return f"{CONTROL_PLANE}={plane},{WORK_POOL}={pool},!{FORGOTTEN}"

    def labels(self, key: AttemptKey) -> dict[str, str]:
        """Of a Job, and of its Pod."""
        return {
            "app.kubernetes.io/name": "orch-run",
            "app.kubernetes.io/component": "flow-run",
            "app.kubernetes.io/managed-by": "orch-worker",
            CONTROL_PLANE: label_value(self.control_plane_id),
            WORK_POOL: label_value(self.pool_name),
            WORKER: label_value(self.worker_name),
            FLOW_RUN: label_value(key.flow_run_id),
            TOKEN: str(key.token),
        }

    def annotations(self) -> dict[str, str]:
        """The names as people gave them, which labels may not be able to hold."""
        return {WORK_POOL: self.pool_name, WORKER: self.worker_name}

    def launched(self, found: Object) -> bool:
        """Whether a worker of this name has launched a Job or Pod of the pool."""
        return text(found, "metadata", "annotations", WORKER) == self.worker_name


def job_name(key: AttemptKey) -> str:
    """Of the Job and its Secret: the same for the same attempt, so that it cannot be started twice."""
    return f"orch-{key.flow_run_id.lower()}-{key.token}"


def key_of(found: Object) -> AttemptKey | None:
    """The attempt that a Job or Pod is part of; None where its labels do not say."""
    labels = mapping(found, "metadata", "labels")
    run_id, token = text(labels, FLOW_RUN), text(labels, TOKEN)
    return AttemptKey(run_id, int(token)) if run_id and token.isascii() and token.isdigit() else None


def label_value(name: str) -> str:
    """The name itself where a label can hold it; else what is left of it, and a hash that tells it from others."""
    if len(name) <= _MOST_CHARACTERS and _LABEL.fullmatch(name):
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:_HASH_CHARACTERS]
    kept = _NO_LABEL.sub("-", name)[: _MOST_CHARACTERS - _HASH_CHARACTERS - 1].strip("-_.")
    return f"{kept}-{digest}" if kept else digest


def merged_labels(own: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    """Labels that users add; those by which Jobs are found cannot be changed."""
    return {**others, **own}
