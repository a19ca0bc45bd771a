"""The Job and the Secret of an attempt."""

import base64
import math
from collections.abc import Mapping, Sequence
from typing import cast

from pydantic import BaseModel

from orch_worker.launchers.base import Job, LaunchError
from orch_worker.launchers.containers.contents import Contents, contents_of
from orch_worker.launchers.kubernetes.facts import LaunchFacts, Output
from orch_worker.launchers.kubernetes.naming import LAUNCH, MEMO, Owner, job_name, merged_labels
from orch_worker.launchers.kubernetes.objects import Object, name_of, uid_of
from orch_worker.launchers.kubernetes.patching import patched
from orch_worker.launchers.kubernetes.sights import CONTAINER
from orch_worker.launchers.kubernetes.variables import KubernetesVariables

RESULT_FILE = "/dev/termination-log"
"""What a container writes there is its termination message: the only file that the API shows."""
FILES_FOLDER = "/var/run/orch"
_FILES_VOLUME = "orch-files"
_SECRET_VARIABLES = ("ORCH_API_KEY", "ORCH_PARAMETERS", "ORCH_PULL_STEPS")
"""What of the environment only the run is to see. The rest is there for people who look at the Job."""
_MOST_SECRET_BYTES = 1000 * 1024
_UNREAD_SECONDS = 24 * 3600
"""How long an end waits in the cluster for a worker that comes back. What it is kept for afterwards is said then."""

_NOT_WANTED = (
    "podFailurePolicy",
    "successPolicy",
    "backoffLimitPerIndex",
    "maxFailedIndexes",
    "completionMode",
    "selector",
    "manualSelector",
    "managedBy",
)
"""Of a Job's spec: what could make a second Pod, or leave it without any."""

# What the Pod Security Standards call restricted.
# https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
_POD_SECURITY: Object = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
_CONTAINER_SECURITY: Object = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}


def contents_for(job: Job, variables: KubernetesVariables) -> Contents:
    """What a job's container runs. Raises LaunchError."""
    contents = contents_of(job, variables, folder=FILES_FOLDER, result_file=RESULT_FILE)
    size = sum(map(len, contents.files.values())) + sum(
        len(contents.environment.get(name, "").encode()) for name in _SECRET_VARIABLES
    )
    if size > _MOST_SECRET_BYTES:
        raise LaunchError(
            f"The run's parameters, pull steps and certificates have {size // 1024} KiB, and a Secret of Kubernetes has"
            f" room for {_MOST_SECRET_BYTES // 1024} KiB. Store large parameters elsewhere, and pass their address."
        )
    return contents


def job_manifest(job: Job, variables: KubernetesVariables, contents: Contents, owner: Owner, namespace: str) -> Object:
    """The Job, suspended: its Secret has to be made before its Pod. Raises LaunchError."""
    name = job_name(job.key)
    labels = merged_labels(owner.labels(job.key), variables.labels)
    facts = facts_of(job, variables, contents)
    annotations = {**variables.annotations, **owner.annotations(), MEMO: job.memo, LAUNCH: facts.text()}
    spec: Object = {
        "suspend": True,
        "backoffLimit": 0,
        "completions": 1,
        "parallelism": 1,
        "ttlSecondsAfterFinished": _UNREAD_SECONDS,
        "activeDeadlineSeconds": variables.job_deadline_seconds,
        "template": {
            "metadata": {"labels": labels, "annotations": annotations},
            "spec": _given(_pod_spec(variables, contents, name)),
        },
    }
    manifest: Object = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name, "namespace": namespace, "labels": labels, "annotations": annotations},
        "spec": _given(spec),
    }
    return _with_patch(manifest, variables.manifest_patch)


def secret_manifest(job: Object, contents: Contents) -> Object:
    """The Secret of a Job that was created: it goes with the Job."""
    data = {name: contents.environment[name].encode() for name in _SECRET_VARIABLES if name in contents.environment}
    data |= {_file_key(path): content for path, content in contents.files.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name_of(job),
            "labels": cast("Object", job["metadata"])["labels"],
            "ownerReferences": [{"apiVersion": "batch/v1", "kind": "Job", "name": name_of(job), "uid": uid_of(job)}],
        },
        "type": "Opaque",
        "immutable": True,
        "data": {key: base64.b64encode(value).decode() for key, value in data.items()},
    }


def facts_of(job: Job, variables: KubernetesVariables, contents: Contents) -> LaunchFacts:
    """What the launcher wants to know again."""
    is_command = bool(job.spec.command)
    outputs: Mapping[bool | None, Output] = {True: "live", False: "none", None: "live" if is_command else "bad_end"}
    return LaunchFacts(
        is_command=is_command,
        wrapped=contents.wrapped,
        output=outputs[variables.stream_output],
        trouble_seconds=variables.pod_watch_timeout_seconds,
        keep_seconds=variables.finished_job_ttl,
    )


