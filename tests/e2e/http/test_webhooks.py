"""Inbound webhooks: a delivery that is what it says starts a run, once; any other starts nothing."""

import base64
import json
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from urllib.parse import urlencode, urlsplit

import pytest

from tests.e2e.http.deliveries import GITHUB_PING, GITHUB_PUSH, Delivery, github, hexadecimal, standard, stripe
from tests.support.http import Answered, Http, Json
from tests.support.started_server import StartedServer, started_server

KEY = "the-key-of-programs"
GITHUB, OLD_GITHUB = "It's a Secret to Everybody", "the one before"
STRIPE = "whsec_f0e1d2c3b4a5968778695a4b3c2d1e0f"
STANDARD = b"24 bytes that are secret"
GENERIC = "generic-secret"

HOOKS = """
[pushes]
deployment = "etl/hooked"
signature = "github"
secret_env = ["GITHUB_SECRET", "OLD_GITHUB_SECRET"]
events = ["push", "pull_request.opened"]
tags = ["from-github"]
constants = { source = "github" }

[pushes.parameters]
repository = "repository.full_name"
commit = "commits.0.id"
branch = "base_ref"
reviewer = "review.user.login?"

[everything]
deployment = "etl/hooked"
signature = "github"
secret_env = "GITHUB_SECRET"
parameters = { payload = "$" }

[payments]
deployment = "etl/hooked"
signature = "stripe"
secret_env = "STRIPE_SECRET"
parameters = { intent = "data.object.id" }

[standard]
deployment = "etl/hooked"
signature = "standard"
secret_env = "STANDARD_SECRET"

[own]
deployment = "etl/hooked"
signature = "hmac"
secret_env = "GENERIC_SECRET"
hmac = { header = "X-Own-Signature", prefix = "v1=", timestamp_header = "X-Own-Time" }

[named]
deployment = "etl/hooked"
signature = "hmac"
secret_env = "GENERIC_SECRET"
hmac = { delivery_header = "X-Own-Id", trust_delivery_header = true }

[by-field]
deployment = "etl/hooked"
signature = "hmac"
secret_env = "GENERIC_SECRET"
delivery_field = "event.id"

[by-content]
deployment = "etl/hooked"
signature = "github"
secret_env = "GITHUB_SECRET"
delivery_field = "$"

[homeless]
deployment = "etl/nowhere"
signature = "github"
secret_env = "GITHUB_SECRET"
"""


@pytest.fixture(scope="module")
def hooked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartedServer]:
    """A server with a key, hooks, and a deployment for their runs."""
    home = tmp_path_factory.mktemp("hooked")
    (home / "hooks.toml").write_text(HOOKS)
    environment = {
        "ORCH_API_KEY": KEY,
        "GITHUB_SECRET": GITHUB,
        "OLD_GITHUB_SECRET": OLD_GITHUB,
        "STRIPE_SECRET": STRIPE,
        "STANDARD_SECRET": "whsec_" + base64.b64encode(STANDARD).decode(),
        "GENERIC_SECRET": GENERIC,
    }
    with started_server(home, "--webhooks-file", str(home / "hooks.toml"), environment=environment) as server:
        spec = {"entrypoint": "etl:etl"}
        deployment = {"flowName": "etl", "name": "hooked", "workPoolName": "default", "launchSpec": spec}
        Http(server.http_url, {"x-api-key": KEY}).made("DeploymentService/CreateDeployment", deployment=deployment)
        yield server


def deliver(server: StartedServer, hook: str, delivery: Delivery) -> Answered:
    """As the sender does: without a key."""
    return Http(server.http_url).post(f"/hooks/{hook}", delivery.body, delivery.headers)


def run_of(server: StartedServer, answered: Answered) -> Json:
    """The run that a delivery made."""
    http = Http(server.http_url, {"x-api-key": KEY})
    return http.made("FlowRunService/GetFlowRun", flowRunId=answered.json()["flow_run_id"])["flowRun"]


def runs(server: StartedServer) -> int:
    """How many there are."""
    http = Http(server.http_url, {"x-api-key": KEY})
    return len(http.made("FlowRunService/ListFlowRuns", pageSize=200).get("flowRuns", []))


def changed(delivery: Delivery, headers: Mapping[str, str]) -> Delivery:
    """With other headers."""
    return replace(delivery, headers={**delivery.headers, **headers})


def test_a_push_starts_a_run_with_what_it_brings(hooked: StartedServer) -> None:
    answered = deliver(hooked, "pushes", github(GITHUB))

    assert answered.status == 201
    run = run_of(hooked, answered)
    assert json.loads(run["parametersJson"]) == {
        "source": "github",
        "repository": "Codertocat/Hello-World",
        "commit": "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5",
        "branch": None,
    }
    assert (run["deploymentName"], run["tags"]) == ("hooked", ["from-github"])


def test_the_same_delivery_again_is_the_same_run(hooked: StartedServer) -> None:
    first = deliver(hooked, "pushes", github(GITHUB, delivery="twice"))
    again = deliver(hooked, "pushes", github(GITHUB, delivery="twice"))
    other = deliver(hooked, "pushes", github(GITHUB, delivery="another"))

    assert [each.status for each in (first, again, other)] == [201, 200, 201]
    assert first.json()["flow_run_id"] == again.json()["flow_run_id"] != other.json()["flow_run_id"]


