"""Whether and when a failed call is tried again. Pure: time and chance are handed in.

Tried again are UNAVAILABLE, and RESOURCE_EXHAUSTED where the control plane says when (google.rpc.RetryInfo); and only
calls that may be repeated (see `methods`). The delay is RetryInfo's, or else grows exponentially; both are jittered, so
that clients which failed together do not come back together. The call's deadline bounds it all.
"""

from dataclasses import dataclass

from orch_client.errors import Failure

# How a stream ends that was not ended on purpose: the server went away, a proxy reset an idle connection.
_BROKEN_STREAM = ("RST_STREAM", "Stream removed", "GOAWAY")


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How patient a client is."""

    first_delay_seconds: float = 0.1
    multiplier: float = 2.0
    max_delay_seconds: float = 5.0
    """Delays grow up to here. RetryInfo may ask for more."""
    max_attempts: int | None = None
    """Attempts of a unary call, the first included; None: as many as its deadline allows. 1: never again."""
    watch_patience_seconds: float = 300.0
    """How long a watch that was connected tries to come back. One that never was has the client's timeout."""

    def delay_seconds(self, *, failed_attempts: int, retry_after_seconds: float | None, chance: float) -> float:
        """How long to wait after this many failed attempts (1 or more). `chance` is random, from 0 up to 1.

        RetryInfo's delay is a lower bound, stretched by up to a fifth. The exponential delay is spread over its upper
        half (AWS, "Exponential Backoff And Jitter": equal jitter), so that it is never near zero.
        """
        if retry_after_seconds is not None:
            return retry_after_seconds * (1 + 0.2 * chance)
        steps = min(failed_attempts - 1, 64)
        ceiling = min(self.max_delay_seconds, self.first_delay_seconds * self.multiplier**steps)
        return ceiling * (1 + chance) / 2


def is_passing(failure: Failure) -> bool:
    """Whether the same call may succeed a little later."""
    if failure.code == "RESOURCE_EXHAUSTED":
        return failure.retry_after_seconds is not None
    return failure.code == "UNAVAILABLE"


def is_broken_stream(failure: Failure) -> bool:
    """Whether a stream ended in a way that says nothing about what it was asked for."""
    if is_passing(failure) or failure.code == "CANCELLED":
        return True
    return failure.code in ("INTERNAL", "UNKNOWN") and any(sign in failure.message for sign in _BROKEN_STREAM)


@dataclass(slots=True)
class Attempts:
    """The attempts of one unary call. `deadline` is on the caller's monotonic clock."""

    rule: RetryRule
    repeatable: bool
    deadline: float
    failed: int = 0
    _passing: Failure | None = None

    def timeout(self, now: float) -> float | None:
        """What the next attempt may take; None: for ever."""
        return None if self.deadline == float("inf") else max(self.deadline - now, 0.0)

    def delay_after(self, failure: Failure, *, now: float, chance: float) -> float | None:
        """How long to wait before the next attempt; None: there is none, the failure stands."""
        self.failed += 1
        if is_passing(failure):
            self._passing = failure
        if not (self.repeatable and is_passing(failure)) or self.failed == self.rule.max_attempts:
            return None
        delay = self.rule.delay_seconds(
            failed_attempts=self.failed, retry_after_seconds=failure.retry_after_seconds, chance=chance
        )
        return delay if now + delay < self.deadline else None

    def outcome(self, failure: Failure) -> Failure:
        """The failure to tell of in the end: that time ran out says less than why there was nothing before."""
        return self._passing if self._passing and failure.code == "DEADLINE_EXCEEDED" else failure
