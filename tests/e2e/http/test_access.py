"""Who may call over HTTP: programs with a key, people with a session, and no page of another site."""

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from tests.e2e.http.conftest import KEY
from tests.support.http import JSON, Answered, Http
from tests.support.started_server import StartedServer, started_server

LIST = "/orch.v1.FlowRunService/ListFlowRuns"
FORM = {"content-type": "application/x-www-form-urlencoded"}


def own(http: Http) -> dict[str, str]:
    """What a browser sends from the server's own page."""
    return {"origin": http.url, "sec-fetch-site": "same-origin"}


def signed_in(http: Http, *, key: str = KEY, wanted: str = "/") -> Answered:
    """The answer to the form."""
    return http.post("/login", urlencode({"key": key, "next": wanted}), {**FORM, **own(http)})


@pytest.fixture
def cookie(locked: Http) -> str:
    """A session's cookie, as a browser sends it back."""
    return signed_in(locked).headers["set-cookie"].partition(";")[0]


@pytest.mark.parametrize("headers", [{"authorization": f"Bearer {KEY}"}, {"x-api-key": KEY}])
def test_a_program_shows_its_key(locked: Http, headers: dict[str, str]) -> None:
    assert locked.post(LIST, "{}", {**JSON, **headers}).status == 200


@pytest.mark.parametrize(
    ("headers", "reason"),
    [({}, "MISSING_KEY"), ({"x-api-key": "guess"}, "WRONG_KEY"), ({"authorization": "Basic eDp5"}, "WRONG_KEY")],
)
def test_without_the_key_nothing_is_told(locked: Http, headers: dict[str, str], reason: str) -> None:
    answered = locked.post(LIST, "{}", {**JSON, **headers})

    assert (answered.status, answered.json()["code"]) == (401, "unauthenticated")
    assert reason in str(b64decode(answered.json()["details"][0]["value"] + "=="))
    assert locked.get("/metrics", headers).status == 401


def test_probes_need_no_key(locked: Http) -> None:
    assert [locked.get(path).status for path in ("/healthz", "/readyz")] == [200, 200]


def test_a_person_signs_in_once_and_the_cookie_cannot_be_read_by_scripts(locked: Http) -> None:
    answered = signed_in(locked, wanted="/runs?state=FAILED")

    assert (answered.status, answered.headers["location"]) == (303, "/runs?state=FAILED")
    set_cookie = answered.headers["set-cookie"]
    assert all(part in set_cookie for part in ("; HttpOnly", "; SameSite=Strict", "; Path=/"))
    assert KEY not in set_cookie
    session = {"cookie": set_cookie.partition(";")[0]}
    assert locked.post(LIST, "{}", {**JSON, **session, **own(locked)}).status == 200
    assert locked.get("/session", session).json() == {"needed": True, "known": True}
    assert locked.get("/session").json() == {"needed": True, "known": False}


def test_a_wrong_key_is_told_on_the_page_and_never_repeated(locked: Http, locked_server: StartedServer) -> None:
    answered = signed_in(locked, key="<guess>")

    assert answered.status == 401
    assert "not a key" in answered.text
    assert "guess" not in answered.text
    assert "set-cookie" not in answered.headers
    assert not any("guess" in json.dumps(event) for event in tuple(locked_server.log))


@pytest.mark.parametrize(
    "wanted", ["https://evil.example.com/", "//evil.example.com", "/\\evil.example.com", "x", "/a\r\nb"]
)
def test_signing_in_leads_to_no_other_site(locked: Http, wanted: str) -> None:
    assert signed_in(locked, wanted=wanted).headers["location"] == "/"


def test_the_form_shows_where_it_leads_as_text(locked: Http) -> None:
    page = locked.get('/login?next=/"><script>alert(1)</script>').text

    assert "<script>" not in page


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example.com", "sec-fetch-site": "cross-site"},
        {"origin": "http://evil.example.com"},
        {"origin": "null"},
        {"sec-fetch-site": "same-site"},
        {},
    ],
    ids=str,
)
def test_another_sites_page_cannot_use_the_session(locked: Http, cookie: str, headers: dict[str, str]) -> None:
    answered = locked.post(LIST, "{}", {**JSON, "cookie": cookie, **headers})

    assert (answered.status, answered.json()["code"]) == (403, "permission_denied")
    assert "access-control-allow-origin" not in answered.headers


def test_a_form_of_another_site_can_neither_sign_in_nor_out(locked: Http, cookie: str) -> None:
    foreign = {**FORM, "origin": "http://evil.example.com", "sec-fetch-site": "cross-site"}

    assert locked.post("/login", urlencode({"key": KEY}), foreign).status == 403
    assert locked.post("/logout", "", {**foreign, "cookie": cookie}).status == 403


def test_signing_out_takes_the_cookie_away(locked: Http, cookie: str) -> None:
    answered = locked.post("/logout", "", {**FORM, **own(locked), "cookie": cookie})

    assert (answered.status, answered.headers["location"]) == (303, "/login")
    assert "Max-Age=0" in answered.headers["set-cookie"]


@pytest.mark.parametrize("change", [lambda text: text[:-2], lambda text: text.replace("=", "=9", 1), lambda _: "a=b"])
def test_a_cookie_that_was_tampered_with_is_none(locked: Http, cookie: str, change: Callable[[str], str]) -> None:
    answered = locked.post(LIST, "{}", {**JSON, **own(locked), "cookie": change(cookie)})

    assert answered.status == 401


