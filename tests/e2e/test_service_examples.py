"""The examples of services that have their work done by a deployment: in Python and in Node, alike."""

import asyncio
import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import cast
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from orch_client import connect
from orch_proto.v1.flow_run_service_pb2 import CancelFlowRunRequest
from orch_proto.v1.work_pool_pb2 import WorkPool
from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest
from tests.e2e.example_runs import POOL, Plane, plane_with_worker
from tests.e2e.server_process import running_server
from tests.support.node import ROOT, find_node, installed_example

pytestmark = pytest.mark.slow

SCRIPT = """
import json, os, pathlib, sys
numbers = json.loads(os.environ["ORCH_PARAMETERS"])["numbers"]
if not numbers:
    sys.exit("there is nothing to add up")
pathlib.Path(os.environ["ORCH_RESULT_FILE"]).write_text(json.dumps({"sum": sum(numbers)}))
"""
ANSWER_SECONDS = 80


@dataclass(frozen=True)
class Service:
    """A service that runs."""

    url: str

    def post(self, parameters: object, key: str = "") -> tuple[int, Mapping[str, object]]:
        headers = {"Idempotency-Key": key} if key else {}
        body = parameters if isinstance(parameters, str) else json.dumps(parameters)
        return self._answer(Request(self.url, body.encode(), headers))

    def get(self, run: object) -> tuple[int, Mapping[str, object]]:
        return self._answer(Request(f"{self.url}/{run}"))

    def _answer(self, request: Request) -> tuple[int, Mapping[str, object]]:
        try:
            with urlopen(request, timeout=ANSWER_SECONDS) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    with plane_with_worker(tmp_path_factory.mktemp("plane")) as running:
        running.deploy("add", "up", [sys.executable, "-c", SCRIPT])
        yield running


@contextmanager
def running(command: Sequence[str], url: str) -> Iterator[Service]:
    process = subprocess.Popen(command, env={"ORCH_API_URL": url}, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Service(process.stdout.readline().strip())
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


@pytest.fixture(scope="module", params=["python", "node"])
def command(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Sequence[str]:
    """What starts the service, in one of its two languages."""
    if request.param == "python":
        return [sys.executable, str(ROOT / "examples/service_python/service.py"), "add/up", "--port", "0"]
    program = installed_example("service_node", tmp_path_factory.mktemp("service"))
    return [find_node().program, str(program / "service.js"), "add/up", "0"]


@pytest.fixture(scope="module")
def service(plane: Plane, command: Sequence[str]) -> Iterator[Service]:
    with running(command, plane.url) as started:
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/runs", started.url)
        yield started


def test_it_answers_with_the_result_of_a_run(service: Service) -> None:
    status, made = service.post({"numbers": [1, 2, 39]})
    assert (status, made["created"]) == (HTTPStatus.ACCEPTED, True)

    status, ended = service.get(made["run"])

    assert status == HTTPStatus.OK
    assert (ended["state"], ended["result"]) == ("Completed", {"sum": 42})


def test_the_same_key_is_the_same_run(service: Service, request: pytest.FixtureRequest) -> None:
    key = request.node.name
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: service.post({"numbers": [1]}, key), range(8)))

    assert len({made["run"] for _, made in answers}) == 1
    assert [made["created"] for _, made in answers].count(True) == 1
    assert service.post({"numbers": [1]}, f"{key} again")[1]["created"] is True


def test_a_run_that_fails_is_told(service: Service) -> None:
    made = service.post({"numbers": []})[1]

    status, ended = service.get(made["run"])

    assert status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert ended["state"] == "Failed"
    assert "1" in cast("str", ended["message"])


@pytest.mark.parametrize("body", ["no JSON", "[1, 2]"])
def test_parameters_that_cannot_be_are_the_callers_fault(body: str, service: Service) -> None:
    status, refused = service.post(body)
    assert status == HTTPStatus.BAD_REQUEST
    assert "parameters" in cast("str", refused["error"])


def test_a_run_that_is_not_there_is_not_found(service: Service) -> None:
    assert service.get("0190a1b2-0000-7000-8000-000000000000")[0] == HTTPStatus.NOT_FOUND
    assert service.get("nothing/else")[0] == HTTPStatus.NOT_FOUND


async def test_a_control_plane_that_starts_anew_is_waited_for(command: Sequence[str], tmp_path: Path) -> None:
    """It is killed while the service waits for a run's end, and before it makes another."""
    async with running_server(tmp_path / "home") as server:
        url = f"http://{server.address}"
        with connect(url) as client, running(command, url) as service:
            client.work_pools.CreateWorkPool(CreateWorkPoolRequest(work_pool=WorkPool(name=POOL)))
            Plane(url, client).deploy("add", "up", ["true"])
            _, made = await asyncio.to_thread(service.post, {"numbers": [1]})
            waiting = asyncio.create_task(asyncio.to_thread(service.get, made["run"]))

            await server.kill()
            asked = asyncio.create_task(asyncio.to_thread(service.post, {"numbers": [1]}, "while away"))
            await server.start()
            cancel = CancelFlowRunRequest(flow_run_id=str(made["run"]), reason="no worker will come")
            await asyncio.to_thread(client.flow_runs.CancelFlowRun, cancel)

            status, ended = await waiting
            assert (status, ended["state"]) == (HTTPStatus.INTERNAL_SERVER_ERROR, "Cancelled")
            assert (await asked)[1]["created"] is True
