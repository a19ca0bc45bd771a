"""Who may call: whoever shows one of the API keys, whichever way the call came."""

import hashlib
import hmac
from collections.abc import Iterable, Iterator

from orch_client.errors import Failure

_HOW = (
    "Set ORCH_API_KEY for Orch's clients, workers and command line; others send the metadata "
    "'authorization: Bearer KEY' or 'x-api-key: KEY'."
)
MISSING_KEY = Failure(
    code="UNAUTHENTICATED",
    message=f"This control plane asks for an API key, and none was sent. {_HOW}",
    reason="MISSING_KEY",
)
WRONG_KEY = Failure(
    code="UNAUTHENTICATED",
    message=f"The API key is not one that this control plane knows. {_HOW}",
    reason="WRONG_KEY",
)


class ApiKeys:
    """The keys, of which any opens everything. None: nobody is asked for one."""

    def __init__(self, keys: Iterable[str]) -> None:
        # Digests have one length, so that comparing them takes one time whatever is shown.
        self._digests = tuple(_digest(key) for key in keys)

    def __bool__(self) -> bool:
        return bool(self._digests)

    def know_one_of(self, keys: Iterable[str]) -> bool:
        """Compares all with all, even after one has matched, so that the time taken tells nothing."""
        shown = [_digest(key) for key in keys]
        matches = [hmac.compare_digest(one, known) for one in shown for known in self._digests]
        return any(matches)

    def secrets(self, purpose: bytes) -> tuple[bytes, ...]:
        """A secret of 32 bytes for each key, which tells nothing about the key, nor about other purposes' secrets."""
        return tuple(hmac.digest(digest, purpose, "sha256") for digest in self._digests)


def shown_keys(headers: Iterable[tuple[str, str | bytes]]) -> Iterator[str]:
    """The keys that a call's metadata or headers show; names in lower case. Empty ones where the scheme is another."""
    for name, value in headers:
        if isinstance(value, bytes):
            continue
        if name == "x-api-key":
            yield value.strip()
        elif name == "authorization":
            scheme, _, key = value.partition(" ")
            yield key.strip() if scheme.lower() == "bearer" else ""


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", errors="replace")).digest()
