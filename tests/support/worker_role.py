"""What the worker may do in Kubernetes: the Role that deploy/kubernetes gives it."""

from functools import cache
from pathlib import Path

import yaml

_FILE = Path(__file__).resolve().parents[2] / "deploy" / "kubernetes" / "base" / "worker_access.yaml"


@cache
def rights() -> frozenset[tuple[str, str, str]]:
    """Group, resource (with its subresource: pods/log) and verb, each of which is allowed."""
    [role] = [each for each in yaml.safe_load_all(_FILE.read_text(encoding="utf-8")) if each["kind"] == "Role"]
    return frozenset(
        (group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    )


def may(group: str, resource: str, verb: str) -> bool:
    """Whether the worker's service account may do this."""
    return (group, resource, verb) in rights()
