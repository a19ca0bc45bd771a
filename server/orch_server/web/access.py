"""Who may call over HTTP: programs show an API key, people a session; and no page of another site may use either.

A browser adds cookies, and reaches this machine's own addresses, on behalf of any page. So what comes without a key in
its headers is let in only if its browser says that it comes from the screen itself, or from an origin that was allowed.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from orch_client.errors import Failure
from orch_server.application.api_keys import MISSING_KEY, WRONG_KEY, ApiKeys, shown_keys
from orch_server.web.sessions import Sessions

_HOW = "If you reach it through a proxy, let that pass on the Host header"
FOREIGN_ORIGIN = Failure(
    code="PERMISSION_DENIED",
    message=f"A page of another site may not call this control plane with your session. {_HOW}.",
    reason="FOREIGN_ORIGIN",
)
UNKNOWN_HOST = Failure(
    code="PERMISSION_DENIED",
    message=(
        "This control plane asks for no key, so a browser may call it only by an address of its own, not by a name "
        f"that anybody could have made. {_HOW}; or name the origin in --http-origins."
    ),
    reason="UNKNOWN_HOST",
)
_OWN_SITE = frozenset({"same-origin", "none"})
# With these, browsers need not say where a call comes from.
_READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Origins:
    """Where browsers may call from, beside the server's own pages.

    allowed: whole origins, "https://orch.example.com". host: the name that the server was told to listen on.
    """

    allowed: frozenset[str] = frozenset()
    host: str = "127.0.0.1"


class Access:
    """Judges requests by their headers."""

    def __init__(self, keys: ApiKeys, sessions: Sessions, origins: Origins) -> None:
        self._keys, self._sessions, self._origins = keys, sessions, origins

    @property
    def open(self) -> bool:
        """Whether nobody is asked for a key."""
        return not self._keys

    def refusal(self, method: str, headers: Mapping[str, str]) -> Failure | None:
        """Why such a request may not call; None where it may. Header names are in lower case."""
        shown = tuple(shown_keys(headers.items()))
        if self._keys and self._keys.know_one_of(shown):
            return None
        if self._keys and shown:
            return WRONG_KEY
        if self._keys and not self._sessions.knows(headers.get("cookie", "")):
            return MISSING_KEY
        return self._foreign(method, headers)

    def foreign(self, headers: Mapping[str, str]) -> Failure | None:
        """Why a form that was posted is not one of ours."""
        return self._foreign("POST", headers)

    def _foreign(self, method: str, headers: Mapping[str, str]) -> Failure | None:
        origin, site = headers.get("origin", ""), headers.get("sec-fetch-site", "")
        if self.open and origin in self._origins.allowed:
            return None
        if (site and site not in _OWN_SITE) or (origin and _place(origin) != headers.get("host", "").lower()):
            return FOREIGN_ORIGIN
        if not (origin or site) and method not in _READING:
            # Every browser says where such a call comes from. Who shows a session is one.
            return FOREIGN_ORIGIN if self._keys else None
        if self.open and not self._is_ours(headers.get("host", "").lower()):
            return UNKNOWN_HOST
        return None

    def _is_ours(self, host: str) -> bool:
        """Whether a Host header can have no other server in mind: whose name could point anywhere is not asked."""
        name = _name(host)
        own = {"localhost", self._origins.host.lower()}
        if name in own or name.endswith(".localhost") or host in map(_place, self._origins.allowed):
            return True
        try:
            ip_address(name)
        except ValueError:
            return False
        return True


def _name(host: str) -> str:
    """The name or address in a Host header; empty where there is none."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _place(origin: str) -> str:
    """host:port of an origin; empty for "null"."""
    return origin.partition("://")[2].lower()


def to_origins(texts: Iterable[str]) -> frozenset[str]:
    """Origins as browsers send them. Raises ValueError, naming what is none."""
    return frozenset(_origin(text) for text in texts)


def _origin(text: str) -> str:
    parts = urlsplit(text)
    if (
        parts.scheme not in {"http", "https"}
        or not parts.hostname
        or text.rstrip("/") != f"{parts.scheme}://{parts.netloc}"
    ):
        raise ValueError(f"{text!r} is not an origin such as https://orch.example.com.")
    return f"{parts.scheme}://{parts.netloc.lower()}"
