"""What happened, line by line, and its digest: two runs of one seed are alike when their digests are."""

import hashlib
from collections import deque
from collections.abc import Callable
from uuid import UUID

_KEPT = 60


class History:
    """Takes lines as they come. Keeps the last ones, or all of them where `whole` is asked for."""

    def __init__(self, time: Callable[[], float], *, whole: bool = False) -> None:
        self.lines: deque[str] = deque(maxlen=None if whole else _KEPT)
        self.count = 0
        self._time = time
        self._digest = hashlib.blake2b(digest_size=16)
        self._names: dict[UUID, str] = {}

    @property
    def digest(self) -> str:
        """Of all lines so far."""
        return self._digest.hexdigest()

    def name(self, thing: UUID, kind: str = "run") -> str:
        """A short name for a thing: its kind, and a number in the order of first mention."""
        name = self._names.get(thing)
        if name is None:
            name = self._names[thing] = f"{kind}-{len(self._names) + 1}"
        return name

    def add(self, who: str, what: str) -> None:
        """Something happened."""
        line = f"{self._time():9.3f}  {who:<12} {what}"
        self.count += 1
        self._digest.update(line.encode())
        self.lines.append(line)
