"""What the worker keeps on disk of each attempt, to know it again after its own restart."""

import logging
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from orch_client.leases import LeaseKey
from orch_worker.attempt_facts import AttemptFacts

logger = logging.getLogger(__name__)

_SUFFIX = ".json"


class Journal:
    """One small file an attempt, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        """Makes the folder. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder

    def begin(self, key: LeaseKey, facts: AttemptFacts) -> None:
        """Keep what is known of an attempt that is about to begin: if it is cut off, nothing has begun.

        Raises OSError.
        """
        self._path(key).write_text(facts.to_memo(), encoding="utf-8")

    def read(self, key: LeaseKey) -> AttemptFacts | None:
        """What is known of an attempt; None where nothing is, or it cannot be read."""
        try:
            return AttemptFacts.from_memo(self._path(key).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            logger.warning("unreadable", extra={"file": str(self._path(key)), "cause": str(error)})
            return None

    def forget(self, key: LeaseKey) -> None:
        """An attempt is over."""
        with suppress(OSError):  # A file that stays is looked at once more, at the next start.
            self._path(key).unlink(missing_ok=True)

    def keys(self) -> Iterator[LeaseKey]:
        """All attempts that something is known of."""
        for path in sorted(self._folder.glob(f"*{_SUFFIX}")):
            run_id, _, token = path.stem.rpartition(".")
            if run_id and token.isdigit():
                yield LeaseKey(run_id, int(token))

    def _path(self, key: LeaseKey) -> Path:
        return self._folder / f"{key.flow_run_id}.{key.token}{_SUFFIX}"
