"""How a worker starts, or says why it does not: settings, its directory, its pool, its launcher, its health."""

import asyncio
import json
import re
import sys
from contextlib import ExitStack
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from orch_client.async_client import connect_async
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest
from orch_worker.attempt_facts import AttemptFacts
from orch_worker.errors import AccessError, SettingsError, StartupError
from orch_worker.health import Health, health_endpoint
from orch_worker.held_runs import HeldRun, HeldRuns
from orch_worker.home import WorkerHome, worker_home
from orch_worker.launchers.base import AttemptKey
from orch_worker.launchers.loading import GROUP, launcher_factory
from orch_worker.lifecycle import Lifecycle
from orch_worker.options import settings_from_options
from orch_worker.patience import Contact
from orch_worker.pools import WantedPool, ensure_pool, find_pool
from orch_worker.resting import Rest
from orch_worker.sessions import Sessions, WorkerIdentity
from orch_worker.settings import labels_of
from orch_worker.telemetry import metric_exporters, open_telemetry
from tests.support.started_server import started_server
from tests.unit.worker.stage import Audience

if TYPE_CHECKING:
    from orch_worker.heartbeat import Heartbeat

OPTIONS: dict[str, object] = {
    "pool": "default",
    "queues": (),
    "limit": None,
    "labels": ("zone=b", "gpu="),
    "name": "",
    "pool_type": "",
    "create_pool": True,
    "home": "",
    "health_port": None,
    "health_host": "127.0.0.1",
    "log_format": "auto",
    "log_level": "info",
}


def test_options_become_settings(tmp_path: Path) -> None:
    environ = {"ORCH_API_URL": "http://127.0.0.1:4201", "ORCH_HOME": "/elsewhere"}

    settings = settings_from_options(OPTIONS | {"home": str(tmp_path), "limit": 3}, environ)

    assert (settings.home, settings.limit, settings.labels) == (tmp_path, 3, {"zone": "b", "gpu": ""})
    assert settings.client.url == "http://127.0.0.1:4201"
    # The runs' processes inherit it: their results and checkpoints lie where the worker's are.
    assert environ["ORCH_HOME"] == str(tmp_path)


def test_without_an_address_the_control_plane_of_the_home_directory_is_found(tmp_path: Path) -> None:
    with started_server(tmp_path) as server:
        assert settings_from_options(OPTIONS | {"home": str(tmp_path)}, {}).client.url == server.url
    with pytest.raises(SettingsError, match="ORCH_API_URL is not set, and no control plane runs"):
        settings_from_options(OPTIONS | {"home": str(tmp_path)}, {})


def test_a_pool_needs_a_name(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"--pool .* is empty"):
        settings_from_options(OPTIONS | {"pool": " ", "home": str(tmp_path)}, {})


@pytest.mark.parametrize("text", ["gpu", "=a", " = a"])
def test_a_label_needs_a_key_and_a_value(text: str) -> None:
    with pytest.raises(SettingsError, match="not of the form key=value"):
        labels_of([text])


def test_a_directory_is_for_one_worker_at_a_time(tmp_path: Path) -> None:
    with worker_home(tmp_path, pool="a pool/../x", name="w/1") as home:
        assert home.folder.parent.parent == tmp_path / "workers"
        with (
            pytest.raises(StartupError, match="A worker named 'w/1' serves pool"),
            worker_home(tmp_path, pool="a pool/../x", name="w/1"),
        ):
            pass
    with worker_home(tmp_path, pool="a pool/../x", name="w/1") as again:
        assert again == home


def test_without_a_name_the_next_free_one_is_taken(tmp_path: Path) -> None:
    with ExitStack() as stack:
        names = [stack.enter_context(worker_home(tmp_path, pool="p", name="")).name for _ in range(3)]
    with worker_home(tmp_path, pool="p", name="") as home:
        first = home.name

    assert names == [first, f"{first}-2", f"{first}-3"]


def test_names_that_look_alike_as_paths_have_directories_of_their_own(tmp_path: Path) -> None:
    names = ["a/b", "a%2Fb", "a_b", "..", "."]
    with ExitStack() as stack:
        folders = {stack.enter_context(worker_home(tmp_path, pool="p", name=name)).folder for name in names}

    assert len(folders) == len(names)
    assert {folder.parent for folder in folders} == {tmp_path / "workers" / "p"}


