"""What ended a Pod from outside, in words: eviction, preemption, a lost node, a deadline, somebody's hand."""

from collections.abc import Mapping

from orch_worker.launchers.kubernetes.objects import condition, is_being_deleted, part, text
from orch_worker.launchers.kubernetes.sights import Sight

_ANEW = "Where it may run anew after that, give the flow or the deployment crash_restarts."

# By the reason of the Pod's condition DisruptionTarget.
# https://kubernetes.io/docs/concepts/workloads/pods/disruptions/#pod-disruption-conditions
_DISRUPTIONS: Mapping[str, str] = {
    "PreemptionByScheduler": "It was preempted: {node} was needed for a pod of higher priority.",
    "PreemptionByKubeScheduler": "It was preempted: {node} was needed for a pod of higher priority.",
    "DeletionByTaintManager": "It was driven away: {node} was lost, or taken out of service (a NoExecute taint).",
    "EvictionByEvictionAPI": "It was evicted from {node}, as when a node is drained.",
    "DeletionByPodGC": "It was lost: {node} is not part of the cluster any more.",
    "TerminationByKubelet": "It was ended by {node}, which shuts down or has no room left.",
}

# By the Pod's own reason.
_REASONS: Mapping[str, str] = {
    "Evicted": "It was evicted: {node} had no room left.",
    "NodeLost": "It was lost: {node} does not answer any more.",
    "Preempting": "It was preempted: {node} was needed for a pod of higher priority.",
    "Terminated": "It was ended because {node} shuts down.",
    "NodeShutdown": "It was ended because {node} shuts down.",
    "Shutdown": "It was ended because {node} shuts down.",
    "DeadlineExceeded": "It took longer than its pod may (activeDeadlineSeconds of the pod).",
}
_REFUSED_BY_NODE = ("OutOf", "NodeAffinity", "NodePorts", "UnexpectedAdmissionError", "TaintToleration")


def cause_of(sight: Sight) -> str:
    """What ended it, or is ending it, from outside; empty where nothing did."""
    return _disruption(sight) or _deadline(sight) or _suspension(sight)


def deletion_of(sight: Sight) -> str:
    """Who deleted what, where nothing else explains it; empty: nobody has deleted anything."""
    if sight.job_gone or is_being_deleted(sight.job):
        return "Somebody has deleted its Job (kubectl delete job does that)."
    if sight.pod_gone or is_being_deleted(sight.pod):
        return "Somebody has deleted its Pod (kubectl delete pod does that)."
    return ""


def _disruption(sight: Sight) -> str:
    reason, message = text(sight.pod, "status", "reason"), text(sight.pod, "status", "message")
    template = _REASONS.get(reason, "")
    if not template and reason.startswith(_REFUSED_BY_NODE):
        template = "It was refused by {node}, which was to run it."
    disruption = condition(sight.pod, "DisruptionTarget")
    if disruption is not None:
        message = message or disruption.message
        template = template or _DISRUPTIONS.get(disruption.reason, "It was disrupted by the cluster.")
    if not template:
        return ""
    node = f"node {sight.node}" if sight.node else "its node"
    return " ".join(each for each in (template.format(node=node), _sentence(message), _ANEW) if each)


def _deadline(sight: Sight) -> str:
    if sight.failure is None or sight.failure[0] != "DeadlineExceeded":
        return ""
    seconds = sight.deadline_seconds
    allowed = f"{seconds} s" if seconds is not None else "the time"
    return f"It took longer than {allowed}, which its Job may take (the job variable job_deadline_seconds)."


def _suspension(sight: Sight) -> str:
    if sight.was_let_go and sight.is_deleted and part(sight.job, "spec", "suspend") is True:
        return "Somebody has suspended its Job, which ends its Pod."
    return ""


def _sentence(message: str) -> str:
    message = message.strip()
    return f"The cluster says: {message.rstrip('.')}." if message else ""
