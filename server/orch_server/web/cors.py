"""Cross-origin resource sharing: off, but for the origins that were allowed, which send an API key, never a cookie."""

from http import HTTPStatus

from orch_server.web.asgi import Answer, Request

_ALLOWED_HEADERS = (
    "authorization, content-type, x-api-key, x-grpc-web, x-user-agent, connect-protocol-version, connect-timeout-ms, "
    "connect-accept-encoding, connect-content-encoding, grpc-timeout, traceparent, tracestate"
)
_SHOWN_HEADERS = "grpc-status, grpc-message, grpc-status-details-bin"
_HOUR_SECONDS = "3600"


class Cors:
    """What browsers are told about pages of other origins."""

    def __init__(self, allowed: frozenset[str] = frozenset()) -> None:
        self._allowed = allowed

    def headers(self, request: Request) -> list[tuple[str, str]]:
        """Beside every answer to an origin that is allowed."""
        if not self._allowed:
            return []
        origin = request.headers.get("origin", "")
        vary = [("vary", "Origin")]
        if origin not in self._allowed:
            return vary
        return [
            *vary,
            ("access-control-allow-origin", origin),
            ("access-control-expose-headers", _SHOWN_HEADERS),
            ("cross-origin-resource-policy", "cross-origin"),
        ]

    def preflight(self, request: Request) -> Answer | None:
        """The answer to a browser that asks whether a page may call; None for other requests."""
        if request.method != "OPTIONS" or "access-control-request-method" not in request.headers:
            return None
        if request.headers.get("origin", "") not in self._allowed:
            return Answer.text("This origin is not allowed: see --http-origins.", HTTPStatus.FORBIDDEN)
        return Answer(
            HTTPStatus.NO_CONTENT,
            headers=(
                ("access-control-allow-methods", "GET, POST"),
                ("access-control-allow-headers", _ALLOWED_HEADERS),
                ("access-control-max-age", _HOUR_SECONDS),
            ),
        )
