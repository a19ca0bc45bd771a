"""A server, an emulated cluster whose Pods are processes of this machine, and a pool of type kubernetes."""

import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from json import dumps
from pathlib import Path
from uuid import uuid4

import pytest
import yaml

from orch_client.async_client import connect_async
from tests.e2e.faults.worker_process import WorkerProcess
from tests.e2e.test_worker_process import said
from tests.support.started_server import StartedServer, started_server
from tests.unit.worker.kubernetes.cluster import NAMESPACE, Cluster
from tests.unit.worker.kubernetes.processes import process_cluster
from tests.unit.worker.stage import Audience

TOKEN = "a token that a plug-in has fetched"
Working = Callable[[Path], AbstractAsyncContextManager[WorkerProcess]]

_PLUG_IN = """#!/bin/sh
token=$(cat "$TOKEN_FILE")
echo '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "'"$token"'"}}'
"""


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedServer]:
    """One server for all tests here."""
    with started_server(tmp_path_factory.mktemp("home")) as started:
        yield started


@pytest.fixture
async def cluster(tmp_path: Path) -> AsyncIterator[Cluster]:
    """It wants to see a token."""
    async with process_cluster(tmp_path) as found:
        found.api.token = TOKEN
        yield found


@pytest.fixture
async def audience(server: StartedServer) -> AsyncIterator[Audience]:
    """A client, and a pool of its own."""
    async with connect_async(server.url) as client:
        found = Audience(client, f"pool-{uuid4().hex[:8]}")
        # The processes that stand for Pods are on this machine, unlike Pods.
        variables = {"image": "emulated", "env": {"ORCH_API_URL": server.url}}
        await found.make_pool(kind="kubernetes", ttl_seconds=15, job_template_json=dumps({"variables": variables}))
        yield found


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """What the credential plug-in hands out."""
    file = tmp_path / "token"
    file.write_text(TOKEN)
    return file


@pytest.fixture
def kubeconfig(cluster: Cluster, token_file: Path, tmp_path: Path) -> Path:
    """As cloud providers write it: with a plug-in that fetches a token."""
    plug_in = tmp_path / "fetch-token"
    plug_in.write_text(_PLUG_IN)
    plug_in.chmod(plug_in.stat().st_mode | stat.S_IXUSR)
    fetch = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "command": str(plug_in),
        "env": [{"name": "TOKEN_FILE", "value": str(token_file)}],
    }
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test", "namespace": NAMESPACE}}],
        "clusters": [{"name": "test", "cluster": {"server": cluster.api.url}}],
        "users": [{"name": "test", "user": {"exec": fetch}}],
    }
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(content))
    return file


@pytest.fixture
def working(server: StartedServer, audience: Audience, kubeconfig: Path, monkeypatch: pytest.MonkeyPatch) -> Working:
    """Starts `orch-worker --type kubernetes`, always under the same name, on the home that is given."""
    monkeypatch.setenv("KUBECONFIG", str(kubeconfig))

    @asynccontextmanager
    async def start(home: Path) -> AsyncIterator[WorkerProcess]:
        options = ("--type", "kubernetes", "--log-format", "json")
        worker = WorkerProcess(home, server.url, "orch-worker-0", *options, pool=audience.pool)
        worker.start()
        try:
            await said(worker, "worker started")
            yield worker
        finally:
            await worker.close()

    return start
