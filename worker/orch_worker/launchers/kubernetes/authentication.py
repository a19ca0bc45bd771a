"""Where the API server is, and how the worker proves who it is: as a pod of the cluster, or by a kubeconfig."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kubernetes_asyncio.client import Configuration
from kubernetes_asyncio.config import ConfigException, load_incluster_config, load_kube_config

_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_DEFAULT_KUBECONFIG = "~/.kube/config"
_DEFAULT_NAMESPACE = "default"


class AuthenticationError(Exception):
    """No way to the API server is known, or it cannot be used. The text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Access:
    """How to reach a cluster, as of now: tokens and certificates run out, and are then asked for anew."""

    configuration: Configuration
    namespace: str
    """The worker's own, or that of the kubeconfig's context."""

    @property
    def connects_by(self) -> tuple[object, ...]:
        """What a connection is made with: another connection is needed where it has changed. Tokens come with calls."""
        found = self.configuration
        return (found.host, found.ssl_ca_cert, found.cert_file, found.key_file, found.verify_ssl, found.proxy)


async def find_access(environ: Mapping[str, str]) -> Access:
    """KUBECONFIG where that is set; else the service account of the worker's own pod; else ~/.kube/config.

    Runs the credential plug-in that a kubeconfig names. Raises AuthenticationError.
    """
    configuration = Configuration()
    # Each followed log has a connection of its own.
    configuration.connection_pool_maxsize = 0
    try:
        if "KUBECONFIG" not in environ and "KUBERNETES_SERVICE_HOST" in environ:
            load_incluster_config(
                configuration,
                token_filename=str(_SERVICE_ACCOUNT / "token"),
                cert_filename=str(_SERVICE_ACCOUNT / "ca.crt"),
                environ=dict(environ),
            )
            return Access(configuration, (_SERVICE_ACCOUNT / "namespace").read_text(encoding="utf-8").strip())
        loader = await load_kube_config(
            config_file=_kubeconfig(environ),
            context=environ.get("ORCH_KUBERNETES_CONTEXT") or None,
            client_configuration=configuration,
            persist_config=False,
        )
    except (ConfigException, OSError, ValueError, AssertionError) as error:
        cause = (str(error) or type(error).__name__).rstrip(".")
        raise AuthenticationError(
            f"The way to the cluster cannot be found: {cause}. Run the worker in a pod with a service account, or set"
            " KUBECONFIG to a kubeconfig file that works with kubectl."
        ) from error
    context = loader.current_context or {}
    return Access(configuration, str(context.get("context", {}).get("namespace") or _DEFAULT_NAMESPACE))


def _kubeconfig(environ: Mapping[str, str]) -> str:
    """The file, or the files, separated as on the PATH."""
    files = os.path.expanduser(environ.get("KUBECONFIG") or _DEFAULT_KUBECONFIG)
    if not any(os.path.exists(os.path.expanduser(each)) for each in files.split(os.pathsep)):
        raise AuthenticationError(
            f"The worker does not run in a pod, and there is no kubeconfig file {files}. Set KUBECONFIG to the one that"
            " kubectl uses."
        )
    return files
