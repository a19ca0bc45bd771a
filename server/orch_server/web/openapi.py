"""`/openapi.json`: the contract for clients that know only HTTP and JSON. Generated: see tools/openapi.py."""

import asyncio
import hashlib
from functools import cache
from http import HTTPStatus
from pathlib import Path

from orch_server.web.asgi import JSON, Answer, Receive, Request

DOCUMENT = Path(__file__).parent / "openapi.json"


async def openapi_document(request: Request, receive: Receive) -> Answer:
    """The document, which is no secret: it is the same for every server of a version."""
    if request.method not in {"GET", "HEAD"}:
        return Answer.text("This can only be read.", HTTPStatus.METHOD_NOT_ALLOWED, ("allow", "GET, HEAD"))
    content = await asyncio.to_thread(_content)
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = (("cache-control", "no-cache"), ("etag", etag))
    if request.headers.get("if-none-match") == etag:
        return Answer(HTTPStatus.NOT_MODIFIED, b"", JSON, headers)
    return Answer(HTTPStatus.OK, content, JSON, headers)


@cache
def _content() -> bytes:
    return DOCUMENT.read_bytes()
