"""How the worker finds its cluster."""

from pathlib import Path

import pytest
import yaml

from orch_worker.launchers.kubernetes import authentication
from orch_worker.launchers.kubernetes.authentication import AuthenticationError, find_access


def kubeconfig(folder: Path, user: dict[str, object], *, namespace: str | None = None) -> dict[str, str]:
    """An environment that names a kubeconfig with two contexts."""
    context = {"cluster": "test", "user": "test"} | ({"namespace": namespace} if namespace else {})
    content = {
        "current-context": "test",
        "contexts": [
            {"name": "test", "context": context},
            {"name": "other", "context": context | {"namespace": "elsewhere"}},
        ],
        "clusters": [{"name": "test", "cluster": {"server": "https://cluster.example:6443/"}}],
        "users": [{"name": "test", "user": user}],
    }
    file = folder / "kubeconfig"
    file.write_text(yaml.safe_dump(content))
    return {"KUBECONFIG": str(file)}


async def test_a_kubeconfig_names_cluster_token_and_namespace(tmp_path: Path) -> None:
    access = await find_access(kubeconfig(tmp_path, {"token": "t"}, namespace="etl"))

    assert (access.configuration.host, access.namespace) == ("https://cluster.example:6443", "etl")
    assert access.configuration.api_key["BearerToken"] == "Bearer t"


async def test_another_context_may_be_named(tmp_path: Path) -> None:
    environment = kubeconfig(tmp_path, {"token": "t"}) | {"ORCH_KUBERNETES_CONTEXT": "other"}

    assert (await find_access(environment)).namespace == "elsewhere"


async def test_a_pod_has_a_service_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in {"token": "t", "ca.crt": "certificate", "namespace": "orch\n"}.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(authentication, "_SERVICE_ACCOUNT", tmp_path)

    access = await find_access({"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"})

    assert (access.configuration.host, access.namespace) == ("https://10.0.0.1:443", "orch")
    assert await access.configuration.get_api_key_with_prefix("BearerToken") == "Bearer t"


@pytest.mark.parametrize(
    ("user", "words"),
    [
        ({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "/no/such/plug-in"}}, "plug-in"),
        ({"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": "false"}}, "exec: process returned 1"),
    ],
)
async def test_a_plug_in_that_fails_is_told(tmp_path: Path, user: dict[str, object], words: str) -> None:
    with pytest.raises(AuthenticationError, match=words):
        await find_access(kubeconfig(tmp_path, user))


async def test_no_cluster_is_named(tmp_path: Path) -> None:
    with pytest.raises(AuthenticationError, match="there is no kubeconfig file"):
        await find_access({"KUBECONFIG": str(tmp_path / "nothing")})
