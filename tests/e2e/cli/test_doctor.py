"""`orch doctor` against real control planes: reached or not, let in or not, with work that nobody does."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orch_cli.doctor import control_plane
from orch_client import Client, connect
from tests.e2e.held_runs import Holder
from tests.support.invoked_command import InvokedOrch
from tests.support.started_server import started_server

_KEY = "the-key"


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A control plane that asks for a key, and calls a run late at once."""
    home = tmp_path_factory.mktemp("home")
    options = ("--late-after-seconds", "0", "--sweep-interval-seconds", "0.05")
    with (
        started_server(home, *options, environment={"ORCH_API_KEY": _KEY}) as server,
        connect(server.url, api_key=_KEY) as connected,
    ):
        yield connected


@pytest.fixture
def orch(client: Client, tmp_path: Path) -> InvokedOrch:
    """The command."""
    return InvokedOrch(tmp_path, client.settings.url, ORCH_API_KEY=_KEY)


def found(orch: InvokedOrch, subject: str, **environment: str) -> list[dict[str, Any]]:
    """What the doctor finds about something."""
    return [each for each in orch("doctor", "-o", "json", **environment).document if each["subject"] == subject]


def late(client: Client, holder: Holder, orch: InvokedOrch) -> str:
    """A run of the holder's that has come to be late."""
    from orch_proto.v1.flow_run_service_pb2 import WatchFlowRunRequest

    run = orch("run", holder.key, "-o", "id").out.strip()
    watch = client.flow_runs.WatchFlowRun(WatchFlowRunRequest(flow_run_id=run))
    assert any(each.flow_run.state.name == "Late" for each in watch)
    return run


def test_a_control_plane_in_order_is_told_so(orch: InvokedOrch, client: Client) -> None:
    (plane,) = found(orch, "control plane")
    (access,) = found(orch, "access")
    (clock,) = found(orch, "clock")

    assert plane["status"] == "ok"
    assert client.settings.url in plane["message"]
    assert "on sqlite" in plane["message"]
    assert (access["status"], "with a key" in access["message"]) == ("ok", True)
    assert clock["status"] == "ok"


def test_one_that_does_not_answer_is_told(orch: InvokedOrch) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        done = orch("doctor", ORCH_API_URL=url)

    assert done.code == 1
    (line,) = [line for line in done.lines if line.startswith("wrong")]
    assert f"Cannot reach the control plane at {url}" in line


@pytest.mark.parametrize(
    ("key", "words"), [("", "asks for an API key"), ("another", "not one that this control plane knows")]
)
def test_a_key_that_does_not_fit_is_told(orch: InvokedOrch, key: str, words: str) -> None:
    (finding,) = found(orch, "key", ORCH_API_KEY=key)

    assert finding["status"] == "wrong"
    assert words in finding["message"]
    assert orch("doctor", ORCH_API_KEY=key).code == 1


def test_a_key_that_would_travel_unencrypted_is_told(orch: InvokedOrch) -> None:
    (finding,) = found(orch, "access", ORCH_API_URL="http://203.0.113.1:4201")

    assert finding["status"] == "wrong"
    assert "would travel unencrypted" in finding["message"]


def test_late_runs_without_a_worker_are_wrong(orch: InvokedOrch, client: Client) -> None:
    holder = Holder(client, "unserved", online=False)
    run = late(client, holder, orch)

    (finding,) = found(orch, "runs")

    assert finding["status"] == "wrong"
    assert finding["message"] == "1 run is late in the pool unserved, and no worker serves it."
    assert "`orch worker start --pool unserved`" in finding["remedy"]
    assert orch("doctor").code == 1
    orch("flow-run", "cancel", run)
    assert found(orch, "runs")[0]["message"] == "None is late."


def test_late_runs_in_a_paused_pool_are_a_warning(orch: InvokedOrch, client: Client) -> None:
    holder = Holder(client, "paused")
    orch("work-pool", "pause", "paused")
    run = late(client, holder, orch)

    (finding,) = found(orch, "runs")

    assert (finding["status"], finding["remedy"]) == ("warning", "`orch work-pool resume paused`")
    assert orch("doctor").code == 0
    orch("flow-run", "cancel", run)


def test_late_runs_of_a_busy_pool_are_a_warning(orch: InvokedOrch, client: Client) -> None:
    holder = Holder(client, "busy")
    orch("work-pool", "update", "busy", "--concurrency-limit", "1")
    orch("run", holder.key)
    holder.takes().becomes("RUNNING")
    run = late(client, holder, orch)

    (finding,) = found(orch, "runs")

    assert finding["status"] == "warning"
    assert "whose workers hold 1" in finding["message"]
    assert "`orch work-pool update busy --concurrency-limit N`" in finding["remedy"]
    orch("flow-run", "cancel", run)


def test_a_pool_whose_launcher_is_not_here_is_told(orch: InvokedOrch) -> None:
    orch("work-pool", "create", "elsewhere", "--type", "mainframe")

    findings = [each for each in found(orch, "launchers") if each["status"] == "note"]

    assert "a pool of type mainframe" in findings[0]["message"]


def test_another_version_is_told(orch: InvokedOrch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_plane, "version", lambda name: "99.0")

    (finding,) = found(orch, "versions")

    assert finding["status"] == "warning"
    assert "and this is 99.0" in finding["message"]


def test_a_worker_protocol_that_is_not_spoken_is_told(orch: InvokedOrch, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orch_worker.sessions.PROTOCOL_VERSION", 99)

    (finding,) = found(orch, "versions")

    assert finding["status"] == "wrong"
    assert "speaks version 99 of the worker protocol" in finding["message"]


@pytest.mark.parametrize(("ahead_seconds", "words"), [(3600, "ahead of"), (-3600, "behind")])
def test_clocks_that_differ_are_told(
    orch: InvokedOrch, monkeypatch: pytest.MonkeyPatch, ahead_seconds: int, words: str
) -> None:
    from datetime import datetime, timedelta, tzinfo

    class Ahead(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Ahead":
            return super().now(tz) + timedelta(seconds=ahead_seconds)

    monkeypatch.setattr(control_plane, "datetime", Ahead)

    (finding,) = found(orch, "clock")

    assert finding["status"] == "warning"
    assert f"clock is 3600 s {words}" in finding["message"]
