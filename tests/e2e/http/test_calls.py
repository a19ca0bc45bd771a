"""The contract for whoever has only HTTP: what is answered, and how it is refused."""

import gzip
import json
import socket
import struct
import subprocess
import sys
from base64 import b64decode
from urllib.parse import quote, urlsplit

import pytest
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo

from orch_proto.v1.flow_run_service_pb2 import CreateFlowRunRequest, CreateFlowRunResponse, ListFlowRunsRequest
from orch_proto.v1.work_pool_service_pb2 import GetWorkPoolRequest, GetWorkPoolResponse
from tests.support.http import JSON, Answered, Http

PROTO = {"content-type": "application/proto"}
STREAM = {"content-type": "application/connect+json"}
LIST = "/orch.v1.FlowRunService/ListFlowRuns"
CREATE = "/orch.v1.FlowRunService/CreateFlowRun"
WATCH = "/orch.v1.FlowRunService/WatchFlowRun"


def info(answered: Answered) -> ErrorInfo:
    """ErrorInfo, the first detail of every refusal."""
    return ErrorInfo.FromString(b64decode(answered.json()["details"][0]["value"] + "=="))


def enveloped(text: str) -> bytes:
    """A message as Connect streams it."""
    return struct.pack(">BI", 0, len(text)) + text.encode()


def envelopes(body: bytes) -> list[tuple[int, object]]:
    """Flags and JSON of each envelope; the flag 2 is the stream's end."""
    found: list[tuple[int, object]] = []
    while body:
        flags, size = struct.unpack(">BI", body[:5])
        found.append((flags, json.loads(body[5 : 5 + size])))
        body = body[5 + size :]
    return found


def test_curl_needs_no_more_than_the_data(http: Http) -> None:
    command = [
        "curl",
        "--silent",
        "--fail",
        "-d",
        '{"name": "default"}',
        f"{http.url}/orch.v1.WorkPoolService/GetWorkPool",
    ]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip("no curl here")

    assert json.loads(said)["workPool"]["name"] == "default"


def test_json_and_the_binary_form_are_the_same_call(http: Http) -> None:
    as_json = http.made("WorkPoolService/GetWorkPool", name="default")
    request = GetWorkPoolRequest(name="default").SerializeToString()
    answered = http.post("/orch.v1.WorkPoolService/GetWorkPool", request, PROTO)

    assert answered.headers["content-type"] == "application/proto"
    assert GetWorkPoolResponse.FromString(answered.body).work_pool.etag == as_json["workPool"]["etag"]


def test_what_changes_nothing_can_be_read_with_get(http: Http) -> None:
    message = quote(json.dumps({"name": "default"}))

    read = http.get(f"/orch.v1.WorkPoolService/GetWorkPool?connect=v1&encoding=json&message={message}")
    written = http.get(f"{CREATE}?connect=v1&encoding=json&message={quote('{}')}")

    assert read.json()["workPool"]["name"] == "default"
    assert (written.status, written.headers["allow"]) == (405, "POST")


def test_a_run_is_created_once_however_often_it_is_asked_for(http: Http) -> None:
    request = CreateFlowRunRequest(flow_name="http-once", idempotency_key="one").SerializeToString()

    first, second = (CreateFlowRunResponse.FromString(http.post(CREATE, request, PROTO).body) for _ in range(2))

    assert (first.created, second.created) == (True, False)
    assert first.flow_run.flow_run_id == second.flow_run.flow_run_id


def test_the_trace_of_the_caller_is_the_runs(http: Http) -> None:
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    created = http.call("FlowRunService/CreateFlowRun", headers={"traceparent": parent}, flowName="http-traced")

    assert created.json()["flowRun"]["traceContext"]["traceparent"] == parent


def test_a_stream_tells_changes_and_ends_with_the_run(http: Http) -> None:
    run_id = http.made("FlowRunService/CreateFlowRun", flowName="http-watched")["flowRun"]["flowRunId"]
    http.made("FlowRunService/CancelFlowRun", flowRunId=run_id)

    answered = http.post(WATCH, enveloped(json.dumps({"flowRunId": run_id})), STREAM)

    [(flags, message), end] = envelopes(answered.body)
    assert flags == 0
    assert isinstance(message, dict)
    assert message["flowRun"]["state"]["type"] == "STATE_TYPE_CANCELLED"
    assert end == (2, {})


def test_a_stream_that_is_refused_says_so_at_its_end(http: Http) -> None:
    answered = http.post(WATCH, enveloped('{"flowRunId": "x"}'), STREAM)

    [(flags, end)] = envelopes(answered.body)
    assert (answered.status, flags) == (200, 2)
    assert isinstance(end, dict)
    assert end["error"]["code"] == "invalid_argument"


def test_a_wrong_field_is_named_as_grpc_names_it(http: Http) -> None:
    answered = http.call("FlowRunService/CreateFlowRun", flowName="etl", parametersJson="{")

    assert answered.status == 400
    assert answered.json()["code"] == "invalid_argument"
    assert (info(answered).reason, info(answered).domain) == ("INVALID_FIELD", "orch")
    [violation] = BadRequest.FromString(b64decode(answered.json()["details"][1]["value"] + "==")).field_violations
    assert violation.field == "parameters_json"


