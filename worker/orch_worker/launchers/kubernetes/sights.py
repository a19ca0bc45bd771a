"""What is seen of an attempt in the cluster: its Job and its Pod, as they were last."""

from dataclasses import dataclass

from orch_worker.launchers.kubernetes.objects import (
    Object,
    condition,
    is_being_deleted,
    mapping,
    name_of,
    number,
    objects,
    part,
    text,
    uid_of,
)

CONTAINER = "run"
"""The container that is the run; a Pod may have others beside it."""
_LAST_PHASES = frozenset({"Succeeded", "Failed"})


@dataclass(slots=True)
class Sight:
    """Of one attempt."""

    job: Object | None = None
    job_gone: bool = False
    pod: Object | None = None
    pod_gone: bool = False
    was_let_go: bool = False
    """Whether its Job was seen not to be suspended: every Job begins suspended."""

    def see_job(self, found: Object, *, gone: bool = False) -> None:
        """Its Job, as it is now, or was last."""
        self.job, self.job_gone = found, gone
        self.was_let_go = self.was_let_go or part(found, "spec", "suspend") is not True

    def see_pod(self, found: Object, *, gone: bool = False) -> None:
        """Its Pod. The first one is the attempt: the cluster is told to make no other."""
        if self.pod is None or uid_of(self.pod) == uid_of(found):
            self.pod, self.pod_gone = found, gone

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is left in the cluster."""
        return (self.job is None or self.job_gone) and (self.pod is None or self.pod_gone)

    @property
    def has_begun(self) -> bool:
        """Whether the cluster was told to run it."""
        return self.pod is not None or (self.job is not None and part(self.job, "spec", "suspend") is not True)

    @property
    def pod_name(self) -> str:
        """Empty: there is no Pod yet."""
        return name_of(self.pod)

    @property
    def node(self) -> str:
        """Where it runs; empty: nowhere yet."""
        return text(self.pod, "spec", "nodeName")

    @property
    def container(self) -> Object:
        """The status of the run's container; empty: it has none yet."""
        statuses = objects(self.pod, "status", "containerStatuses")
        return next((each for each in statuses if text(each, "name") == CONTAINER), {})

    @property
    def has_started(self) -> bool:
        """Whether the run's container runs, or has run."""
        return bool(mapping(self.container, "state", "running")) or self.terminated is not None

    @property
    def terminated(self) -> Object | None:
        """How the run's container ended; None: it has not."""
        return mapping(self.container, "state", "terminated") or None

    @property
    def exit_code(self) -> int | None:
        """Of the run's container; None: it has not ended, or nobody knows how."""
        return number(self.terminated, "exitCode")

    @property
    def pod_phase_is_last(self) -> bool:
        """Whether the Pod says of itself that it has ended."""
        return text(self.pod, "status", "phase") in _LAST_PHASES

    @property
    def pod_has_ended(self) -> bool:
        """Whether the run's container has ended, or never will begin."""
        return self.pod is not None and (self.terminated is not None or self.pod_phase_is_last)

    @property
    def is_deleted(self) -> bool:
        """Whether its Job or Pod was deleted, by whomever, or is being deleted."""
        return self.job_gone or self.pod_gone or is_being_deleted(self.job) or is_being_deleted(self.pod)

    @property
    def deadline_seconds(self) -> int | None:
        """How long the Job may take; None: as long as it wants."""
        return number(self.job, "spec", "activeDeadlineSeconds")

    @property
    def failure(self) -> tuple[str, str] | None:
        """Why the cluster gave up the Job, a word and a sentence; None: it has not."""
        return condition(self.job, "Failed") or condition(self.job, "FailureTarget")

    @property
    def is_complete(self) -> bool:
        """Whether the cluster says that the Job was done well."""
        return bool(condition(self.job, "Complete") or condition(self.job, "SuccessCriteriaMet"))