def test_a_page_of_the_screen_leads_to_the_form_and_back(locked: Http, cookie: str) -> None:
    answered = locked.get("/runs?state=FAILED")
    if answered.status == 404:
        pytest.skip("the screen is not built here")

    assert (answered.status, answered.headers["location"]) == (303, "/login?next=/runs%3Fstate%3DFAILED")
    assert locked.get("/login?next=/runs", {"cookie": cookie}).headers["location"] == "/runs"


@pytest.mark.parametrize("path", ["/flows/100%25", "/flows/a%2Fb%3Fc", "/flows/etl.daily?tag=a%26b", "/runs/%C3%A9"])
def test_signing_in_leads_to_the_very_page(locked: Http, path: str) -> None:
    to_form = locked.get(path)
    if to_form.status == 404:
        pytest.skip("the screen is not built here")
    [wanted] = parse_qs(urlsplit(to_form.headers["location"]).query)["next"]

    assert signed_in(locked, wanted=wanted).headers["location"] == path


def test_without_a_key_a_foreign_page_cannot_call(http: Http) -> None:
    assert http.post(LIST, "{}", {**JSON, "origin": "http://evil.example.com"}).status == 403
    assert http.post(LIST, "{}", {**JSON, **own(http)}).status == 200


def test_without_a_key_a_name_that_points_here_is_not_enough(http: Http) -> None:
    host = f"evil.example.com:{urlsplit(http.url).port}"

    rebound = http.post(LIST, "{}", {**JSON, "host": host, "origin": f"http://{host}", "sec-fetch-site": "same-origin"})
    by_name = http.post(LIST, "{}", {**JSON, "host": "localhost", "origin": "http://localhost"})

    assert (rebound.status, rebound.json()["code"]) == (403, "permission_denied")
    assert by_name.status == 200


@pytest.mark.parametrize("host", ["evil.example.com", "localhost.evil.example.com", "", "[", "[x"])
@pytest.mark.parametrize("headers", [{}, {"sec-fetch-site": "none"}], ids=str)
def test_without_a_key_a_name_that_points_here_reads_nothing(http: Http, host: str, headers: dict[str, str]) -> None:
    """A page reads from its own server without saying where it comes from, and its server's name may point here."""
    read = http.get(f"{LIST}?connect=v1&encoding=json&message=%7B%7D", {**headers, "host": host})
    metrics = http.get("/metrics", {**headers, "host": host})

    assert [each.status for each in (read, metrics)] == [403, 403]
    assert read.json()["code"] == "permission_denied"
    assert http.get("/metrics", {**headers, "host": "LOCALHOST:1"}).status == 200
    assert http.get("/metrics", {**headers, "host": "[::1]:4200"}).status == 200


def test_without_a_key_the_name_of_an_origin_that_was_allowed_is_enough(tmp_path: Path) -> None:
    with started_server(tmp_path, "--http-origins", "http://orch.internal:4200") as started:
        http = Http(started.http_url)

        by_name = http.get("/metrics", {"host": "ORCH.internal:4200"})
        by_another = http.get("/metrics", {"host": "orch.example.com:4200"})

    assert [by_name.status, by_another.status] == [200, 403]


def test_a_form_of_many_fields_is_not_ours(locked: Http, locked_server: StartedServer) -> None:
    answered = locked.post("/login", "&".join(f"a{n}=b" for n in range(20)), {**FORM, **own(locked)})

    assert answered.status == 400
    assert "request failed" not in {event["event"] for event in tuple(locked_server.log)}


def test_an_origin_that_was_allowed_calls_with_its_key_and_no_session(locked: Http, cookie: str) -> None:
    origin = {"origin": "https://other.example.com"}
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}

    preflight = locked.ask("OPTIONS", LIST, None, {**origin, **asked})
    called = locked.post(LIST, "{}", {**JSON, **origin, "authorization": f"Bearer {KEY}"})

    for answered in (preflight, called):
        assert answered.headers["access-control-allow-origin"] == origin["origin"]
        assert answered.headers["vary"]
        assert "access-control-allow-credentials" not in answered.headers
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    assert (preflight.status, called.status) == (204, 200)
    with_session = locked.post(LIST, "{}", {**JSON, **origin, "cookie": cookie})
    assert (with_session.status, with_session.json()["code"]) == (403, "permission_denied")
    assert locked.ask("OPTIONS", LIST, None, {"origin": "https://evil.example.com", **asked}).status == 403


def test_every_answer_says_what_browsers_must_not_do(locked: Http) -> None:
    for path in ("/login", "/healthz", "/nothing.js", "/hooks/none", "/openapi.json"):
        headers = locked.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "server" not in headers


def test_no_log_shows_a_key_or_a_session(locked: Http, locked_server: StartedServer, cookie: str) -> None:
    locked.post(LIST, "{}", {**JSON, "x-api-key": KEY})
    locked.post(LIST, "{}", {**JSON, "cookie": cookie, "origin": "http://evil.example.com"})
    locked.post(LIST, "{", {**JSON, "x-api-key": KEY})

    told = json.dumps(list(locked_server.log))
    assert KEY not in told
    assert cookie.partition("=")[2] not in told