def test_the_secret_before_still_signs(hooked: StartedServer) -> None:
    assert deliver(hooked, "pushes", github(OLD_GITHUB, delivery="old")).status == 201


def test_githubs_documented_example_of_a_signature() -> None:
    """https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation"""
    wanted = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"

    assert hexadecimal("It's a Secret to Everybody", b"Hello, World!") == wanted


def test_events_that_nobody_waits_for_and_pings_start_nothing(hooked: StartedServer) -> None:
    before = runs(hooked)
    other = deliver(hooked, "pushes", github(GITHUB, event="star"))
    ping = deliver(hooked, "everything", github(GITHUB, GITHUB_PING, event="ping"))

    assert [(each.status, each.json()) for each in (other, ping)] == [
        (200, {"ignored": "star"}),
        (200, {"ignored": "ping"}),
    ]
    assert runs(hooked) == before


def test_github_may_send_its_payload_as_a_form(hooked: StartedServer) -> None:
    body = urlencode({"payload": GITHUB_PUSH.decode()}).encode()
    delivery = changed(github(GITHUB, body, delivery="form"), {"content-type": "application/x-www-form-urlencoded"})

    answered = deliver(hooked, "everything", delivery)

    assert json.loads(run_of(hooked, answered)["parametersJson"])["payload"] == json.loads(GITHUB_PUSH)


def test_stripes_event_starts_a_run_once(hooked: StartedServer) -> None:
    now = int(time.time())
    first = deliver(hooked, "payments", stripe(STRIPE, time=now))
    tried_again = deliver(hooked, "payments", stripe(STRIPE, time=now + 1))

    assert [first.status, tried_again.status] == [201, 200]
    assert json.loads(run_of(hooked, first)["parametersJson"]) == {"intent": "seti_1NG8Du2eZvKYlo2C9XMqbR0x"}


def test_standard_webhooks_and_signatures_of_ones_own(hooked: StartedServer) -> None:
    now = int(time.time())
    assert deliver(hooked, "standard", standard(STANDARD, b"{}", time=now)).status == 201

    headers = {
        "x-own-id": "1",
        "x-own-time": str(now),
        "x-own-signature": f"v1={hexadecimal(GENERIC, f'{now}.{{}}'.encode())}",
    }
    assert deliver(hooked, "own", Delivery(b"{}", headers)).status == 201


def own(body: bytes, name: str = "") -> Delivery:
    """Signed, and named by a header that is not."""
    return Delivery(body, {"x-signature": hexadecimal(GENERIC, body), "x-own-id": name})


@pytest.mark.parametrize(
    ("hook", "first", "replayed"),
    [
        ("by-field", own(b'{"event": {"id": 7}}', "a"), own(b'{"event": {"id": "7"}}', "b")),
        ("by-content", github(GITHUB, delivery="a"), github(GITHUB, delivery="b")),
    ],
    ids=["by-field", "by-content"],
)
def test_what_is_signed_names_a_delivery(hooked: StartedServer, hook: str, first: Delivery, replayed: Delivery) -> None:
    answers = [deliver(hooked, hook, each) for each in (first, replayed)]

    assert [each.status for each in answers] == [201, 200]
    assert answers[0].json()["flow_run_id"] == answers[1].json()["flow_run_id"]


def test_a_replay_under_another_name_is_the_same_run(hooked: StartedServer) -> None:
    now, body = int(time.time()), b'{"replayed": true}'
    signed = {
        "x-own-time": str(now),
        "x-own-signature": f"v1={hexadecimal(GENERIC, f'{now}.'.encode() + body)}",
    }

    answers = [deliver(hooked, "own", Delivery(body, {**signed, "x-own-id": name})) for name in "ab"]

    assert [each.status for each in answers] == [201, 200]


def test_a_header_names_deliveries_where_it_is_trusted(hooked: StartedServer) -> None:
    answers = [deliver(hooked, "named", own(b'"tick"', name)).status for name in ("1", "2", "2")]

    assert answers == [201, 201, 200]


def test_a_payload_that_does_not_name_its_delivery_is_told(hooked: StartedServer) -> None:
    answered = deliver(hooked, "by-field", own(b'{"event": {}}'))

    assert answered.status == 422
    assert "no event.id, which names the delivery" in answered.text


def test_curl_may_say_that_its_json_is_a_form(hooked: StartedServer) -> None:
    now, body = int(time.time()), b'{"day": 1}'
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "x-own-time": str(now),
        "x-own-signature": f"v1={hexadecimal(GENERIC, f'{now}.'.encode() + body)}",
    }

    assert deliver(hooked, "own", Delivery(body, headers)).status == 201


