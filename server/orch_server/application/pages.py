"""Pages of lists: sizes, and tokens that say where the next page begins. Keyset, never OFFSET.

A token belongs to one list with one filter; elsewhere it is refused.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from orch_server.application.errors import InvalidArgument

DEFAULT_SIZE = 200
MAX_SIZE = 1000

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What a caller asks of a list: how many at most, and from where. `scope` names the list and its filter."""

    size: int
    token: str
    scope: str


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Some of a list, and the token of what follows; empty on the last page."""

    items: Sequence[R]
    next_token: str


def page_size(asked: int, *, default: int = DEFAULT_SIZE, largest: int = MAX_SIZE) -> int:
    """The size to use: 0 means the default; negative and larger ones are refused."""
    if not 0 <= asked <= largest:
        raise InvalidArgument.of("page_size", f"{asked} is not between 0 (the default, {default}) and {largest}.")
    return asked or default


def encode_token(scope: str, key: Sequence[str | int]) -> str:
    """A token that continues after `key` in the list named by `scope`."""
    text = json.dumps([_digest(scope), list(key)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode_token(scope: str, token: str) -> list[str | int] | None:
    """The key in a token; None for the first page. InvalidArgument for one that this list did not give out."""
    if not token:
        return None
    try:
        padded = token.encode("ascii") + b"=" * (-len(token) % 4)
        digest, key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, TypeError, binascii.Error, RecursionError):
        digest, key = None, None
    if digest != _digest(scope) or not isinstance(key, list) or not all(isinstance(k, str | int) for k in key):
        text = "This token is not from this list with this filter. Start again without a token."
        raise InvalidArgument.of("page_token", text, reason="FOREIGN_PAGE_TOKEN")
    return key


def page_of(rows: Sequence[R], *, size: int, scope: str, key: Sequence[Sequence[str | int]]) -> Page[R]:
    """A page from up to `size` + 1 rows: the one too many says that there is a next page. `key` is each row's."""
    if len(rows) <= size:
        return Page(rows, "")
    return Page(rows[:size], encode_token(scope, key[size - 1]))


def before_id(request: PageRequest) -> UUID | None:
    """The id before which a page of a list that is ordered by id begins; None for the first page."""
    key = decode_token(request.scope, request.token)
    if key is None:
        return None
    try:
        (text,) = key
        return UUID(str(text))
    except ValueError:
        text = "This token is not from this list with this filter. Start again without a token."
        raise InvalidArgument.of("page_token", text, reason="FOREIGN_PAGE_TOKEN") from None


def _digest(scope: str) -> str:
    return hashlib.blake2b(scope.encode(), digest_size=6).hexdigest()
