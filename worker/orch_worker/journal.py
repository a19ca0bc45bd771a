"""What the worker keeps on disk of each attempt, to know it again after its own restart."""

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

from orch_client.leases import LeaseKey
from orch_worker.held_runs import AttemptFacts

logger = logging.getLogger(__name__)

_SUFFIX = ".json"
_FIELDS = tuple(each.name for each in fields(AttemptFacts))


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
        self._path(key).write_text(_text(facts), encoding="utf-8")

    def change(self, key: LeaseKey, facts: AttemptFacts) -> None:
        """Keep what is known by now, all at once. Raises OSError."""
        path = self._path(key)
        fresh = path.with_suffix(".new")
        fresh.write_text(_text(facts), encoding="utf-8")
        fresh.replace(path)

    def read(self, key: LeaseKey) -> AttemptFacts | None:
        """What is known of an attempt; None where nothing is, or it cannot be read."""
        try:
            content = json.loads(self._path(key).read_bytes())
            return AttemptFacts(**{name: value for name, value in content.items() if name in _FIELDS})
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError, AttributeError) as error:
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


def _text(facts: AttemptFacts) -> str:
    return json.dumps({name: getattr(facts, name) for name in _FIELDS})
