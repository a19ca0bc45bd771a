"""What deploy/kubernetes renders to is valid, holds together, and asks for no more rights than it needs."""

import ast
import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml

from orch_server.application.telemetry import QUEUE_DEPTH
from orch_server.options import OPTIONS
from tests.packaging.kubernetes.rendered import (
    FOLDER,
    FOLDERS,
    ROOT,
    Manifest,
    containers,
    named,
    pod_of,
    rendered,
    workloads,
)

VERSIONS = ("1.27", "1.32", "1.37")
"""gRPC probes are there for good from 1.27 on."""


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_is_valid(folder: str, version: str) -> None:
    for manifest in rendered(folder):
        kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("folder", FOLDERS)
def test_everything_is_in_one_namespace(folder: str) -> None:
    manifests = rendered(folder)
    inside = {each["metadata"].get("namespace") for each in manifests if each["kind"] != "Namespace"}

    assert inside == {"orch"}
    assert named(manifests, "RoleBinding", "orch-worker")["subjects"][0]["namespace"] == "orch"


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_pod_is_restricted(folder: str) -> None:
    """As https://kubernetes.io/docs/concepts/security/pod-security-standards says."""
    found = workloads(rendered(folder))
    assert found
    for workload in found:
        pod = pod_of(workload)["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] > 0
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        assert all({"emptyDir", "secret"} & set(volume) for volume in pod.get("volumes", []))
        for container in containers(workload):
            context = container["securityContext"]
            assert (context["allowPrivilegeEscalation"], context["capabilities"]) == (False, {"drop": ["ALL"]})
            assert context.get("privileged") is None


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_container_says_what_it_needs(folder: str) -> None:
    for workload in workloads(rendered(folder)):
        for container in containers(workload):
            assert {"cpu", "memory"} <= set(container["resources"]["requests"])
            assert "memory" in container["resources"]["limits"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_selects_pods_finds_some(folder: str) -> None:
    manifests = rendered(folder)
    pods = [pod_of(each) for each in workloads(manifests)]
    for manifest in manifests:
        wanted = _selected(manifest)
        if wanted:
            assert any(wanted.items() <= pod["metadata"]["labels"].items() for pod in pods), manifest["metadata"]


def _selected(manifest: Manifest) -> dict[str, str]:
    spec = manifest.get("spec", {})
    selector = spec.get("podSelector" if manifest["kind"] == "NetworkPolicy" else "selector", {})
    found: dict[str, str] = selector if manifest["kind"] == "Service" else selector.get("matchLabels", {})
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_ports_have_somebody_behind_them(folder: str) -> None:
    manifests = rendered(folder)
    for workload in workloads(manifests):
        ports = {port["name"]: port["containerPort"] for each in containers(workload) for port in each.get("ports", [])}
        for container in containers(workload):
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                asked = container.get(probe, {})
                port = asked.get("grpc", asked.get("httpGet", {})).get("port")
                assert port is None or port in ports or port in ports.values()
        services = [each for each in manifests if each["kind"] == "Service"]
        [service] = [each for each in services if each["metadata"]["name"] == workload["metadata"]["name"]]
        assert {port["targetPort"] for port in service["spec"]["ports"]} <= set(ports)


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_is_named_is_there(folder: str) -> None:
    manifests = rendered(folder)
    names = {(each["kind"], each["metadata"]["name"]) for each in manifests}
    for manifest in manifests:
        assert _named_by(manifest) <= names, manifest["metadata"]


def _named_by(manifest: Manifest) -> set[tuple[str, str]]:
    spec = manifest.get("spec", {})
    if manifest["kind"] == "HorizontalPodAutoscaler":
        return {(spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"])}
    if manifest["kind"] == "RoleBinding":
        subjects = {(each["kind"], each["name"]) for each in manifest["subjects"]}
        return {(manifest["roleRef"]["kind"], manifest["roleRef"]["name"])} | subjects
    account = spec.get("template", {}).get("spec", {}).get("serviceAccountName")
    service = spec.get("serviceName")
    return {("ServiceAccount", account)} - {("ServiceAccount", None)} | {("Service", service)} - {("Service", None)}


def test_nobody_may_more_than_a_worker_needs() -> None:
    roles = [each for each in rendered("base") if "Role" in each["kind"] and "rules" in each]
    rights = {(rule["apiGroups"][0], rule["resources"][0]): set(rule["verbs"]) for rule in roles[0]["rules"]}

    assert [each["kind"] for each in roles] == ["Role"]
    assert rights == {
        ("batch", "jobs"): {"get", "list", "watch", "create", "patch", "delete"},
        ("", "pods"): {"list", "watch", "delete"},
        ("", "pods/log"): {"get"},
        ("", "secrets"): {"create"},
        ("", "events"): {"list"},
    }


def test_only_the_worker_can_speak_with_kubernetes() -> None:
    for folder in FOLDERS:
        for workload in workloads(rendered(folder)):
            token = pod_of(workload)["spec"].get("automountServiceAccountToken", True)
            assert token is (workload["metadata"]["name"] == "orch-worker")


def test_a_server_has_the_time_to_end() -> None:
    server = named(rendered("base"), "Deployment", "orch-server")
    pod = pod_of(server)["spec"]
    [grace] = [float(each.default) for each in OPTIONS if each.name == "grace_seconds"]
    [_, seconds] = pod["containers"][0]["lifecycle"]["preStop"]["exec"]["command"]

    assert pod["terminationGracePeriodSeconds"] > float(seconds) + grace


def test_the_autoscaler_asks_for_the_gauge_that_servers_have() -> None:
    scaler = named(rendered("base"), "HorizontalPodAutoscaler", "orch-worker")
    worker = named(rendered("base"), "StatefulSet", "orch-worker")
    [metric] = [each["external"]["metric"] for each in scaler["spec"]["metrics"]]
    rules = yaml.safe_load((FOLDER / "metrics" / "prometheus_adapter_values.yaml").read_text())["rules"]["external"]

    # As OpenTelemetry's collector names it for Prometheus; a unit in braces is no unit.
    assert metric["name"] == QUEUE_DEPTH.name.replace(".", "_")
    assert QUEUE_DEPTH.unit.startswith("{")
    assert f"--pool={metric['selector']['matchLabels']['work_pool']}" in pod_of(worker)["spec"]["containers"][0]["args"]
    assert [each["name"]["as"] for each in rules] == [metric["name"]]
    # Who scales says how many there are: an applied manifest must not say otherwise.
    assert "replicas" not in worker["spec"]


def test_the_secrets_are_those_that_the_page_has_made() -> None:
    page = (ROOT / "docs" / "deploy_kubernetes.md").read_text()
    for folder in FOLDERS:
        for name, key in _secrets(rendered(folder)):
            assert name in page
            assert f"--from-literal={key}=" in page or name == "orch-tls", (name, key)


def _secrets(manifests: tuple[Manifest, ...]) -> set[tuple[str, str]]:
    found = set()
    for workload in workloads(manifests):
        variables = [variable for each in containers(workload) for variable in each.get("env", [])]
        references = [
            each["valueFrom"]["secretKeyRef"] for each in variables if "secretKeyRef" in each.get("valueFrom", {})
        ]
        found |= {(each["name"], each["key"]) for each in references}
        for volume in pod_of(workload)["spec"].get("volumes", []):
            secret = volume.get("secret", {})
            found |= {(secret["secretName"], each["key"]) for each in secret.get("items", [])}
    return found


OF_KUBERNETES = {"CreateContainerConfigError", "FailedGetExternalMetric"}
FILLED_IN = re.compile(r"'[^']*'|/\S+|\bimage\b")
"""What stands in a message for what it is about."""


def test_the_messages_that_the_page_explains_are_said_by_orch() -> None:
    page = (ROOT / "docs" / "deploy_kubernetes.md").read_text().partition("## Troubleshooting")[2]
    messages = re.findall(r"^\| [^|]* \| `([^`]+)` \|", page, re.MULTILINE)
    said = [text for file in _sources() for text in _texts(ast.parse(file.read_text()))]

    assert len(messages) > 10
    for message in set(messages) - OF_KUBERNETES:
        for words in FILLED_IN.split(message):
            assert any(words.strip() in text for text in said), message


def _sources() -> list[Path]:
    return [file for folder in ("server", "worker", "clients") for file in (ROOT / folder).rglob("*.py")]


def _texts(tree: ast.Module) -> list[str]:
    """All texts of a module, those that are put together of pieces in their pieces."""
    return [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
