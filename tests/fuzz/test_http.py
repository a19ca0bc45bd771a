"""HTTP: bodies, headers and paths that are nearly right; deliveries that are signed and make no sense."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.e2e.http.deliveries import GITHUB_PUSH, STRIPE_EVENT
from tests.fuzz.fuzzing import fuzzed
from tests.fuzz.hooks import DEPLOYMENT, FLOW, SIGNED
from tests.fuzz.mutations import mutated
from tests.rpc.bad_input.world import World
from tests.support import contract
from tests.support.http import Http
from tests.support.started_server import StartedServer

pytestmark = pytest.mark.usefixtures("no_failed_calls")

UNARY = sorted(
    contract.path(method)
    for method in contract.methods()
    # Would wait for work, or for ever.
    if not method.server_streaming and method.name != "AcquireLeases"
)
NAMES = sorted({field.json_name for field in contract.fields()})
BODIES = (
    '{"flowName": "etl", "parametersJson": "{\\"day\\": 1}", "tags": ["a"], "scheduledTime": "2026-11-22T12:00:00Z"}',
    '{"workPool": {"name": "lab", "leaseTtl": "15s", "concurrencyLimit": 3}, "updateMask": "leaseTtl,name"}',
    '{"schedule": {"deploymentId": "x", "cron": {"expression": "0 2 * * *", "timeZone": "UTC"}}, "count": 3}',
    '{"filter": {"stateTypes": ["STATE_TYPE_RUNNING"], "createTimeFrom": "2026-01-01T00:00:00Z"}, "pageSize": 10}',
    '{"reports": [{"flowRunId": "x", "token": "1", "state": {"type": 3}, "result": {"data": "NDI="}}]}',
)
WORDS = ("{", "}", "[", "]", ":", ",", "\\u0000", "\\ud800", "9223372036854775808", "1e400", "[" * 500, *NAMES[::7])
PAYLOADS = (
    '{"id": "evt_1", "type": "push", "data": {"object": {"id": "seti_1"}}}',
    '{"id": "\\ud800", "type": "push", "data": {"object": {"id": "\\udfff"}}}',
    '{"id": "\\u0000", "type": "\\u202e", "data": {"object": {"id": 1e999}}}',
    '{"id": "ü", "type": "push", "data": {"object": {"id": ' + "[" * 150 + "]" * 150 + "}}}",
    "payload=%7B%22commits%22%3A%5B%5D%7D",
)
CONTENT = st.sampled_from(
    [
        "application/json",
        "application/proto",
        "application/grpc-web+proto",
        "application/grpc-web-text",
        "text/plain",
        "",
    ]
)
HEADERS = st.fixed_dictionaries(
    {"content-type": CONTENT},
    optional={
        "connect-protocol-version": st.sampled_from(["1", "2", "x" * 300]),
        "connect-timeout-ms": st.sampled_from(["-1", "99999999999", "nan", "9000", "1e9"]),
        "content-encoding": st.sampled_from(["gzip", "br", "identity", "zstd", "gzip, gzip"]),
        "accept-encoding": st.sampled_from(["gzip", "*;q=0", "\xff"]),
        "traceparent": st.sampled_from(["00-0-0-0", "x" * 1000]),
        "authorization": st.sampled_from(["Bearer ", "Basic e30=", "\xe4"]),
        "cookie": st.sampled_from(["orch_session=", "a" * 3000, "=;=;"]),
    },
)


@pytest.fixture(scope="module", autouse=True)
def deployment(http: Http) -> None:
    """What the hooks start."""
    pool = http.call("WorkPoolService/CreateWorkPool", workPool={"name": "hooked"})
    assert pool.status == 200
    spec = {"flowName": FLOW, "name": DEPLOYMENT, "workPoolName": "hooked", "launchSpec": {"entrypoint": "etl.py:etl"}}
    assert http.call("DeploymentService/CreateDeployment", deployment=spec).status == 200


@fuzzed(100)
@given(st.sampled_from(UNARY), mutated(BODIES, WORDS), HEADERS)
def test_a_body_is_answered_or_refused(http: Http, path: str, body: str, headers: dict[str, str]) -> None:
    answered = http.post(path, body.encode(errors="surrogatepass"), headers)

    # 501 is what Connect wants for a compression that is not known.
    assert answered.status < 500 or answered.status == 501, answered.text
    if answered.status != 200 and answered.headers.get("content-type", "").startswith("application/json"):
        assert answered.json()["code"]


@fuzzed(60)
@given(
    st.sampled_from(["GET", "POST", "HEAD", "PUT", "OPTIONS"]),
    mutated(
        [
            *UNARY[:2],
            "/hooks/github",
            "/openapi.json",
            "/metrics",
            "/runs/abc",
            "/login?next=/runs",
            "/assets/index.js",
        ],
        ["/", "..", "%2e%2e/", "%00", "%", "?message=e30&encoding=json&connect=v1&base64=1", "#", "\\", "//", "%ff"],
    ),
)
def test_a_path_is_answered_or_refused(http: Http, method: str, path: str) -> None:
    sendable = "/" + "".join(letter for letter in path if "!" <= letter <= "~").lstrip("/")

    answered = http.ask(method, sendable)

    assert answered.status < 500 or answered.status == 501, answered.text
    assert b"root:" not in answered.body


@pytest.mark.parametrize("hook", SIGNED)
@fuzzed(25)
@given(
    body=mutated(
        [GITHUB_PUSH.decode(), STRIPE_EVENT.decode(), *PAYLOADS],
        [*WORDS, '"id": "\\ud800"', '"id": ""', '"type": "\\u0000"', '"id": 7', '"id": "' + "x" * 300 + '"'],
    ),
    content_type=st.sampled_from(["application/json", "application/x-www-form-urlencoded", "", "text/plain"]),
)
def test_a_delivery_is_taken_once_or_refused(http: Http, hook: str, body: str, content_type: str) -> None:
    content = body.encode(errors="surrogatepass")
    headers = {"content-type": content_type, **SIGNED[hook](content)}

    answered = http.post(f"/hooks/{hook}", content, headers)

    assert answered.status in {200, 201, 422}, answered.text
    if answered.status == 201:
        again = http.post(f"/hooks/{hook}", content, headers)
        assert (again.status, again.json()["flow_run_id"]) == (200, answered.json()["flow_run_id"])


@pytest.mark.parametrize("hook", SIGNED)
@fuzzed(15)
@given(data=st.data())
def test_a_delivery_with_a_changed_signature_is_refused(http: Http, hook: str, data: st.DataObject) -> None:
    signed = SIGNED[hook](GITHUB_PUSH)
    name = data.draw(st.sampled_from(sorted(name for name in signed if "signature" in name)))
    changed = data.draw(mutated([signed[name]], ["v1=", "v1,", "sha256=", "t=", ",", "=", "é"]))
    shown = "".join(letter for letter in changed if letter.isprintable() and letter.isascii()).strip()
    if shown == signed[name]:
        return

    answered = http.post(f"/hooks/{hook}", GITHUB_PUSH, {"content-type": "application/json", **signed, name: shown})

    assert answered.status == 401 or _still_has(shown, signed[name]), answered.text


def _still_has(shown: str, good: str) -> bool:
    """Several signatures may be shown, of which one has to be right."""
    wanted = {part.strip().removeprefix("sha256=") for part in good.replace("t=", ",t=").split(",") if part}
    return all(part in shown for part in wanted)


def test_the_server_has_come_through(http: Http, world: World, server: StartedServer) -> None:
    assert json.loads(http.call("FlowRunService/GetFlowRun", flowRunId=world.flow_run_id).body)["flowRun"]
    assert server.errors() == []
