"""The server as it starts and ends with HTTP: which port, who may listen where, what probes and Prometheus see."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.http import Http
from tests.support.started_server import StartedServer, started_server


def test_off_it_answers_grpc_alone(tmp_path: Path) -> None:
    with started_server(tmp_path, "--http-port", "off") as server:
        assert server.url
        assert server.http_url == ""


def test_a_port_that_somebody_named_and_another_has_ends_the_start(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "orch_server",
            "--port",
            "0",
            "--http-port",
            str(port),
            "--home",
            str(tmp_path),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 2
    assert f"Port {port} on 127.0.0.1 is in use" in done.stderr
    assert "--http-port" in done.stderr
    assert "Traceback" not in done.stderr


def test_beyond_this_machine_it_asks_for_a_key_as_grpc_does(tmp_path: Path) -> None:
    done = _refused("--host", "0.0.0.0", "--home", str(tmp_path))

    assert done.returncode == 2
    assert "no API key is set" in done.stderr


def _refused(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "orch_server", "--port", "0", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_it_is_ready_and_says_what_there_is_to_do(server: StartedServer, http: Http) -> None:
    assert (http.get("/healthz").text, http.get("/readyz").text) == ("ok\n", "ready\n")

    http.made("WorkPoolService/CreateWorkPool", workPool={"name": "measured", "type": "process"})
    http.made("FlowRunService/CreateFlowRun", flowName="measured", workPoolName="measured")
    http.call("FlowRunService/GetFlowRun", flowRunId="0198c1c2-7a3b-7c11-9a55-3f5b8f0c2d11")
    answered = http.get("/metrics")

    assert answered.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    lines = answered.text.splitlines()
    calls = [line for line in lines if line.startswith("orch_rpc_calls_total{") and 'rpc_method="GetFlowRun"' in line]
    assert any('transport="http"' in line and 'code="NOT_FOUND"' in line for line in calls)
    for family in ("orch_queue_depth", "orch_leases_held", "orch_runs_active", "orch_runs_created_total"):
        assert any(line.startswith(family) for line in lines), family
    assert any(line.startswith('orch_runs_active{state="SCHEDULED"}') for line in lines)


@pytest.mark.parametrize("path", ["/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/..%2f..%2fsettings.py"])
def test_no_path_leads_out(http: Http, path: str) -> None:
    answered = http.get(path)

    assert "root:" not in answered.text
    assert "SettingsError" not in answered.text


def test_methods_that_nobody_has(http: Http) -> None:
    for method in ("DELETE", "PUT", "TRACE", "OPTIONS", "PROPFIND"):
        assert http.ask(method, "/").status == 405
        assert 400 <= http.ask(method, "/orch.v1.FlowRunService/ListFlowRuns").status < 500
