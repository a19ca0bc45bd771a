"""How long a holder may go on, and when it must speak up again. Pure: the clock is handed in.

The rule (docs/architecture.md, "Leases", rule 8): a lease that was renewed lasts `ttl` from the moment at which the
control plane answered. That moment is not known here, but it is not before the renewal was SENT; so a holder that stops
before `sent_at + ttl` stops before the lease can have expired. The two clocks may also differ in pace, and stopping
takes time: hence a margin.

Times are seconds on a clock that never goes back and that goes on while the machine sleeps: `holder_clock()`.
"""

import sys
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

# A holder that gets no answer asks again after this share of what is left until it must stop …
_RETRY_SHARE = 0.25
# … within these bounds; the upper one also when the time is over.
_RETRY_FLOOR_SECONDS = 0.2
_RETRY_CEILING_SECONDS = 5.0


# The clock that goes on during sleep, by platform; elsewhere `time.monotonic` does.
_SLEEPLESS_CLOCKS = {"linux": "CLOCK_BOOTTIME", "darwin": "CLOCK_MONOTONIC"}


def holder_clock() -> Callable[[], float]:
    """A monotonic clock that counts the time asleep, as the control plane does. `time.monotonic` stands still then on
    Linux and macOS: a laptop that wakes up would believe in leases long gone.
    """
    clock: int | None = getattr(time, _SLEEPLESS_CLOCKS.get(sys.platform, ""), None)
    return time.monotonic if clock is None else partial(time.clock_gettime, clock)


class LeaseKey(NamedTuple):
    """Names a held lease."""

    flow_run_id: str
    token: int


@dataclass(frozen=True, slots=True)
class SafetyMargin:
    """How much earlier than `ttl` after sending a holder must have stopped.

    `drift` is the share by which the control plane's clock may run faster than the holder's; 10 % is a hundred times
    what clocks do, and covers virtual machines that stutter. `stopping_seconds` is for the stopping itself, and never
    more than `drift` again, so that short leases keep most of their time: 2.5 s of 15 s, 0.2 s of 1 s.
    """

    drift: float = 0.10
    stopping_seconds: float = 1.0

    def __post_init__(self) -> None:
        if not (0 <= self.drift < 0.5 and self.stopping_seconds >= 0):
            raise ValueError("A safety margin has a drift from 0 up to 0.5, and a stopping time that is not negative.")

    def usable_seconds(self, ttl_seconds: float) -> float:
        """What is left of a TTL. At most ttl · (1 - drift), which is below ttl / (1 + drift): the time that passes here
        while a clock faster by `drift` counts `ttl`.
        """
        return ttl_seconds - self.drift * ttl_seconds - min(self.stopping_seconds, self.drift * ttl_seconds)


@dataclass(frozen=True, slots=True)
class LeaseClock:
    """One lease, as far as its holder can be sure of it.

    Count from renewals (SyncLeases, AdoptLease). A grant by AcquireLeases is a long poll: it may have been sent long
    before the grant, so that its holder must renew once before an exclusive run begins.
    """

    sent_at: float
    """When the newest renewal that was answered had been sent."""
    ttl_seconds: float
    """What it was answered."""
    margin: SafetyMargin = field(default_factory=SafetyMargin)

    @property
    def must_stop_at(self) -> float:
        """When the holder of an exclusive lease must have stopped."""
        return self.sent_at + self.margin.usable_seconds(self.ttl_seconds)

    def may_go_on(self, now: float) -> bool:
        """Whether an exclusive run may still run."""
        return now < self.must_stop_at

    def renewed(self, *, sent_at: float, ttl_seconds: float) -> "LeaseClock":
        """After an answered renewal. An answer that was overtaken by that of a later one changes nothing."""
        if sent_at < self.sent_at:
            return self
        return LeaseClock(sent_at=sent_at, ttl_seconds=ttl_seconds, margin=self.margin)


class LeaseKeeper:
    """All leases of one holder, and when it must sync next. Not thread-safe: one loop keeps the leases."""

    def __init__(self, *, next_sync_at: float, margin: SafetyMargin | None = None) -> None:
        """`next_sync_at`: when OpenSession or AdoptLease was sent, and its `next_sync` later."""
        self._margin = margin or SafetyMargin()
        self._clocks: dict[LeaseKey, LeaseClock] = {}
        self._next_sync_at = next_sync_at

    @property
    def held(self) -> Mapping[LeaseKey, LeaseClock]:
        """The leases, in the order in which they came."""
        return self._clocks

    @property
    def next_sync_at(self) -> float:
        """When the next SyncLeases is due."""
        return self._next_sync_at

    def hold(self, key: LeaseKey, *, sent_at: float, ttl_seconds: float) -> None:
        """Takes a lease in. `sent_at`: when the call was sent that brought it."""
        self._clocks[key] = LeaseClock(sent_at=sent_at, ttl_seconds=ttl_seconds, margin=self._margin)

    def drop(self, key: LeaseKey) -> None:
        """Forgets a lease that is lost, released or reported; one that is not held is no matter."""
        self._clocks.pop(key, None)

    def synced(self, *, sent_at: float, next_sync_seconds: float, ttls: Iterable[tuple[LeaseKey, float]]) -> None:
        """After an answered SyncLeases: `ttls` holds the leases that it renewed, and for how long. Those that were
        dropped meanwhile stay dropped.
        """
        for key, ttl_seconds in ttls:
            if key in self._clocks:
                self._clocks[key] = self._clocks[key].renewed(sent_at=sent_at, ttl_seconds=ttl_seconds)
        self._next_sync_at = sent_at + next_sync_seconds

    def unanswered(self, *, now: float) -> None:
        """After a SyncLeases that failed: asks again sooner, the less time is left; every 0.2 s to 5 s."""
        left = min((clock.must_stop_at - now for clock in self._clocks.values() if clock.may_go_on(now)), default=None)
        delay = _RETRY_CEILING_SECONDS if left is None else left * _RETRY_SHARE
        self._next_sync_at = now + min(max(delay, _RETRY_FLOOR_SECONDS), _RETRY_CEILING_SECONDS)

    def must_stop(self, now: float) -> tuple[LeaseKey, ...]:
        """The leases whose time is over; where they are exclusive, their runs must have stopped by now."""
        return tuple(key for key, clock in self._clocks.items() if not clock.may_go_on(now))

    def next_event_at(self, now: float) -> float:
        """When to look again: the next sync, or the first lease to run out after `now`."""
        ends = (clock.must_stop_at for clock in self._clocks.values() if clock.may_go_on(now))
        return min([self._next_sync_at, *ends])