def _pod_spec(variables: KubernetesVariables, contents: Contents, secret: str) -> Object:
    volumes = _plain(variables.volumes)
    if contents.files:
        items = [{"key": _file_key(path), "path": _relative(path)} for path in contents.files]
        volumes = [*volumes, {"name": _FILES_VOLUME, "secret": {"secretName": secret, "items": items}}]
    return {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": math.ceil(variables.grace_seconds),
        # Services of the namespace would set variables like ORCH_SERVER_PORT.
        "enableServiceLinks": False,
        "automountServiceAccountToken": variables.service_account_name is not None,
        "serviceAccountName": variables.service_account_name,
        "securityContext": patched(_POD_SECURITY, variables.pod_security_context),
        "nodeSelector": dict(variables.node_selector),
        "tolerations": _plain(variables.tolerations),
        "affinity": variables.affinity and variables.affinity.model_dump(exclude_none=True),
        "priorityClassName": variables.priority_class_name,
        "imagePullSecrets": [{"name": each} for each in variables.image_pull_secrets],
        "volumes": volumes,
        "containers": [_given(_container(variables, contents, secret))],
    }


def _container(variables: KubernetesVariables, contents: Contents, secret: str) -> Object:
    mounts = _plain(variables.volume_mounts)
    if contents.files:
        mounts = [*mounts, {"name": _FILES_VOLUME, "mountPath": FILES_FOLDER, "readOnly": True}]
    return {
        "name": CONTAINER,
        "image": variables.image,
        "imagePullPolicy": variables.image_pull_policy,
        # The image's entry point is not asked: it might be a server.
        "command": [_literal(each) for each in contents.command],
        "workingDir": variables.working_dir,
        "env": [_environment_entry(name, text, secret) for name, text in sorted(contents.environment.items())],
        "envFrom": _plain(variables.env_from),
        "resources": _given(variables.resources.model_dump()),
        "securityContext": patched(_CONTAINER_SECURITY, variables.security_context),
        "volumeMounts": mounts,
        "terminationMessagePath": RESULT_FILE,
    }


def _environment_entry(name: str, text: str, secret: str) -> Object:
    if name in _SECRET_VARIABLES:
        return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret, "key": name}}}
    return {"name": name, "value": _literal(text)}


def _literal(text: str) -> str:
    """Kubernetes replaces $(NAME) in commands and values, and takes $$ for $ there."""
    return text.replace("$", "$$") if "$(" in text or "$$" in text else text


def _file_key(path: str) -> str:
    return _relative(path).replace("/", ".")


def _relative(path: str) -> str:
    return path.removeprefix(f"{FILES_FOLDER}/")


def _with_patch(manifest: Object, patch: Object) -> Object:
    """The user's patch over it. Raises LaunchError where it changes what Orch depends on."""
    merged = patched(manifest, patch)
    if merged != patched(merged, _fixed(manifest)):
        raise LaunchError(
            "The job variable manifest_patch changes what Orch needs as it is: the Job's name, namespace or kind, its"
            " labels or annotations by Orch, suspend, backoffLimit, completions, parallelism,"
            f" ttlSecondsAfterFinished (see finished_job_ttl), {', '.join(_NOT_WANTED)}, its Pod's restartPolicy, or"
            f" the terminationMessagePath of its container {CONTAINER}. Leave these out."
        )
    return cast("Object", merged)


def _fixed(manifest: Object) -> Object:
    """What no patch may change."""
    metadata = cast("Object", manifest["metadata"])
    labels = {"labels": metadata["labels"], "annotations": metadata["annotations"]}
    return {
        "apiVersion": manifest["apiVersion"],
        "kind": manifest["kind"],
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], **labels},
        "spec": {
            "suspend": True,
            "backoffLimit": 0,
            "completions": 1,
            "parallelism": 1,
            "ttlSecondsAfterFinished": _UNREAD_SECONDS,
            **dict.fromkeys(_NOT_WANTED),
            "template": {
                "metadata": labels,
                "spec": {
                    "restartPolicy": "Never",
                    "containers": [{"name": CONTAINER, "terminationMessagePath": RESULT_FILE}],
                },
            },
        },
    }


def _plain(models: Sequence[BaseModel]) -> list[object]:
    """Models as the API has them."""
    return [each.model_dump(exclude_none=True) for each in models]


def _given(found: Object) -> Object:
    """Without what is not set, or empty. What users have written is left as it is: emptyDir: {}, for instance."""
    return {name: value for name, value in found.items() if value is not None and value not in ({}, [])}
