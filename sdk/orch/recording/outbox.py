"""Waves that wait to be delivered, in their order: in memory as far as that reaches, then on disk."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from orch.recording.parcels import Kind, Wave
from orch.recording.spill import Spill

logger = logging.getLogger(__name__)

MOST_ITEMS = 20_000
"""Reports and lines in memory."""
MOST_MEMORY_BYTES = 8_000_000
"""Of requests in memory."""
_READ_BYTES = 512_000
"""Read from disk at once."""
# Where neither memory nor disk has room, what a run is made of is kept in memory up to so many times the limits.
_LAST_RESORT = 4


@dataclass(slots=True)
class _Kept:
    wave: Wave
    items: int
    size_bytes: int
    on_disk: bool = False


class Outbox:
    """Waves in the order in which they were put in. For the courier's loop alone."""

    def __init__(self, spill: Spill, *, most_items: int = MOST_ITEMS, most_bytes: int = MOST_MEMORY_BYTES) -> None:
        self._spill = spill
        self._most_items = most_items
        self._most_bytes = most_bytes
        self._memory: deque[_Kept] = deque()
        self._tail: deque[_Kept] = deque()
        """Behind what is on disk: where the disk is full."""
        self._items = 0
        self._bytes = 0
        self._on_disk = 0
        """The newest wave on disk, until it is delivered; then 0. What is only in memory is older, or in the tail."""
        self._arrived = asyncio.Event()
        self._disk_is_full = False
        self.appended = 0
        """The number of the newest wave."""
        self.delivered = 0
        """The number of the newest wave that is delivered, as all before it are."""
        self.dropped = 0
        """Reports and lines for which there was no room."""

    @property
    def is_empty(self) -> bool:
        """Whether all is delivered."""
        return self.delivered == self.appended

    def append(self, waves: Iterable[Wave]) -> None:
        """Put waves behind all others."""
        for wave in waves:
            self.appended += 1
            wave.number = self.appended
            self._keep(wave)
        self._arrived.set()

    async def next(self) -> Wave:
        """The first wave that is not delivered. It stays the first until `done`."""
        while not self._memory:
            self._load()
            if not self._memory:
                self._skip_dropped()
                self._arrived.clear()
                await self._arrived.wait()
        return self._memory[0].wave

    def done(self, wave: Wave) -> None:
        """The first wave is delivered."""
        kept = self._memory.popleft()
        assert kept.wave is wave
        self._items -= kept.items
        self._bytes -= kept.size_bytes
        self.delivered = wave.number
        if kept.on_disk:
            self._spill.done(wave.number)
        if self._on_disk and self.delivered >= self._on_disk:
            self._leave_disk()
        if not self._memory and not self._on_disk:
            self._skip_dropped()

    def save(self) -> bool:
        """Put what is in memory on disk, since the process ends. Whether anything waits there now.

        Raises OSError where the disk does not take it.
        """
        self._save_memory()
        self._spill.append([kept.wave for kept in self._tail])
        return bool(self._memory or self._on_disk or self._tail)

    def secure(self) -> None:
        """Put what is in memory on disk as well, where that can be done, in case that the process is killed."""
        with suppress(OSError):
            self._save_memory()

    def _save_memory(self) -> None:
        unsaved = [kept for kept in self._memory if not kept.on_disk]
        if unsaved:
            self._spill.prepend([kept.wave for kept in unsaved])
            for kept in unsaved:
                kept.on_disk = True

    def _keep(self, wave: Wave) -> None:
        if not self._tail:
            if not self._on_disk and self._fits(wave):
                self._remember(_Kept(wave, wave.item_count, wave.size_bytes if self._memory else 0))
                return
            try:
                if not self._on_disk and not self._disk_is_full:
                    # Should this process be killed, the next one finds the beginning of the story, too.
                    self._save_memory()
                self._spill.append([wave])
            except OSError as error:
                self._tell_full(error)
            else:
                self._on_disk = wave.number
                return
        self._keep_without_disk(wave)

    def _fits(self, wave: Wave) -> bool:
        if not self._memory:
            return self._most_items > 0
        return self._items + wave.item_count <= self._most_items and self._bytes + wave.size_bytes <= self._most_bytes

    def _remember(self, kept: _Kept) -> None:
        self._memory.append(kept)
        self._items += kept.items
        self._bytes += kept.size_bytes

    def _load(self) -> None:
        if not self._on_disk:
            return
        waves = self._spill.read(_READ_BYTES)
        for wave in waves:
            self._remember(_Kept(wave, wave.item_count, wave.size_bytes, on_disk=True))
        if not waves:
            # Nothing of it can be read.
            self._leave_disk()

    def _leave_disk(self) -> None:
        self._on_disk = 0
        self._memory.extend(self._tail)
        self._tail.clear()

    def _tell_full(self, error: OSError) -> None:
        if not self._disk_is_full:
            self._disk_is_full = True
            logger.error(
                "The control plane cannot be reached, and records that wait for it cannot be kept on disk: %s. From now"
                " on log lines are lost; states of runs are kept in memory. Make room, or end the outage.",
                error,
            )

    def _keep_without_disk(self, wave: Wave) -> None:
        """Neither memory nor disk has room. Lines go; what runs are made of stays as long as memory can be had."""
        items = wave.item_count
        wave.parcels[:] = [parcel for parcel in wave.parcels if parcel.kind is not Kind.LOGS]
        kept = _Kept(wave, wave.item_count, wave.size_bytes)
        full = self._items > _LAST_RESORT * self._most_items or self._bytes > _LAST_RESORT * self._most_bytes
        self.dropped += items if full else items - kept.items
        if full:
            logger.error("There is no room for records of runs: %s of them are lost so far.", self.dropped)
        elif kept.items:
            self._tail.append(kept)
            self._items += kept.items
            self._bytes += kept.size_bytes
            if not self._on_disk:
                self._leave_disk()

    def _skip_dropped(self) -> None:
        """Waves that found no room count as delivered, so that nobody waits for them."""
        if self.delivered != self.appended:
            self.delivered = self.appended
