"""What those who make a soak's load share."""

from collections import deque
from dataclasses import dataclass, field
from random import Random

from tests.bench.soak.timings import Timings


@dataclass
class Scene:
    """Written by workers and clients, read by watchers and samples."""

    timings: Timings = field(default_factory=Timings)
    running: deque[str] = field(default_factory=lambda: deque(maxlen=50))
    """Runs that have just begun: whoever wants to watch one takes one of these."""
    ended: int = 0
    """Runs that have ended so far."""
    chance: Random = field(default_factory=lambda: Random(1))
