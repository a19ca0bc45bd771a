"""The page where people show an API key, once a week, and the screen's door to what needs a session."""

import logging
from html import escape
from http import HTTPStatus
from urllib.parse import parse_qs, quote

from orch_server.web.access import Access
from orch_server.web.asgi import HTML, Answer, Receive, Request
from orch_server.web.bodies import BodyError, whole_body
from orch_server.web.sessions import Sessions
from orch_server.web.static_files import StaticFiles

logger = logging.getLogger(__name__)

_MOST_BYTES = 16 * 1024
_NO_STORE = ("cache-control", "no-store")
_FORM = "application/x-www-form-urlencoded"

_STYLE = """\
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; display: grid; place-items: center; min-height: 100vh; margin: 0; }
main { width: min(22rem, 90vw); }
h1 { font-size: 1.4rem; }
label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit; }
input, button { padding: .6rem; margin: .4rem 0 1rem; }
[role=alert] { border-left: 4px solid #c0392b; padding-left: .8rem; }
"""
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Orch: sign in</title>
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/login.css">
</head>
<body>
<main>
<h1>Orch</h1>
{problem}<form method="post" action="/login">
<input type="hidden" name="next" value="{next}">
<label for="key">API key</label>
<input id="key" name="key" type="password" autocomplete="current-password" required autofocus>
<button>Sign in</button>
</form>
</main>
</body>
</html>
"""


class Login:
    """`/login`, `/logout`, `/session`, and the screen behind them."""

    def __init__(self, access: Access, sessions: Sessions, screen: StaticFiles) -> None:
        self._access, self._sessions, self._screen = access, sessions, screen

    async def style(self, request: Request, receive: Receive) -> Answer:
        """`/login.css`"""
        return Answer(HTTPStatus.OK, _STYLE.encode(), "text/css; charset=utf-8", (("cache-control", "no-cache"),))

    async def page(self, request: Request, receive: Receive) -> Answer:
        """`/login`: the form, and what it posts."""
        if request.method == "POST":
            return await self._begin(request, receive)
        if request.method not in {"GET", "HEAD"}:
            return _not_allowed("GET, HEAD, POST")
        wanted = _own_path(parse_qs(request.query).get("next", ["/"])[0])
        if self._access.open or self._knows(request):
            return Answer.redirect(wanted, _NO_STORE)
        return _page(wanted)

    async def end(self, request: Request, receive: Receive) -> Answer:
        """`/logout`: POST ends the session in this browser."""
        if request.method != "POST":
            return _not_allowed("POST")
        refusal = self._access.foreign(request.headers)
        if refusal is not None:
            return Answer.text(refusal.message, HTTPStatus.FORBIDDEN)
        return Answer.redirect("/login", ("set-cookie", self._sessions.end()), _NO_STORE)

    async def state(self, request: Request, receive: Receive) -> Answer:
        """`/session`: whether a key is asked for, and whether this browser has shown one."""
        needed = not self._access.open
        return Answer.json({"needed": needed, "known": needed and self._knows(request)}, HTTPStatus.OK, _NO_STORE)

    async def screen(self, request: Request, receive: Receive) -> Answer:
        """The screen's files. Its addresses lead to the form where a session is needed and not there."""
        asks = not self._access.open and request.method in {"GET", "HEAD"}
        if asks and self._screen.is_index(request.path) and not self._knows(request):
            return Answer.redirect(f"/login?next={quote(_own_path(request.target), safe='/')}", _NO_STORE)
        return await self._screen(request, receive)

    def _knows(self, request: Request) -> bool:
        return self._sessions.knows(request.headers.get("cookie", ""))

    async def _begin(self, request: Request, receive: Receive) -> Answer:
        refusal = self._access.foreign(request.headers)
        if refusal is not None:
            return Answer.text(refusal.message, HTTPStatus.FORBIDDEN)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _FORM:
            return Answer.text(f"The form is sent as {_FORM}.", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        try:
            body = await whole_body(receive, most_bytes=_MOST_BYTES)
        except BodyError as error:
            return error.answer
        try:
            fields = parse_qs(body.decode("utf-8", errors="replace"), max_num_fields=10)
        except ValueError:
            return Answer.text("The form has two fields: key and next.", HTTPStatus.BAD_REQUEST)
        wanted = _own_path(fields.get("next", ["/"])[0])
        if self._access.open:
            return Answer.redirect(wanted, _NO_STORE)
        cookie = self._sessions.begin(fields.get("key", [""])[0].strip())
        if cookie is None:
            logger.info("login refused", extra={"reason": "WRONG_KEY", "peer": request.peer})
            return _page(wanted, problem="This is not a key that the control plane knows.")
        return Answer.redirect(wanted, ("set-cookie", cookie), _NO_STORE)


def _page(wanted: str, *, problem: str = "") -> Answer:
    told = f'<p role="alert">{escape(problem)}</p>\n' if problem else ""
    body = _PAGE.format(problem=told, next=escape(wanted, quote=True)).encode()
    status = HTTPStatus.UNAUTHORIZED if problem else HTTPStatus.OK
    return Answer(status, body, HTML, (_NO_STORE,))


def _own_path(text: str) -> str:
    """A path of this server. Browsers read "//host", and "/" with a backslash after it, as another one's."""
    safe = text.startswith("/") and text[1:2] not in {"/", "\\"} and text.isprintable() and len(text) <= 2000
    return quote(text, safe="/?&=%:,;@!$'()*+~-._[]") if safe else "/"


def _not_allowed(methods: str) -> Answer:
    return Answer.text(f"Use {methods} here.", HTTPStatus.METHOD_NOT_ALLOWED, ("allow", methods))
