"""Ships what processes before this one could not deliver."""

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from orch.recording.parcels import Wave
from orch.recording.spill import Leftover, leftovers

logger = logging.getLogger(__name__)


async def ship(spill_folder: Path, *, target: str, deliver: Callable[[Wave], Awaitable[None]]) -> int:
    """Deliver what ended processes left on disk for this control plane. Returns how many reports and lines that was.

    What is not shipped when this is cancelled stays, and goes again with the next process: nothing is stored twice.
    """
    shipped = 0
    for leftover in leftovers(spill_folder):
        try:
            if leftover.target in {"", target}:
                shipped += await _ship(leftover, deliver)
        finally:
            leftover.close()
    if shipped:
        logger.warning("%s records that another process could not deliver are stored now.", shipped)
    return shipped


async def _ship(leftover: Leftover, deliver: Callable[[Wave], Awaitable[None]]) -> int:
    shipped = 0
    for batches in leftover.segments():
        for waves in batches:
            for wave in waves:
                shipped += wave.item_count
                await deliver(wave)
    return shipped