@pytest.mark.parametrize(
    "body",
    [
        '{"flowNmae": "etl"}',
        '{"filter": {"stateTypes": ["RUNING"]}}',
        '{"pageSize": "many"}',
        '{"pageSize": 1e400}',
        '{"pageToken": "\\ud800"}',
        "{",
        "[]",
        "null null",
        '{"filter": ' * 200 + "{}" + "}" * 200,
        "\xff",
        "\x00",
    ],
)
def test_json_that_is_not_the_message_is_refused(http: Http, body: str) -> None:
    answered = http.post(LIST, body.encode("latin-1"), JSON)

    assert (answered.status, answered.json()["code"]) == (400, "invalid_argument")
    assert info(answered).reason == "MALFORMED_REQUEST"


def test_bytes_that_are_no_message_are_refused(http: Http) -> None:
    answered = http.post(LIST, b"\xff\xff\xff", PROTO)

    assert (answered.status, info(answered).reason) == (400, "MALFORMED_REQUEST")


def test_the_binary_form_passes_over_what_it_does_not_know(http: Http) -> None:
    newer = ListFlowRunsRequest(page_size=1).SerializeToString() + b"\xc2\x3e\x01x"

    assert http.post(LIST, newer, PROTO).status == 200


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (LIST, {"content-type": "text/plain"}, 415),
        (LIST, {"content-type": "application/x-www-form-urlencoded", "origin": "http://evil.example.com"}, 415),
        (LIST, {**JSON, "content-encoding": "br"}, 501),
        (LIST, {**JSON, "connect-protocol-version": "2"}, 400),
        (LIST, {**JSON, "connect-timeout-ms": "soon"}, 400),
        ("/orch.v1.FlowRunService/NoSuchMethod", JSON, 404),
        ("/orch.v2.FlowRunService/ListFlowRuns", JSON, 404),
    ],
)
def test_other_ways_to_call_are_refused(http: Http, path: str, headers: dict[str, str], status: int) -> None:
    assert http.post(path, "{}", headers).status == status


def test_an_answer_that_takes_longer_than_its_caller_waits_is_let_go(http: Http) -> None:
    pool = http.made("WorkPoolService/CreateWorkPool", workPool={"name": "http-empty", "type": "process"})
    session = http.made("WorkerService/OpenSession", workerName="http", workPoolName=pool["workPool"]["name"], slots=1)

    answered = http.call(
        "LeaseService/AcquireLeases",
        headers={"connect-timeout-ms": "50"},
        sessionId=session["sessionId"],
        requestId="0198c1c2-7a3b-7c11-9a55-3f5b8f0c2d11",
        maxLeases=1,
        wait="20s",
    )

    assert (answered.status, answered.json()["code"]) == (504, "deadline_exceeded")


def test_a_body_beyond_the_limit_is_refused_packed_or_not(http: Http) -> None:
    large = b'{"pageToken": "' + b"x" * (17 * 1024 * 1024) + b'"}'

    packed = http.post(LIST, gzip.compress(large), {**JSON, "content-encoding": "gzip"})

    assert (packed.status, packed.json()["code"]) == (429, "resource_exhausted")
    assert _status_of_a_body_that_is_too_large(http.url) in {b"429", b""}


def _status_of_a_body_that_is_too_large(url: str) -> bytes:
    """What is answered before the body has come; nothing where the line is cut while it is being sent."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as line:
        size = 17 * 1024 * 1024
        head = (
            f"POST {LIST} HTTP/1.1\r\nhost: {parts.netloc}\r\ncontent-type: application/json\r\ncontent-length: {size}"
        )
        line.sendall(head.encode() + b"\r\n\r\n")
        try:
            line.sendall(b"x" * size)
            return line.recv(1000).split(b" ")[1]
        except (ConnectionError, IndexError):
            return b""


def test_enormous_headers_are_refused(http: Http) -> None:
    assert http.post(LIST, "{}", {**JSON, "x-large": "x" * 100_000}).status in {400, 431}


def test_a_header_that_is_no_utf8_is_refused(http: Http) -> None:
    parts = urlsplit(http.url)
    with socket.create_connection((parts.hostname, parts.port), timeout=60) as line:
        line.sendall(f"GET /healthz HTTP/1.1\r\nhost: {parts.netloc}\r\nx-name: ".encode() + b"\xe9\r\n\r\n")
        assert line.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_an_answer_is_packed_for_who_takes_it(http: Http) -> None:
    packed = http.call("WorkPoolService/ListWorkPools", headers={"accept-encoding": "gzip"})

    assert packed.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(packed.body))["workPools"]


def test_user_text_comes_back_as_it_was_and_never_as_a_page(http: Http) -> None:
    name = '<script>alert("x")</script> \u202e\u0007 ü'

    created = http.call("FlowRunService/CreateFlowRun", flowName="http-text", name=name)

    assert created.json()["flowRun"]["name"] == name
    assert created.headers["content-type"] == "application/json"
    assert created.headers["x-content-type-options"] == "nosniff"


def test_the_embedded_control_plane_loads_nothing_of_it() -> None:
    program = (
        "import sys, orch_server.embedded.opening\n"
        "print(sorted({'uvicorn', 'connectrpc', 'protobuf', 'orch_server.web'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "[]\n"
