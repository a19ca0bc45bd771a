"""What the cluster is asked for: valid by the official schemas, restricted by default, and as the variables say."""

import json
from typing import Any

import kubernetes_validate
import pytest

from orch_worker.launchers.base import AttemptKey, Job, LaunchError, LauncherSettings
from orch_worker.launchers.containers.variables import read_variables
from orch_worker.launchers.kubernetes.manifests import contents_for, job_manifest, secret_manifest
from orch_worker.launchers.kubernetes.naming import Owner, key_of, label_value
from orch_worker.launchers.kubernetes.variables import KubernetesVariables
from tests.unit.worker.kubernetes.stage import make_job
from tests.unit.worker.kubernetes.store import Json

SETTINGS = {"pool_name": "pods", "worker_name": "worker", "control_plane_id": "0198c0de-1111-7000-8000-000000000001"}
FULL: Json = {
    "image": "registry.example/etl:1",
    "image_pull_policy": "Always",
    "command": "python -m orch.run",
    "env": {"TZ": "UTC", "LIMIT": 3},
    "working_dir": "/app",
    "namespace": "batch",
    "service_account_name": "etl",
    "env_from": [{"secretRef": {"name": "warehouse"}}, {"configMapRef": {"name": "etl"}, "prefix": "ETL_"}],
    "resources": {"requests": {"cpu": 0.5, "memory": "1Gi"}, "limits": {"memory": "2Gi", "nvidia.com/gpu": 1}},
    "node_selector": {"disk": "ssd"},
    "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
    "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
    "priority_class_name": "batch",
    "volumes": [{"name": "scratch", "emptyDir": {}}, {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
    "volume_mounts": [{"name": "scratch", "mountPath": "/tmp"}, {"name": "data", "mountPath": "/data"}],
    "image_pull_secrets": ["registry"],
    "pod_security_context": {"runAsUser": 1000, "fsGroup": 1000},
    "security_context": {"readOnlyRootFilesystem": True},
    "annotations": {"example.com/team": "data"},
    "labels": {"team": "data"},
    "job_deadline_seconds": 3600,
    "finished_job_ttl": 600,
    "pod_watch_timeout_seconds": 60,
    "grace_seconds": 12.5,
    "manifest_patch": {
        "spec": {
            "template": {
                "metadata": {"annotations": {"example.com/scrape": "true"}},
                "spec": {
                    "containers": [
                        {"name": "run", "stdin": True},
                        {"name": "proxy", "image": "registry.example/proxy:1"},
                    ],
                    "dnsPolicy": "ClusterFirst",
                },
            }
        }
    },
}


def manifest_of(job: Job, *, pool_name: str = "pods") -> Any:  # noqa: ANN401 # JSON
    """The Job, as it is sent."""
    variables = read_variables(KubernetesVariables, job.variables, pool_type="kubernetes")
    owner = Owner.of(LauncherSettings(folder=None, **(SETTINGS | {"pool_name": pool_name})))  # type: ignore[arg-type]
    return json.loads(json.dumps(job_manifest(job, variables, contents_for(job, variables), owner, "runs")))


def pod_of(job: Job) -> Any:  # noqa: ANN401 # JSON
    """Its Pod's spec."""
    return manifest_of(job)["spec"]["template"]["spec"]


@pytest.mark.parametrize("version", ["1.28", kubernetes_validate.latest_version()])
@pytest.mark.parametrize("variables", [{}, FULL], ids=["bare", "full"])
def test_job_and_secret_are_valid(variables: dict[str, Any], version: str) -> None:
    steps = json.dumps([{"step": "git", "url": "https://git.example/etl.git"}])
    job = make_job(entrypoint="etl.py:etl", pull_steps=steps)
    job = Job(**{**{name: getattr(job, name) for name in job.__slots__}, "variables": {"image": "etl", **variables}})
    manifest = manifest_of(job)
    created = {**manifest, "metadata": {**manifest["metadata"], "uid": "0198c0de-2222-7000-8000-000000000001"}}
    contents = contents_for(job, read_variables(KubernetesVariables, job.variables, pool_type="kubernetes"))

    kubernetes_validate.validate(manifest, version, strict=True)
    kubernetes_validate.validate(secret_manifest(created, contents), version, strict=True)


def test_it_keeps_to_the_restricted_profile_by_default() -> None:
    pod = pod_of(make_job())
    (container,) = pod["containers"]

    assert pod["securityContext"] == {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
    assert container["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    assert (pod["automountServiceAccountToken"], pod["enableServiceLinks"]) == (False, False)


def test_security_is_merged_over_the_defaults() -> None:
    pod = pod_of(make_job(pod_security_context={"runAsUser": 1000, "seccompProfile": None}))

    assert pod["securityContext"] == {"runAsNonRoot": True, "runAsUser": 1000}


def test_the_job_runs_once() -> None:
    spec = manifest_of(make_job())["spec"]

    assert (spec["backoffLimit"], spec["completions"], spec["parallelism"]) == (0, 1, 1)
    assert spec["template"]["spec"]["restartPolicy"] == "Never"


def test_a_patch_adds_containers_beside_the_run() -> None:
    manifest = manifest_of(make_job("etl", **FULL))
    run, proxy = manifest["spec"]["template"]["spec"]["containers"]

    assert (run["name"], run["stdin"], run["command"]) == ("run", True, ["etl"])
    assert proxy["image"] == "registry.example/proxy:1"


@pytest.mark.parametrize(
    "patch",
    [
        {"spec": {"backoffLimit": 3}},
        {"metadata": {"name": "mine"}},
        {"metadata": {"labels": {"orch.dev/token": None}}},
        {"spec": {"template": {"spec": {"restartPolicy": "OnFailure"}}}},
        {"kind": "CronJob"},
        {"spec": {"podFailurePolicy": {"rules": [{"action": "Ignore"}]}}},
        {"spec": {"completionMode": "Indexed"}},
        {"spec": {"ttlSecondsAfterFinished": 0}},
    ],
)
def test_a_patch_cannot_take_the_ground_away(patch: Json) -> None:
    with pytest.raises(LaunchError, match="manifest_patch changes what Orch needs"):
        manifest_of(make_job(manifest_patch=patch))


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"image": None}, "The job variable image is missing"),
        ({"img": "x"}, "Did you mean image?"),
        ({"resources": {"limit": {}}}, "Did you mean limits?"),
        ({"resources": {"limits": {"memory": "lots"}}}, "resources.limits.memory is 'lots'"),
        ({"tolerations": [{"effect": "Never"}]}, "tolerations[0].effect is 'Never'"),
        ({"volume_mounts": [{"name": "data"}]}, "volume_mounts[0].mountPath is missing"),
        ({"job_deadline_seconds": 0}, "job_deadline_seconds is 0"),
        ({"namespace": "No Such"}, "namespace is 'No Such'"),
    ],
)
def test_wrong_variables_are_told(variables: dict[str, Any], words: str) -> None:
    with pytest.raises(LaunchError) as refused:
        manifest_of(make_job(**variables))

    assert words in str(refused.value)


