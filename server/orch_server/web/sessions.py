"""Sessions of people: a cookie that was signed when somebody showed an API key. Nothing is stored on the server.

Every server with the same keys takes it, across restarts; taking a key away ends the sessions that it began.
"""

import base64
import hmac
import secrets
import time
from collections.abc import Callable

from orch_server.application.api_keys import ApiKeys

LIFETIME_SECONDS = 7 * 24 * 3600
_PURPOSE = b"orch session cookie, version 1"


class Sessions:
    """Begins sessions, and knows them again."""

    def __init__(self, keys: ApiKeys, *, port: int, secure: bool, now: Callable[[], float] = time.time) -> None:
        """secure: the server itself speaks TLS. port: cookies of one host are shared by all servers on it."""
        self._keys = keys
        self._secrets = keys.secrets(_PURPOSE)
        self._secure = secure
        self._now = now
        self.cookie = f"{'__Host-' if secure else ''}orch_session_{port}"

    def begin(self, key: str) -> str | None:
        """The Set-Cookie header that begins a session, or None where the key is not one of ours."""
        if not self._keys.know_one_of([key]):
            return None
        [secret] = ApiKeys([key]).secrets(_PURPOSE)
        content = f"{int(self._now()) + LIFETIME_SECONDS}.{secrets.token_urlsafe(12)}"
        return self._set(f"{content}.{_signature(secret, content)}", LIFETIME_SECONDS)

    def end(self) -> str:
        """The Set-Cookie header that ends a session in its browser."""
        return self._set("", 0)

    def knows(self, cookie_header: str) -> bool:
        """Whether a request's Cookie header holds a session that lasts."""
        token = self._token(cookie_header)
        content, _, signature = token.rpartition(".")
        expiry, _, _ = content.partition(".")
        matches = [hmac.compare_digest(_signature(secret, content), signature) for secret in self._secrets]
        return any(matches) and expiry.isascii() and expiry.isdigit() and self._now() < int(expiry)

    def _token(self, cookie_header: str) -> str:
        # Not with http.cookies, which reads none where it dislikes one: others on this host set cookies, too.
        pairs = (each.strip().partition("=") for each in cookie_header.split(";"))
        found = next((value for name, _, value in pairs if name == self.cookie), "")
        return found if found.isascii() else ""

    def _set(self, value: str, seconds: int) -> str:
        secure = "; Secure" if self._secure else ""
        return f"{self.cookie}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}"


def _signature(secret: bytes, content: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(secret, content.encode(), "sha256")).decode().rstrip("=")
