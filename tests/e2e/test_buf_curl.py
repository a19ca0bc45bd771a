"""The contract with a client that is none of ours: `buf curl`, over gRPC, over Connect and over gRPC-Web.

Over gRPC it learns the schema by server reflection, over HTTP/1.1 from the contract's files.
"""

import json
import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias
from uuid import uuid4

import pytest
import trustme
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo

from tests.support import contract
from tests.support.started_server import StartedServer, started_server

PROTO = Path(__file__).resolve().parents[2] / "proto"
BUF = Path(sys.executable).with_name("buf")
KEY = "correct-horse-battery-staple"
_REFLECT = ("--reflect-header", "*")
"""Reflection asks for the key, too."""

_SCHEMA = ("--schema", str(PROTO))

Json: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Refusal:
    """What a failed call prints: gRPC's code in words, the message, and the details, ErrorInfo first."""

    code: str
    message: str
    details: list[bytes]

    @property
    def info(self) -> ErrorInfo:
        return ErrorInfo.FromString(self.details[0])


@dataclass(frozen=True)
class Curl:
    """buf curl against one server."""

    url: str
    options: tuple[str, ...] = ()
    protocol: str = "grpc"

    def call(self, method: str, **request: object) -> list[Json]:
        """The answers to a call: one, or those of a stream."""
        done = self._run("--data", json.dumps(request), f"{self.url}/orch.v1.{method}")
        assert (done.returncode, done.stderr) == (0, "")
        return _objects(done.stdout)

    def one(self, method: str, **request: object) -> Json:
        """The answer to a unary call."""
        [answer] = self.call(method, **request)
        return answer

    def refused(self, method: str, **request: object) -> Refusal:
        """How a call is refused."""
        done = self._run("--data", json.dumps(request), f"{self.url}/orch.v1.{method}")
        assert done.returncode != 0, done.stdout
        error = json.loads(done.stderr)
        return Refusal(error["code"], error["message"], [b64decode(f"{each['value']}==") for each in error["details"]])

    def services(self) -> set[str]:
        """What reflection lists."""
        done = self._run("--list-services", self.url)
        assert done.returncode == 0, done.stderr
        return set(done.stdout.split())

    def _run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(BUF), "curl", "--protocol", self.protocol, *self.options, *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def _objects(text: str) -> list[Json]:
    """JSON objects, one after the other."""
    decoder, found, place = json.JSONDecoder(), list[Json](), 0
    while place < len(text.rstrip()):
        value, place = decoder.raw_decode(text, place + len(re.match(r"\s*", text[place:])[0]))  # type: ignore[index]
        found.append(value)
    return found


_WAYS = (
    ("grpc", "plain text"),
    ("grpc", "TLS and a key"),
    ("connect", "plain text"),
    ("grpcweb", "TLS and a key"),
)


@pytest.fixture(scope="module", params=_WAYS, ids=" ".join)
def curl(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Curl]:
    """A server of its own for each way to the contract: with and without encryption and an API key."""
    protocol, safety = request.param
    home = tmp_path_factory.mktemp("home")
    if safety == "plain text":
        with started_server(home) as server:
            yield _plain(server, protocol)
        return
    certificate, key, authority = _certificates(home)
    environment = {"ORCH_API_KEY": KEY}
    with started_server(home, "--tls-cert", certificate, "--tls-key", key, environment=environment) as server:
        yield _locked(server, protocol, authority)


def _plain(server: StartedServer, protocol: str) -> Curl:
    if protocol == "grpc":
        return Curl(server.url, ("--http2-prior-knowledge",))
    return Curl(server.http_url, _SCHEMA, protocol)


def _locked(server: StartedServer, protocol: str, authority: str) -> Curl:
    key = ("-H", f"authorization: Bearer {KEY}")
    url = server.url if protocol == "grpc" else server.http_url
    url = url.replace("127.0.0.1", "localhost")
    assert url.startswith("https://localhost:")
    if protocol == "grpc":
        return Curl(url, ("--cacert", authority, *key, *_REFLECT))
    return Curl(url, ("--cacert", authority, *_SCHEMA, *key), protocol)


def _certificates(folder: Path) -> tuple[str, str, str]:
    """Paths of the server's certificate, its key, and of the authority that vouches for it."""
    ca = trustme.CA()
    issued = ca.issue_cert("localhost")
    files = [folder / name for name in ("server.pem", "server-key.pem", "ca.pem")]
    issued.cert_chain_pems[0].write_to_path(files[0])
    issued.private_key_pem.write_to_path(files[1])
    ca.cert_pem.write_to_path(files[2])
    return str(files[0]), str(files[1]), str(files[2])


def test_reflection_lists_the_services(curl: Curl) -> None:
    if curl.protocol != "grpc":
        pytest.skip("reflection is gRPC's")
    assert {service.full_name for service in contract.services()} <= curl.services()


