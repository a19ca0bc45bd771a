"""When a failed run is tried again, and after which delay. Pure: chance is handed in."""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias

from orch.errors import ConfigurationError

DelaySpec: TypeAlias = "float | Sequence[float] | Callable[[int], float | Sequence[float]] | None"
"""Seconds before every retry; one number for each retry, the last serving all later ones; or what computes them from
the number of retries."""


class Retries(NamedTuple):
    """How often to try again, and after which delays in seconds."""

    number: int = 0
    delays: tuple[float, ...] = ()
    jitter_factor: float = 0.0

    def delay(self, retries_used: int, chance: float) -> float:
        """Seconds before the next retry. `chance` from [0, 1) adds up to `jitter_factor` of it."""
        if not self.delays:
            return 0.0
        delay = self.delays[min(retries_used, len(self.delays) - 1)]
        return delay * (1 + self.jitter_factor * chance)


NO_RETRIES = Retries()


def retries_of(count: int | None, delays: DelaySpec, jitter_factor: float | None, *, what: str) -> Retries:
    """The retries that a decorator's arguments ask for. `what` names the flow or task in errors.

    Raises ConfigurationError where they cannot be right.
    """
    number = _count(count, what)
    found = delays(number) if callable(delays) else delays
    listed = _listed(found, what)
    jitter = 0.0 if jitter_factor is None else float(jitter_factor)
    if jitter < 0:
        raise ConfigurationError(f"{what}: retry_jitter_factor is {jitter:g}; it must not be negative.")
    return Retries(number, listed, jitter) if number else NO_RETRIES


def _count(count: object, what: str) -> int:
    if count is None:
        return 0
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise ConfigurationError(f"{what}: retries is {count!r}; write a whole number, 0 or more.")
    return count


def _listed(delays: object, what: str) -> tuple[float, ...]:
    if delays is None:
        return ()
    found = tuple(delays) if isinstance(delays, Iterable) else (delays,)
    for each in found:
        if not isinstance(each, (int, float)) or isinstance(each, bool) or not 0 <= each < float("inf"):
            raise ConfigurationError(f"{what}: retry_delay_seconds holds {each!r}; write seconds, 0 or more.")
    return tuple(float(each) for each in found)


def exponential_backoff(backoff_factor: float) -> Callable[[int], list[float]]:
    """Delays that double with every retry: `backoff_factor`, twice that, four times … seconds.

    @task(retries=5, retry_delay_seconds=exponential_backoff(backoff_factor=2))
    """

    def delays(retries: int) -> list[float]:
        return [backoff_factor * 2**retry for retry in range(retries)]

    return delays