def _forgeries() -> Iterator[tuple[str, str, Delivery, str]]:
    now = int(time.time())
    push, event, message = github(GITHUB), stripe(STRIPE, time=now), standard(STANDARD, b"{}", time=now)
    signed = push.headers["x-hub-signature-256"]
    yield "another secret", "pushes", github("guess"), "WRONG_SIGNATURE"
    yield "another body", "pushes", replace(push, body=GITHUB_PUSH + b" "), "WRONG_SIGNATURE"
    yield "no signature", "pushes", changed(push, {"x-hub-signature-256": ""}), "MISSING_SIGNATURE"
    yield "half a signature", "pushes", changed(push, {"x-hub-signature-256": signed[:40]}), "WRONG_SIGNATURE"
    yield "the old kind alone", "pushes", changed(push, {"x-hub-signature-256": "sha1=0"}), "WRONG_SIGNATURE"
    yield "no text", "pushes", changed(push, {"x-hub-signature-256": "sha256=\u00e9"}), "WRONG_SIGNATURE"
    yield "replayed", "payments", stripe(STRIPE, time=now - 3600), "OLD_SIGNATURE"
    yield "from the future", "payments", stripe(STRIPE, time=now + 3600), "OLD_SIGNATURE"
    newer = event.headers["stripe-signature"].replace(f"t={now}", f"t={now + 1}")
    yield "another time", "payments", changed(event, {"stripe-signature": newer}), "WRONG_SIGNATURE"
    yield "no time", "payments", changed(event, {"stripe-signature": "v1=1"}), "WRONG_SIGNATURE"
    yield "another id", "standard", changed(message, {"webhook-id": "msg_2"}), "WRONG_SIGNATURE"
    yield "an old message", "standard", standard(STANDARD, b"{}", time=now - 3600), "OLD_SIGNATURE"
    own = {"x-own-time": str(now), "x-own-signature": "v1=1", "x-own-id": "1"}
    yield "made up", "own", Delivery(b"{}", own), "WRONG_SIGNATURE"
    yield "in another form", "own", Delivery(b"{}", {**own, "x-own-signature": "1"}), "WRONG_SIGNATURE"


@pytest.mark.parametrize("case", list(_forgeries()), ids=lambda case: case[0])
def test_a_forged_or_replayed_delivery_starts_nothing(
    hooked: StartedServer, case: tuple[str, str, Delivery, str]
) -> None:
    before = runs(hooked)
    _, hook, delivery, reason = case
    headers = {name: value.encode().decode("latin-1") for name, value in delivery.headers.items()}

    answered = deliver(hooked, hook, replace(delivery, headers=headers))

    assert (answered.status, answered.json()["reason"]) == (401, reason)
    assert runs(hooked) == before


@pytest.mark.parametrize(
    ("hook", "body", "status", "says"),
    [
        ("pushes", b"{", 422, "not JSON"),
        ("pushes", b'{"a": NaN}', 422, "not JSON"),
        ("pushes", b"{}", 422, "no repository.full_name, no commits.0.id, no base_ref"),
        ("pushes", b'{"repository": [], "commits": {}}', 422, "no repository.full_name"),
        ("everything", b"[" * 100_000, 422, "not JSON"),
        ("everything", json.dumps("x" * 600_000).encode(), 422, "512 KiB"),
        ("everything", b" " * (6 * 1024 * 1024), 413, "larger"),
        ("homeless", b"{}", 422, "nowhere"),
        ("everything", b"payload=1" + b"&a=b" * 20, 422, "not JSON"),
    ],
    ids=str,
)
def test_what_a_signed_delivery_lacks_is_told(
    hooked: StartedServer, hook: str, body: bytes, status: int, says: str
) -> None:
    kind = "application/x-www-form-urlencoded" if body.startswith(b"payload=") else "application/json"
    answered = deliver(hooked, hook, changed(github(GITHUB, body, delivery="bad"), {"content-type": kind}))

    assert answered.status == status
    assert says in answered.text


def test_callers_who_never_finish_keep_nobody_out(hooked: StartedServer) -> None:
    parts = urlsplit(hooked.http_url)
    with ExitStack() as callers:
        for _ in range(100):
            caller = callers.enter_context(socket.create_connection((parts.hostname, parts.port)))
            caller.sendall(b"POST /hooks/everything HTTP/1.1\r\nhost: here\r\ncontent-length: 1000\r\n\r\n{}")

        assert deliver(hooked, "everything", github(GITHUB, delivery="among-others")).status == 201


def test_a_hook_that_is_not_there_and_other_methods(hooked: StartedServer) -> None:
    assert deliver(hooked, "nothing", github(GITHUB)).status == 404
    assert Http(hooked.http_url).get("/hooks/pushes").status == 405
    assert Http(hooked.http_url).get("/hooks/../metrics").status in {401, 404}


def test_no_log_shows_a_secret_or_a_signature(hooked: StartedServer) -> None:
    delivery = github(GITHUB)
    deliver(hooked, "pushes", delivery)
    deliver(hooked, "pushes", github("guess"))

    told = json.dumps(list(hooked.log))
    for secret in (GITHUB, STRIPE, GENERIC, delivery.headers["x-hub-signature-256"]):
        assert secret not in told
    assert any(event["event"] == "webhook refused" for event in tuple(hooked.log))