def test_a_run_from_its_creation_to_its_end(curl: Curl) -> None:
    created = curl.one(
        "FlowRunService/CreateFlowRun",
        requestId=str(uuid4()),
        flowName="etl",
        parametersJson='{"day": 1}',
        tags=["curl"],
    )
    run_id = created["flowRun"]["flowRunId"]
    assert created["created"] is True
    assert created["flowRun"]["state"]["type"] == "STATE_TYPE_SCHEDULED"

    session = curl.one("WorkerService/OpenSession", workerName="curl", workPoolName="default", slots=1)
    acquired = curl.one(
        "LeaseService/AcquireLeases",
        sessionId=session["sessionId"],
        requestId=str(uuid4()),
        maxLeases=1,
        wait="1s",
    )
    [lease] = acquired["leases"]
    assert (lease["flowRunId"], lease["token"], lease["ttl"]) == (run_id, "1", "15s")
    assert lease["flowRun"]["parametersJson"] == '{"day": 1}'

    held = {"flowRunId": run_id, "token": lease["token"]}
    assert _reported(curl, session, held, 1, {"type": "STATE_TYPE_RUNNING"}) == "REPORT_VERDICT_ACCEPTED"
    synced = curl.one("LeaseService/SyncLeases", sessionId=session["sessionId"], held=[held])
    assert [each["verdict"] for each in synced["leases"]] == ["LEASE_VERDICT_OK"]

    lines = [{"time": "2026-01-01T00:00:00Z", "level": "LOG_LEVEL_INFO", "message": text} for text in ("one", "two")]
    appended = curl.one("LogService/AppendLogs", **held, stream="run", records=lines)
    assert appended == {"committedOffset": "2", "verdict": "REPORT_VERDICT_ACCEPTED"}

    result = {"data": "NDI=", "mediaType": "application/json"}
    assert _reported(curl, session, held, 2, {"type": "STATE_TYPE_COMPLETED"}, result) == "REPORT_VERDICT_ACCEPTED"
    assert _reported(curl, session, held, 2, {"type": "STATE_TYPE_COMPLETED"}, result) == "REPORT_VERDICT_DUPLICATE"

    run = curl.one("FlowRunService/GetFlowRun", flowRunId=run_id)["flowRun"]
    assert (run["state"]["type"], run["result"]["data"]) == ("STATE_TYPE_COMPLETED", "NDI=")
    read = curl.one("LogService/ListLogs", flowRunId=run_id)["entries"]
    assert [(each.get("offset", "0"), each["record"]["message"]) for each in read] == [("0", "one"), ("1", "two")]
    assert curl.one("LeaseService/ListLeases") == {}
    curl.one("WorkerService/CloseSession", sessionId=session["sessionId"])


def _reported(curl: Curl, session: Json, held: Json, sequence: int, state: Json, result: Json | None = None) -> str:
    report = {**held, "sequence": sequence, "state": state, **({"result": result} if result else {})}
    [reported] = curl.one("LeaseService/ReportRuns", sessionId=session["sessionId"], reports=[report])["reports"]
    return str(reported["verdict"])


def test_runs_are_listed_by_page_and_filter(curl: Curl) -> None:
    ids = [
        curl.one("FlowRunService/CreateFlowRun", flowName="listed", name=name)["flowRun"]["flowRunId"]
        for name in ("first", "second", "third")
    ]
    wanted = {"flowNames": ["listed"]}

    first = curl.one("FlowRunService/ListFlowRuns", filter=wanted, pageSize=2)
    second = curl.one("FlowRunService/ListFlowRuns", filter=wanted, pageSize=2, pageToken=first["nextPageToken"])

    assert [run["flowRunId"] for run in first["flowRuns"] + second["flowRuns"]] == ids[::-1]
    assert "nextPageToken" not in second


def test_a_stream_ends_with_its_run(curl: Curl) -> None:
    run_id = curl.one("FlowRunService/CreateFlowRun", flowName="watched")["flowRun"]["flowRunId"]
    curl.one("FlowRunService/CancelFlowRun", flowRunId=run_id, reason="enough")

    [answer] = curl.call("FlowRunService/WatchFlowRun", flowRunId=run_id)

    assert answer["flowRun"]["state"]["type"] == "STATE_TYPE_CANCELLED"
    assert answer["flowRun"]["state"]["message"] == "enough"


def test_a_wrong_field_is_named_in_the_details(curl: Curl) -> None:
    refusal = curl.refused("FlowRunService/CreateFlowRun", flowName="etl", parametersJson="{")

    assert refusal.code == "invalid_argument"
    assert refusal.message.startswith("parameters_json: is not JSON")
    assert (refusal.info.reason, refusal.info.domain) == ("INVALID_FIELD", "orch")
    [violation] = BadRequest.FromString(refusal.details[1]).field_violations
    assert violation.field == "parameters_json"


def test_what_is_not_there_is_named_in_the_details(curl: Curl) -> None:
    refusal = curl.refused("WorkPoolService/GetWorkPool", name="defualt")

    assert refusal.code == "not_found"
    assert "Did you mean 'default'?" in refusal.message
    assert refusal.info.reason == "WORK_POOL_NOT_FOUND"
    assert dict(refusal.info.metadata) == {"resource": "work pool", "key": "defualt"}


def test_without_the_key_nothing_is_told(curl: Curl) -> None:
    if "-H" not in curl.options:
        pytest.skip("this server asks for no key")
    place = curl.options.index("-H")
    without, after = curl.options[:place], curl.options[place + 2 :]

    for options in (without, (*without, "-H", "authorization: Bearer guess", *after)):
        refused = replace(curl, options=options)
        if curl.protocol == "grpc":
            with pytest.raises(AssertionError, match="not authenticated"):
                refused.services()
        else:
            refusal = refused.refused("FlowRunService/ListFlowRuns")
            assert refusal.code == "unauthenticated"
            assert refusal.info.reason in {"MISSING_KEY", "WRONG_KEY"}
