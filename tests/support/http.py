"""A plain HTTP client for tests: every header is the test's own, and no answer is an exception."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPSConnection
from typing import Any, TypeAlias
from urllib.parse import urlsplit

Json: TypeAlias = Any

JSON = {"content-type": "application/json"}
_PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Answered:
    """An answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Json:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()


@dataclass(frozen=True)
class Http:
    """Asks one server; with the headers given here beside each request's own."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None

    def ask(
        self, method: str, path: str, body: bytes | str | None = None, headers: Mapping[str, str] | None = None
    ) -> Answered:
        """One request on a connection of its own."""
        parts = urlsplit(self.url)
        connection = (
            HTTPSConnection(parts.netloc, timeout=_PATIENCE_SECONDS, context=self.tls)
            if parts.scheme == "https"
            else HTTPConnection(parts.netloc, timeout=_PATIENCE_SECONDS)
        )
        try:
            connection.request(method, path, body, {**self.headers, **(headers or {})})
            response = connection.getresponse()
            found = {name.lower(): value for name, value in response.getheaders()}
            return Answered(response.status, found, response.read())
        finally:
            connection.close()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answered:
        """GET."""
        return self.ask("GET", path, None, headers)

    def post(self, path: str, body: bytes | str = b"", headers: Mapping[str, str] | None = None) -> Answered:
        """POST."""
        return self.ask("POST", path, body, headers)

    def call(self, method: str, /, *, headers: Mapping[str, str] | None = None, **request: object) -> Answered:
        """A method of the contract, with JSON: call("FlowRunService/GetFlowRun", flowRunId=…)."""
        return self.post(f"/orch.v1.{method}", json.dumps(request), {**JSON, **(headers or {})})

    def made(self, method: str, /, **request: object) -> Json:
        """The same, where it must succeed: the answer."""
        answered = self.post(f"/orch.v1.{method}", json.dumps(request), JSON)
        assert answered.status == 200, answered.text
        return answered.json()
