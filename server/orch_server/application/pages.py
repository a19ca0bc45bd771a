"""Pages of lists: sizes, and tokens that say where the next page begins. Keyset, never OFFSET.

A token belongs to one list with one filter; elsewhere it is refused.
"""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID

from orch_server.application.errors import InvalidArgument
from orch_server.domain.values import value

DEFAULT_SIZE = 200
MAX_SIZE = 1000

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

R = TypeVar("R")


@value
class PageRequest:
    """What a caller asks of a list: how many at most, and from where. `scope` names the list and its filter."""

    size: int
    token: str
    scope: str


@value
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
    if digest != _digest(scope) or not isinstance(key, list) or not all(map(_may_be_key, key)):
        raise foreign_token()
    return key


def foreign_token() -> InvalidArgument:
    """The error for a token that a list did not give out."""
    text = "This token is not from this list with this filter. Start again without a token."
    return InvalidArgument.of("page_token", text, reason="FOREIGN_PAGE_TOKEN")


def _may_be_key(value: object) -> bool:
    """Whether the database can compare with it: a 64-bit number, or a text without NUL and half characters."""
    if isinstance(value, str):
        return "\x00" not in value and not any("\ud800" <= letter <= "\udfff" for letter in value)
    return isinstance(value, int) and not isinstance(value, bool) and -(1 << 63) <= value < 1 << 63


def page_of(rows: Sequence[R], *, size: int, scope: str, key: Sequence[Sequence[str | int]]) -> Page[R]:
    """A page from up to `size` + 1 rows: the one too many says that there is a next page. `key` is each row's."""
    if len(rows) <= size:
        return Page(rows, "")
    return Page(rows[:size], encode_token(scope, key[size - 1]))


def id_key(request: PageRequest) -> UUID | None:
    """The id at which a page of a list that is ordered by id begins; None for the first page."""
    key = decode_token(request.scope, request.token)
    if key is None:
        return None
    try:
        (text,) = key
        return UUID(str(text))
    except ValueError:
        raise foreign_token() from None


def moment_parts(moment: datetime, id_: UUID) -> tuple[int, str]:
    """The key of a row in a list that is ordered by time and id."""
    return (moment - _EPOCH) // _MICROSECOND, str(id_)


def moment_key(request: PageRequest) -> tuple[datetime, UUID] | None:
    """The time and id after which a page of such a list begins; None for the first page."""
    match decode_token(request.scope, request.token):
        case None:
            return None
        case [int(micros), str(text)]:
            try:
                return _EPOCH + micros * _MICROSECOND, UUID(text)
            except (ValueError, OverflowError):
                raise foreign_token() from None
        case _:
            raise foreign_token()


def after_number(request: PageRequest) -> int | None:
    """The number after which a page of a list that is ordered by numbers begins; None for the first page."""
    match decode_token(request.scope, request.token):
        case None:
            return None
        case [int(number)]:
            return number
        case _:
            raise foreign_token()


def _digest(scope: str) -> str:
    return hashlib.blake2b(scope.encode(), digest_size=6).hexdigest()
