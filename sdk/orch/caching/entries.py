"""What an entry of the cache looks like in its file.

orch-cache 1 <hash of the rest>\\n
{"key": …, "created": …, "expires": …, "digest": …, "media_type": …, "size_bytes": …, "uri": …}\\n
<the value, where it is small>
"""

import hashlib
import json
import re
from dataclasses import dataclass

from orch.results.stored import StoredResult

_MAGIC = b"orch-cache 1 "
_DIGEST_BYTES = 20
_HEAD = len(_MAGIC) + 2 * _DIGEST_BYTES
_FIT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
"""Keys that every file system takes as a name."""


class DamagedEntryError(Exception):
    """An entry is not what was written: cut, or changed."""


def digest(data: bytes | memoryview) -> str:
    """The hash of a value's bytes."""
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).hexdigest()


def file_name(key: str) -> str:
    """The name of a key's file. Keys that make no good names are hashed; the entry itself holds the key."""
    return key if _FIT.fullmatch(key) else f"={digest(key.encode('utf-8', 'surrogatepass'))}"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry."""

    key: str
    created: float
    """Seconds since 1970."""
    expires: float | None
    """Seconds since 1970; None: never."""
    digest: str
    """Hash of the value's bytes."""
    stored: StoredResult

    def is_expired(self, now: float) -> bool:
        """Whether it does not count any more."""
        return self.expires is not None and now >= self.expires

    def to_bytes(self) -> bytes:
        """The content of its file."""
        head = {
            "key": self.key,
            "created": self.created,
            "expires": self.expires,
            "digest": self.digest,
            "media_type": self.stored.media_type,
            "size_bytes": self.stored.size_bytes,
            "uri": self.stored.uri,
        }
        rest = json.dumps(head).encode() + b"\n" + (self.stored.data or b"")
        return _MAGIC + digest(rest).encode() + b"\n" + rest

    @staticmethod
    def from_bytes(raw: bytes) -> "Entry":
        """The entry of a file's content. DamagedEntryError if it is none, or not whole."""
        rest = memoryview(raw)[_HEAD + 1 :]
        if not raw.startswith(_MAGIC) or raw[len(_MAGIC) : _HEAD] != digest(rest).encode():
            raise DamagedEntryError("its file is damaged, or only half of it was written")
        line, _, data = bytes(rest).partition(b"\n")
        head = json.loads(line)
        return Entry(
            key=head["key"],
            created=head["created"],
            expires=head["expires"],
            digest=head["digest"],
            stored=StoredResult(
                data=None if head["uri"] else data,
                uri=head["uri"],
                media_type=head["media_type"],
                size_bytes=head["size_bytes"],
            ),
        )
