"""Whether an attempt has ended, and how, by what is seen of it. No I/O, no clock."""

import signal
from dataclasses import dataclass, replace

from orch_worker.launchers.base import Ending, Outcome
from orch_worker.launchers.containers.endings import ending_of_exit, with_result
from orch_worker.launchers.endings import code_in_words, signal_name, signal_of
from orch_worker.launchers.kubernetes.causes import cause_of, deletion_of
from orch_worker.launchers.kubernetes.objects import condition, is_being_deleted, number, part, text
from orch_worker.launchers.kubernetes.sights import Sight

MOST_RESULT_BYTES = 4096
"""Of a termination message, by which a result comes: what is longer is cut off by the cluster."""

_NEVER_STARTED = frozenset({"StartError", "ContainerCannotRun", "CreateContainerError", "RunContainerError"})
_OVERDUE_SECONDS = 10.0
_DEFAULT_GRACE_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What else is known of an attempt."""

    is_command: bool = False
    """Whether its termination message is its result."""
    wrapped: bool = False
    """Whether its pull steps come first."""
    stopped: bool = False
    """Whether its worker has asked it to end."""
    settled: frozenset[str] = frozenset()
    """What was waited for, by the names in Unsettled."""


@dataclass(frozen=True, slots=True)
class Unsettled:
    """It has ended, most likely; what tells how may be on its way."""

    awaited: str
    """What, for `Circumstances.settled`."""
    seconds: float
    """How long to wait for it at most."""


_POD_WORDS = Unsettled("the Pod's last words", 1.0)
_POD_NEWS = Unsettled("news of the Pod", 3.0)


def end_of(sight: Sight, known: Circumstances) -> Ending | Unsettled | None:
    """How it ended; None: it has not."""
    if sight.pod is None:
        return _without_pod(sight, known)
    if sight.pod_has_ended:
        return _unsettled(sight, known) or _of_ended(sight, known)
    if sight.pod_gone:
        return _of_vanished(sight, known)
    if is_being_deleted(sight.pod):
        return _of_leaving(sight, known)
    if sight.failure or sight.is_complete:
        # The two watches are not in step: the Pod's end is as good as here.
        return _wait(known, _POD_NEWS) or _by_job(sight)
    return None


def _wait(known: Circumstances, what: Unsettled) -> Unsettled | None:
    return None if what.awaited in known.settled else what


def _unsettled(sight: Sight, known: Circumstances) -> Unsettled | None:
    """The container has ended: why, the Pod or the Job may be about to say."""
    if sight.exit_code == 0:
        return None
    if not (sight.pod_phase_is_last or sight.pod_gone):
        return _wait(known, _POD_WORDS)
    if sight.is_deleted and not (known.stopped or cause_of(sight) or _job_has_spoken(sight)):
        return _wait(known, _job_words(sight))
    return None


def _job_has_spoken(sight: Sight) -> bool:
    return bool(sight.failure or sight.is_complete or sight.job_gone or is_being_deleted(sight.job))


def _job_words(sight: Sight) -> Unsettled:
    """The two watches are not in step, and a Job says only afterwards that its Pod had to end for a deadline."""
    return Unsettled("the Job's reason", 1.0 if sight.deadline_seconds is None else 5.0)


def _of_ended(sight: Sight, known: Circumstances) -> Ending:
    code = sight.exit_code
    if code == 0:
        return _completed(sight, known)
    cause = cause_of(sight) or ("" if known.stopped else deletion_of(sight))
    if cause:
        return Ending(Outcome.CRASHED, f"{cause}{_with_code(code)}", code)
    if code is None:
        return Ending(Outcome.CRASHED, _failed_without_code(sight))
    if text(sight.terminated, "reason") in _NEVER_STARTED:
        return Ending(Outcome.LAUNCH_FAILED, _never_started(sight), code)
    if known.stopped:
        return _of_stopped(code)
    if text(sight.terminated, "reason") == "OOMKilled":
        return Ending(Outcome.CRASHED, _out_of_memory(sight), code)
    return ending_of_exit(code, wrapped=known.wrapped)


def _completed(sight: Sight, known: Circumstances) -> Ending:
    ending = ending_of_exit(0)
    content = text(sight.terminated, "message").encode() if known.is_command else b""
    if len(content) < MOST_RESULT_BYTES:
        return with_result(ending, content, max_bytes=MOST_RESULT_BYTES)
    # It may have been cut off right there: that it is JSON nevertheless is no accident.
    whole = with_result(ending, content, max_bytes=MOST_RESULT_BYTES)
    return whole if whole.result else with_result(ending, content + b"\0", max_bytes=MOST_RESULT_BYTES)


def _of_stopped(code: int) -> Ending:
    ended_by = signal_of(code)
    if ended_by is None:
        return ending_of_exit(code)
    is_forced = ended_by == signal.SIGKILL
    how = "did not end in time when it was asked to, and was killed" if is_forced else "ended when it was asked to"
    return Ending(Outcome.CRASHED, f"It {how} ({signal_name(ended_by)}).", code)


def _with_code(code: int | None) -> str:
    return "" if code is None else f" It ended with exit code {code_in_words(code)}."


def _failed_without_code(sight: Sight) -> str:
    reason, message = text(sight.pod, "status", "reason"), text(sight.pod, "status", "message")
    said = f" The cluster says: {reason}{': ' if reason and message else ''}{message}." if reason or message else ""
    return f"Its Pod {sight.pod_name} has failed, and nobody can tell how its container ended.{said}"


def _never_started(sight: Sight) -> str:
    message = text(sight.terminated, "message") or "the cluster does not say why"
    return (
        f"Its container could not be started: {message.rstrip('.')}. Is the command right, and is it in the image? It"
        " comes from the deployment, or from the job variable command."
    )


def _out_of_memory(sight: Sight) -> str:
    containers = part(sight.pod, "spec", "containers")
    limits = [
        text(each, "resources", "limits", "memory")
        for each in (containers if isinstance(containers, list) else [])
        if text(each, "name") == text(sight.container, "name")
    ]
    limit = f"its limit of {limits[0]} (the job variable resources)" if any(limits) else "what its node has"
    return f"It was killed (OOMKilled): it needed more memory than {limit}. Let it use less, or give it more."


def _of_vanished(sight: Sight, known: Circumstances) -> Ending | Unsettled:
    """The Pod is gone, and its container's end was not seen."""
    waiting = None if _job_has_spoken(sight) else _wait(known, _job_words(sight))
    if waiting is not None:
        return waiting
    cause = cause_of(sight)
    if not cause and sight.is_complete:
        return ending_of_exit(0)
    if not cause and known.stopped:
        return Ending(Outcome.CRASHED, "It was stopped, and its Pod is gone.")
    return Ending(Outcome.CRASHED, f"{cause or deletion_of(sight)} How its container ended, nobody can tell.")