def test_names_that_are_no_labels_keep_their_own() -> None:
    first, second = (manifest_of(make_job(), pool_name=name) for name in ("Große Pods!", "Große Pods?"))

    assert first["metadata"]["annotations"]["orch.dev/work-pool"] == "Große Pods!"
    assert first["metadata"]["labels"]["orch.dev/work-pool"] != second["metadata"]["labels"]["orch.dev/work-pool"]
    assert label_value("x" * 100)[:50] == "x" * 50
    assert len(label_value("x" * 100)) == 63


def test_an_attempt_is_known_by_its_labels() -> None:
    key = AttemptKey("0198c0de-0000-7000-8000-000000000001", 12345678901234567890)
    manifest = manifest_of(make_job(key=key))

    assert key_of(manifest) == key
    assert len(manifest["metadata"]["name"]) <= 63


def test_dollars_mean_themselves() -> None:
    """Kubernetes would replace $(NAME), and take $$ for $."""
    (container,) = pod_of(make_job("sh", "-c", "echo $(date) $$ $HOME"))["containers"]

    assert container["command"] == ["sh", "-c", "echo $$(date) $$$$ $$HOME"]


def test_large_parameters_come_by_file() -> None:
    job = make_job("etl", parameters=json.dumps({"text": "x" * 100_000}))
    pod = pod_of(job)
    environment = {each["name"]: each.get("value") for each in pod["containers"][0]["env"]}

    assert environment["ORCH_PARAMETERS_FILE"] == "/var/run/orch/parameters.json"
    assert pod["volumes"][0]["secret"]["items"] == [{"key": "parameters.json", "path": "parameters.json"}]


def test_parameters_that_have_no_room_are_refused() -> None:
    with pytest.raises(LaunchError, match="a Secret of Kubernetes has room for 1000 KiB"):
        manifest_of(make_job("etl", parameters=json.dumps({"text": "x" * 1_100_000})))