def test_a_home_that_cannot_be_written_is_said_in_words(tmp_path: Path) -> None:
    (tmp_path / "workers").write_text("a file")

    with (
        pytest.raises(StartupError, match="cannot be made or written"),
        worker_home(tmp_path, pool="p", name="w"),
    ):
        pass


def test_the_last_session_is_remembered_until_it_is_closed(tmp_path: Path) -> None:
    home = WorkerHome("w", tmp_path)
    assert home.last_session() == ""
    home.remember_session("0190-session")
    assert WorkerHome("w", tmp_path).last_session() == "0190-session"
    home.remember_session("")
    assert home.last_session() == ""


@pytest.mark.parametrize(
    ("pool_type", "words"),
    [
        ("submarine", "no launcher of that type is installed here (installed: "),
        ("docker", "aiodocker is not installed here. Install it (pip install 'orch[docker]'), or serve another pool."),
    ],
)
def test_a_pool_type_without_its_launcher_says_what_to_install(
    pool_type: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [each for each in sys.modules if each.startswith("orch_worker.launchers.docker")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "aiodocker", None)
    with pytest.raises(StartupError, match=f"Work pool 'fleet' is of type '{pool_type}', and {re.escape(words)}"):
        launcher_factory("fleet", pool_type)


def test_a_launcher_that_fails_when_it_is_loaded_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "orch_submarine.py").write_text("raise RuntimeError('no water')\n")
    monkeypatch.syspath_prepend(tmp_path)
    entry = EntryPoint("submarine", "orch_submarine:Launcher", GROUP)
    monkeypatch.setattr("orch_worker.launchers.loading.entry_points", lambda group: [entry])

    with pytest.raises(StartupError, match=r"the launcher \(orch_submarine:Launcher\) cannot be loaded: .*no water"):
        launcher_factory("fleet", "submarine")


async def test_a_missing_pool_is_made_unless_that_is_unwanted(audience: Audience) -> None:
    contact = Contact()
    with pytest.raises(StartupError, match="There is no work pool"):
        await find_pool(audience.client, contact, audience.pool, pool_type="", create=False)

    wanted = await find_pool(audience.client, contact, audience.pool, pool_type="", create=True)
    for _ in range(2):  # Another worker may be faster.
        await ensure_pool(audience.client, contact, wanted)
    found = await find_pool(audience.client, contact, audience.pool, pool_type="process", create=True)

    assert wanted == WantedPool(audience.pool, "process", exists=False)
    assert found == WantedPool(audience.pool, "process", exists=True)
    with pytest.raises(StartupError, match="is of type 'process', not 'docker'"):
        await find_pool(audience.client, contact, audience.pool, pool_type="docker", create=True)
    with pytest.raises(StartupError, match="is of type 'process', not 'docker'"):
        await ensure_pool(audience.client, contact, WantedPool(audience.pool, "docker", exists=False))


async def test_a_key_that_is_refused_is_said_at_once(tmp_path: Path) -> None:
    with started_server(tmp_path, environment={"ORCH_API_KEY": "the-right-key-0123"}) as server:
        async with connect_async(server.url, api_key="a-wrong-key-0123") as client:
            with pytest.raises(AccessError, match="key"):
                await find_pool(client, Contact(), "p", pool_type="", create=True)


async def test_a_queue_that_is_not_there_is_said_in_words(audience: Audience) -> None:
    await audience.client.work_pools.CreateWorkPool(CreateWorkPoolRequest(work_pool=WorkPool(name=audience.pool)))
    identity = WorkerIdentity("w", audience.pool, ("express",), 1, {}, "test")

    with pytest.raises(StartupError, match="express"):
        await Sessions(audience.client, Contact(), identity, lambda: 0.0).open()


def working(lifecycle: Lifecycle, *, answered_at: float, now: float) -> Health:
    """The health of a worker whose last heartbeat was answered then."""
    health, runs = Health(worker="w", pool="p"), HeldRuns(4)
    runs.add(HeldRun(AttemptKey("0190-run", 1), AttemptFacts()))  # type: ignore[arg-type]
    heartbeat = cast("Heartbeat", SimpleNamespace(last=SimpleNamespace(at=answered_at, ttl_seconds=15.0)))
    health.works(runs=runs, heartbeat=heartbeat, rest=Rest(lambda: now), lifecycle=lifecycle, clock=lambda: now)
    return health