def _of_leaving(sight: Sight, known: Circumstances) -> Ending | Unsettled | None:
    """The Pod is being deleted, and its container has its grace. A node that is lost never says that it has ended."""
    if _is_node_lost(sight):
        return Ending(Outcome.CRASHED, cause_of(sight))
    grace = number(sight.pod, "metadata", "deletionGracePeriodSeconds")
    seconds = (_DEFAULT_GRACE_SECONDS if grace is None else grace) + _OVERDUE_SECONDS
    waiting = _wait(known, Unsettled(f"the Pod's end within {seconds:g} s", seconds))
    if waiting is not None:
        return waiting
    cause = cause_of(sight) or ("" if known.stopped else deletion_of(sight))
    lost = f"Node {sight.node} has not said within {seconds:g} s that it ended: it is lost, or cut off."
    return Ending(Outcome.CRASHED, f"{cause} {lost}".strip())


def _is_node_lost(sight: Sight) -> bool:
    """The cluster takes Pods off a node that is silent, having marked them as not ready before; while one whose node
    lives is ready until its container ends.
    """
    if text(sight.pod, "status", "reason") == "NodeLost":
        return True
    disruption = condition(sight.pod, "DisruptionTarget")
    driven_away = disruption is not None and disruption.reason == "DeletionByTaintManager"
    return driven_away and condition(sight.pod, "Ready", status="False") is not None


def _without_pod(sight: Sight, known: Circumstances) -> Ending | Unsettled | None:
    if sight.job is None or not (sight.job_gone or sight.failure or sight.is_complete):
        return None
    # A Job that its worker has deleted goes after its Pods.
    waiting = None if known.stopped and sight.job_gone else _wait(known, _POD_NEWS)
    if waiting is not None:
        return waiting
    if sight.failure or sight.is_complete:
        return _by_job(sight)
    message = "It was stopped before it began." if known.stopped else deletion_of(sight)
    return Ending(Outcome.CRASHED, message)


def _by_job(sight: Sight) -> Ending:
    """Its Pod's end was not seen."""
    if sight.is_complete:
        return replace(ending_of_exit(0), message="Its Job is complete; its Pod was gone before its end was seen.")
    reason, message = sight.failure or ("", "")
    said = cause_of(sight) or f"Its Job has failed ({reason}: {message.rstrip('.')})."
    return Ending(Outcome.CRASHED, f"{said} How its container ended, nobody can tell.")
