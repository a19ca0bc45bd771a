"""Retries and restarts: how often, and when, a run is tried again."""

from datetime import timedelta

from orch_server.domain.values import value

DURABLE_CRASH_RESTARTS = 10
"""Restarts of a durable flow that does not name a number: enough for bad luck, not for a run that kills its machine."""


@value
class RetryPolicy:
    """Further attempts after a failure: `delays` in order, the last for all later ones; empty means at once.

    `jitter_factor` adds up to that share of the delay.
    """

    max_retries: int = 0
    delays: tuple[timedelta, ...] = ()
    jitter_factor: float = 0.0

    def delay(self, retries_used: int, chance: float) -> timedelta:
        """How long to wait before the next retry, where `chance` is drawn evenly from [0, 1)."""
        if not self.delays:
            return timedelta(0)
        base = self.delays[min(retries_used, len(self.delays) - 1)]
        return base * (1 + self.jitter_factor * chance)


@value
class RecoveryPolicy:
    """What happens when a holder dies: restarts are counted apart from retries, and capped."""

    crash_restarts: int = 0
    durable: bool = False
    exclusive: bool = False

    @property
    def allowed_restarts(self) -> int:
        """How many restarts after lost contact the run has in all."""
        return self.crash_restarts or (DURABLE_CRASH_RESTARTS if self.durable else 0)


NO_RETRY = RetryPolicy()
NO_RECOVERY = RecoveryPolicy()
