"""Manifests as `kubectl kustomize` renders them, and ways to look into them."""

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import pytest
import yaml

from tests.support.required import need

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "deploy" / "kubernetes"
FOLDERS = ("base", "overlays/example", "overlays/tls", "overlays/trial")
WORKLOADS = ("Deployment", "StatefulSet")

Manifest: TypeAlias = dict[str, Any]
"""What YAML holds."""


@cache
def rendered(folder: str) -> tuple[Manifest, ...]:
    """All manifests of a folder of deploy/kubernetes. Overlays are skipped where kubectl is older than they need."""
    need("kubectl", there=shutil.which("kubectl") is not None, without="apt-get install kubernetes-client")
    command = ["kubectl", "kustomize", str(FOLDER / folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "Kustomization.patches" in done.stderr:
        pytest.skip("this kubectl is older than 1.21, and renders the base only")
    assert done.returncode == 0, done.stderr
    assert not done.stderr, done.stderr
    return tuple(yaml.safe_load_all(done.stdout))


def named(manifests: tuple[Manifest, ...], kind: str, name: str) -> Manifest:
    """The one of this kind and name."""
    [found] = [each for each in manifests if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    return found


def workloads(manifests: tuple[Manifest, ...]) -> list[Manifest]:
    """What makes pods."""
    return [each for each in manifests if each["kind"] in WORKLOADS]


def pod_of(workload: Manifest) -> Manifest:
    """The pods that it makes."""
    pod: Manifest = workload["spec"]["template"]
    return pod


def containers(workload: Manifest) -> Iterator[Manifest]:
    """Those that prepare, then those that stay."""
    spec = pod_of(workload)["spec"]
    yield from spec.get("initContainers", [])
    yield from spec["containers"]


def of_orch(manifests: tuple[Manifest, ...]) -> Iterator[Manifest]:
    """The containers that run Orch."""
    for workload in workloads(manifests):
        yield from (each for each in containers(workload) if each["image"].rpartition("/")[2].startswith("orch"))


def environment(container: Manifest, secrets: Mapping[tuple[str, str], str]) -> dict[str, str]:
    """Its variables, with these Secrets; what is read from the pod is its path."""
    return {each["name"]: _value(each, secrets) for each in container.get("env", [])}


def _value(variable: Manifest, secrets: Mapping[tuple[str, str], str]) -> str:
    if "value" in variable:
        return str(variable["value"])
    source = variable["valueFrom"]
    if "fieldRef" in source:
        return str(source["fieldRef"]["fieldPath"])
    reference = source["secretKeyRef"]
    return secrets[reference["name"], reference["key"]]
