"""Calls that are repeated until the control plane answers: its absence is not a failure, of a run least of all."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from orch_client.errors import (
    CallCancelledError,
    DeadlineError,
    OrchClientError,
    OverloadedError,
    PermissionDeniedError,
    ServerError,
    UnauthenticatedError,
    UnavailableError,
)

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Keys can be put right while the worker runs, and a server that failed may be mended: what is held is worth waiting.
PASSING = (
    UnavailableError,
    OverloadedError,
    DeadlineError,
    CallCancelledError,
    ServerError,
    UnauthenticatedError,
    PermissionDeniedError,
)
PASSING_AT_START = (UnavailableError, OverloadedError, DeadlineError, CallCancelledError, ServerError)
"""At the start nothing is held, and somebody looks on: a key that is refused is said at once."""
_REFUSED = (UnauthenticatedError, PermissionDeniedError)
_LONGEST_DELAY_SECONDS = 2.0
_FIRST_DELAY_SECONDS = 0.1


class Contact:
    """Whether the control plane answers; a change is logged once, however many calls notice it."""

    def __init__(self) -> None:
        self._away: set[str] = set()
        self._refused = False
        self._is_told = False
        """Whether the log's last word is that there is no answer."""

    def failed(self, call: str, error: OrchClientError) -> None:
        """A call of this name was not answered, or not as it should be."""
        is_refused = isinstance(error, _REFUSED)
        if is_refused and not self._refused:
            # Also where the control plane was away before: this does not pass by itself.
            logger.error("the control plane refuses this worker's key", extra={"call": call, "cause": error.message})
        elif not self._is_told:
            logger.warning("no answer from the control plane", extra={"call": call, "cause": error.message})
        self._refused = self._refused or is_refused
        self._is_told = True
        self._away.add(call)

    def answered(self, call: str) -> None:
        """It was."""
        if call in self._away:
            self._away.discard(call)
            if self._is_told:
                # Others of its calls may wait for their next try, or for something to take.
                logger.info("the control plane answers again", extra={"call": call})
            self._refused = self._is_told = False

    async def patiently(
        self, name: str, call: Callable[[], Awaitable[T]], *, passing: tuple[type[OrchClientError], ...] = PASSING
    ) -> T:
        """The call's answer, however long that takes. `name` is for the log, `passing` what is worth a repeat.

        Raises what repeating cannot help: NotFoundError, InvalidArgumentError, FailedPreconditionError …
        """
        failures = 0
        while True:
            try:
                answer = await call()
            except passing as error:
                self.failed(name, error)
                failures += 1
                await asyncio.sleep(_delay(failures, error.retry_after_seconds))
            else:
                self.answered(name)
                return answer


def _delay(failures: int, retry_after_seconds: float | None) -> float:
    """Grows, and is spread over its upper half, so that workers which lost the server together come back one by one."""
    longest = min(_LONGEST_DELAY_SECONDS, _FIRST_DELAY_SECONDS * 2.0 ** min(failures, 10))
    return max(retry_after_seconds or 0.0, longest * random.uniform(0.5, 1.0))