async def get(port: int, request: str) -> tuple[str, dict[str, object]]:
    """The status line and the body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{request} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return head.split(b"\r\n")[0].decode(), json.loads(body or b"{}")


async def test_health_is_told_over_http() -> None:
    health = working(Lifecycle(), answered_at=100.0, now=105.0)
    async with health_endpoint(health, host="127.0.0.1", port=0) as port:
        assert port
        expected = {"worker": "w", "pool": "p", "ready": True, "slots": 4, "running": 1}
        assert await get(port, "GET /healthz") == ("HTTP/1.1 200 OK", expected)
        assert await get(port, "GET /readyz?verbose") == ("HTTP/1.1 200 OK", expected)
        assert await get(port, "HEAD /readyz") == ("HTTP/1.1 200 OK", {})
        assert (await get(port, "GET /"))[0] == "HTTP/1.1 404 Not Found"
        assert (await get(port, "POST /healthz"))[0] == "HTTP/1.1 405 Method Not Allowed"
        assert (await get(port, "nonsense"))[0] == "HTTP/1.1 405 Method Not Allowed"


async def test_a_worker_is_ready_while_its_heartbeats_are_answered_and_it_does_not_drain() -> None:
    draining = Lifecycle()
    draining.drain(why="a test")

    assert Health(worker="w", pool="p").not_ready() == "starting: no session yet"
    assert working(Lifecycle(), answered_at=100.0, now=116.0).not_ready() == "no heartbeat was answered for 16 s"
    assert working(draining, answered_at=100.0, now=101.0).not_ready() == "draining"
    assert working(draining, answered_at=100.0, now=101.0).answer("/healthz")[0] == 200
    assert working(draining, answered_at=100.0, now=101.0).answer("/readyz")[0] == 503


async def test_a_health_port_that_is_taken_is_said_in_words() -> None:
    health = Health(worker="w", pool="p")
    async with health_endpoint(health, host="127.0.0.1", port=0) as port:
        with pytest.raises(StartupError, match=f"cannot listen on 127.0.0.1:{port}"):
            async with health_endpoint(health, host="127.0.0.1", port=port):
                pass


def test_metrics_are_off_unless_the_environment_asks_for_them() -> None:
    assert metric_exporters({}) == ()
    assert metric_exporters({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x:4317"}) == ("otlp",)
    assert metric_exporters({"OTEL_METRICS_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x"}) == ()
    assert metric_exporters({"OTEL_METRICS_EXPORTER": "console", "OTEL_SDK_DISABLED": "true"}) == ()
    with pytest.raises(SettingsError, match="not to prometheus"):
        metric_exporters({"OTEL_METRICS_EXPORTER": "prometheus"})


def test_metrics_leave_through_opentelemetry(capsys: pytest.CaptureFixture[str]) -> None:
    from orch_worker.meters import LAUNCH_DURATION, RUNS_ENDED, SLOTS

    with open_telemetry(version="1", worker="w", environ={"OTEL_METRICS_EXPORTER": "console"}) as telemetry:
        telemetry.count(RUNS_ENDED, outcome="completed")
        telemetry.record(LAUNCH_DURATION, 0.02)
        telemetry.observe(SLOTS, lambda: 8)

    told = capsys.readouterr().out
    for name in ("orch.worker.runs.ended", "orch.worker.launch.duration", "orch.worker.slots", "orch-worker"):
        assert name in told


async def test_a_worker_of_another_protocol_version_is_refused_in_words(
    audience: Audience, monkeypatch: pytest.MonkeyPatch
) -> None:
    await audience.make_pool()
    monkeypatch.setattr("orch_worker.sessions.PROTOCOL_VERSION", 9)
    identity = WorkerIdentity("w", audience.pool, (), 1, {}, "test")

    with pytest.raises(StartupError, match="protocol"):
        await Sessions(audience.client, Contact(), identity, lambda: 0.0).open()
