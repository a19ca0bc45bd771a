"""Why a Pod does not begin, in words: no room, no image, a wrong configuration. No I/O, no clock."""

from collections.abc import Mapping
from dataclasses import dataclass

from orch_worker.launchers.kubernetes.objects import condition, is_being_deleted, objects, text
from orch_worker.launchers.kubernetes.sights import Sight


@dataclass(frozen=True, slots=True)
class Trouble:
    """What keeps an attempt from beginning."""

    kind: str
    """In the cluster's words; a trouble of the same kind is told once."""
    message: str
    """For people: what is wrong, and what to do."""
    is_hopeless: bool = False
    """Whether waiting cannot help."""


_NO_IMAGE = (
    "The image {image} cannot be pulled. {said}Is it there, may the cluster pull it (the job variable"
    " image_pull_secrets), and is the job variable image right?"
)
_NO_CONFIGURATION = (
    "The container's configuration is refused. {said}Secrets and config maps that the job variables name must be there;"
    " an image that runs as root needs a user (the job variable pod_security_context, runAsUser)."
)
_NO_CONTAINER = "The container cannot be made. {said}"

# By the reason for which a container waits, in the words of the kubelet.
_WAITING: Mapping[str, str] = {
    "ErrImagePull": _NO_IMAGE,
    "ImagePullBackOff": _NO_IMAGE,
    "ErrImageNeverPull": "The image {image} is not on the node, and must not be pulled (image_pull_policy is Never).",
    "InvalidImageName": "{image} is no name of an image. Correct the job variable image.",
    "ImageInspectError": "The image {image} cannot be read on the node. {said}",
    "RegistryUnavailable": "The registry of the image {image} cannot be reached. {said}",
    "SignatureValidationFailed": "The signature of the image {image} cannot be verified. {said}",
    "CreateContainerConfigError": _NO_CONFIGURATION,
    "CreateContainerError": _NO_CONTAINER,
    "RunContainerError": _NO_CONTAINER,
    "PreCreateHookError": _NO_CONTAINER,
    "PreStartHookError": _NO_CONTAINER,
    "PostStartHookError": _NO_CONTAINER,
    # Of containers that come before the run's.
    "CrashLoopBackOff": "A container of its Pod that comes before it fails again and again. {said}",
}
_SAME = {"ErrImagePull": "ImagePullBackOff"}
_HOPELESS = frozenset({"InvalidImageName"})


def trouble_of(sight: Sight) -> Trouble | None:
    """What is wrong now; None: nothing, or it has begun."""
    if sight.pod is None or sight.has_started or sight.pod_has_ended or is_being_deleted(sight.pod):
        return None
    return _of_scheduling(sight) or _of_containers(sight)


def without_pod(words: str) -> Trouble:
    """The cluster makes no Pod of a Job; `words`: its own, or none."""
    said = f"The cluster says: {words.rstrip('.')}." if words else "The cluster does not say why."
    return Trouble(
        "NoPod",
        f"The cluster has not made a Pod of its Job. {said} A quota, a policy or a service account that is missing may"
        " be the reason: kubectl describe job says more.",
    )


def _of_scheduling(sight: Sight) -> Trouble | None:
    waits = condition(sight.pod, "PodScheduled", status="False")
    if waits is None:
        return None
    if waits.reason == "SchedulingGated":
        return Trouble(waits.reason, "Its Pod is held back by a scheduling gate, which somebody has to take away.")
    return Trouble(
        waits.reason or "Unschedulable",
        f"No node of the cluster can take it. {_said(waits.message)}Give the cluster room, or change the job variables"
        " resources, node_selector, tolerations or affinity.",
    )


def _of_containers(sight: Sight) -> Trouble | None:
    statuses = [
        *objects(sight.pod, "status", "initContainerStatuses"),
        *objects(sight.pod, "status", "containerStatuses"),
    ]
    for each in statuses:
        reason = text(each, "state", "waiting", "reason")
        template = _WAITING.get(reason)
        if template is not None:
            said = _said(text(each, "state", "waiting", "message"))
            message = template.format(image=text(each, "image") or "that it needs", said=said).strip()
            return Trouble(_SAME.get(reason, reason), message, reason in _HOPELESS)
    return None


def _said(message: str) -> str:
    return f"The cluster says: {message.strip().rstrip('.')}. " if message.strip() else ""
