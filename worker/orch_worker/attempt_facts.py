"""What the worker has to know of an attempt as long as it lives, also after its own restart, here or elsewhere."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Self


@dataclass(frozen=True, slots=True)
class AttemptFacts:
    """Of one attempt. Kept in the journal, on this machine, and as the job's memo, where the attempt is."""

    flow_run_name: str = ""
    command: bool = False
    """A command's states are the worker's to report; those of an entrypoint its process reports itself."""
    exclusive: bool = False
    grace_seconds: float = 30.0
    """Between the request to end and the end by force."""
    log_base: int | None = None
    """Where this attempt's output begins in the run's log stream; None: nobody knows any more."""

    def to_memo(self) -> str:
        """As text."""
        return json.dumps(asdict(self))

    @classmethod
    def from_memo(cls, memo: str | bytes) -> Self:
        """From text, also of another version of Orch. Raises ValueError where it cannot be read."""
        content = json.loads(memo)
        if not isinstance(content, dict):
            raise ValueError(f"not a JSON object: {content!r:.50}")
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in content.items() if name in known})
