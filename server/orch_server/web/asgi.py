"""ASGI's words, and a request and an answer that are easier to handle."""

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Event: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Event]]
Send: TypeAlias = Callable[[Event], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

CUT = "cut"
"""Under this name a scope's state has what ends the connection."""

JSON = "application/json"
HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Request:
    """What stands at a request's head. Header names are in lower case; of one that comes twice, the values are joined.

    secure: it came over TLS. target: path and query as they were written. peer: the caller's address.
    """

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    secure: bool
    target: str = ""
    peer: str = ""

    @classmethod
    def of(cls, scope: Scope) -> "Request":
        """Reads a scope. Raises UnicodeDecodeError for headers that are not UTF-8."""
        query, path = scope["query_string"].decode("ascii"), scope["raw_path"].decode("ascii")
        return cls(
            method=scope["method"],
            path=scope["path"],
            query=query,
            headers=joined_headers((name.decode(), value.decode()) for name, value in scope["headers"]),
            secure=scope.get("scheme") == "https",
            target=f"{path}?{query}" if query else path,
            peer=(scope.get("client") or ("",))[0],
        )


def joined_headers(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers as one value a name."""
    joined: dict[str, str] = {}
    for name, value in headers:
        separator = "; " if name == "cookie" else ", "
        joined[name] = f"{joined[name]}{separator}{value}" if name in joined else value
    return joined


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer."""

    status: int = HTTPStatus.OK
    body: bytes = b""
    media_type: str = TEXT
    headers: tuple[tuple[str, str], ...] = field(default=())

    @classmethod
    def json(cls, value: object, status: int = HTTPStatus.OK, *headers: tuple[str, str]) -> "Answer":
        """An answer for programs."""
        return cls(status, json.dumps(value, ensure_ascii=False).encode(), JSON, headers)

    @classmethod
    def text(cls, text: str, status: int = HTTPStatus.OK, *headers: tuple[str, str]) -> "Answer":
        """An answer for people and probes."""
        return cls(status, f"{text}\n".encode(), TEXT, headers)

    @classmethod
    def redirect(cls, location: str, *headers: tuple[str, str]) -> "Answer":
        """Go there, with GET."""
        return cls(HTTPStatus.SEE_OTHER, b"", TEXT, (("location", location), *headers))

    async def send(self, send: Send) -> None:
        """All of it. The body of an answer to HEAD is left out by the server."""
        headers = [("content-type", self.media_type), ("content-length", str(len(self.body))), *self.headers]
        await send(
            {
                "type": "http.response.start",
                "status": int(self.status),
                "headers": [(name.encode(), value.encode()) for name, value in headers],
            }
        )
        await send({"type": "http.response.body", "body": self.body})
