"""What the launcher wants to know again of an attempt: an annotation of its Job and its Pod."""

import json
from dataclasses import asdict, dataclass, fields
from typing import Literal

from orch_worker.launchers.kubernetes.naming import LAUNCH
from orch_worker.launchers.kubernetes.objects import Object, text

Output = Literal["live", "bad_end", "none"]


@dataclass(frozen=True, slots=True)
class LaunchFacts:
    """Of one attempt."""

    is_command: bool = False
    wrapped: bool = False
    """Whether its pull steps come first."""
    output: Output = "live"
    """Whose lines are shipped: while it runs, only where it ended badly, or never."""
    trouble_seconds: float = 300.0
    """How long it may be in trouble before it begins."""
    keep_seconds: int | None = None
    """How long its Job is kept when it has ended and been reported; None: not at all."""

    def text(self) -> str:
        """For the annotation."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def of(cls, found: Object) -> "LaunchFacts":
        """Of a Job or a Pod; the defaults, where nothing is to be read: somebody has changed it."""
        try:
            content = json.loads(text(found, "metadata", "annotations", LAUNCH))
        except ValueError:
            return cls()
        names = {each.name for each in fields(cls)}
        known = content.items() if isinstance(content, dict) else ()
        return cls(**{name: value for name, value in known if name in names})
