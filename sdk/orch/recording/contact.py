"""Whether the control plane can be reached, and how calls behave while it cannot."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from orch.recording.transport import Transport
from orch_client.errors import (
    CallCancelledError,
    DeadlineError,
    OrchClientError,
    OverloadedError,
    PermissionDeniedError,
    UnauthenticatedError,
    UnavailableError,
)
from orch_client.retry import RetryRule

logger = logging.getLogger(__name__)

T = TypeVar("T")

# Said when the control plane has been away for so long: shorter absences are a restart.
_WORTH_SAYING_SECONDS = 3.0
_OPEN_AGAIN_SECONDS = 10.0
_RETRY = RetryRule(first_delay_seconds=0.1, max_delay_seconds=5.0)


def is_passing(error: Exception) -> bool:
    """Whether the same call may well succeed later: the control plane is away, or has too much to do."""
    if isinstance(error, OverloadedError):
        return error.retry_after_seconds is not None
    if isinstance(error, UnavailableError):
        # A home that cannot be written does not mend itself.
        return error.reason != "DATABASE_UNUSABLE"
    return isinstance(error, DeadlineError | CallCancelledError)


def is_unwelcome(error: Exception) -> bool:
    """Whether the control plane does not accept the key."""
    return isinstance(error, UnauthenticatedError | PermissionDeniedError)


class _Unanswered:
    """In the place of an answer: the control plane is away."""


class Contact:
    """The way to the control plane, opened when it is first needed. While it is away, one call at a time tries."""

    def __init__(
        self,
        open_transport: Callable[[], Awaitable[Transport]],
        *,
        clock: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        """`clock`: seconds, monotonic. `chance`: at random, from 0 up to 1."""
        self._open_transport = open_transport
        self._clock = clock
        self._chance = chance
        self._transport: Transport | None = None
        self._opening = asyncio.Lock()
        self._turn = asyncio.Lock()
        self._back = asyncio.Event()
        self._failed = 0
        self._said = False
        self._cannot_open: OrchClientError | None = None
        self._cannot_open_until = 0.0
        self.away_since: float | None = None
        """When a call first failed, by the clock; None while the control plane answers."""
        self.fault: Exception | None = None
        """What the newest call failed with, while the control plane is away."""
        self.on_away: Callable[[], None] = _nothing
        """Called when the control plane is found to be away."""

    async def transport(self) -> Transport:
        """The transport. Raises what opening it raises; a fault that does not pass by itself stands for a while."""
        if self._transport is None:
            async with self._opening:
                if self._transport is None:
                    self._transport = await self._open()
        return self._transport

    async def call(self, send: Callable[[Transport], Awaitable[T]], *, patient: bool = True) -> T:
        """Send until there is an answer that is worth having. Raises what is not passing.

        `patient` calls also outlast a control plane that does not accept the key.
        """
        while True:
            if self.away_since is None:
                answer = await self._try(send, patient=patient)
            else:
                async with self._turn:
                    if self.away_since is not None:
                        await self._pause()
                    answer = await self._try(send, patient=patient)
            if not isinstance(answer, _Unanswered):
                return answer

    async def once(self, send: Callable[[Transport], Awaitable[T]]) -> T:
        """Send once, whatever comes of it. An answer brings waiting calls back to life."""
        answer = await send(await self.transport())
        self._answered()
        return answer

    def nudge(self) -> None:
        """Somebody waits: the next try comes now."""
        self._back.set()

    async def close(self) -> None:
        """Let go of the transport."""
        if self._transport is not None:
            await self._transport.close()

    async def _open(self) -> Transport:
        if self._cannot_open is not None and self._clock() < self._cannot_open_until:
            raise self._cannot_open
        try:
            return await self._open_transport()
        except OrchClientError as error:
            if not is_passing(error):
                self._cannot_open = error
                self._cannot_open_until = self._clock() + _OPEN_AGAIN_SECONDS
            raise

    async def _try(self, send: Callable[[Transport], Awaitable[T]], *, patient: bool) -> "T | _Unanswered":
        """The answer, or that it is worth while to try again later."""
        try:
            answer = await send(await self.transport())
        except OrchClientError as error:
            if not (is_passing(error) or (patient and is_unwelcome(error))):
                # An answer all the same.
                self._answered()
                raise
            self._unanswered(error)
            return _Unanswered()
        self._answered()
        return answer

    def _answered(self) -> None:
        if self.away_since is None:
            return
        if self._said:
            away = self._clock() - self.away_since
            logger.warning("The control plane answers again, after %.0f s. What waited is being sent.", away)
        self.away_since, self.fault = None, None
        self._failed, self._said = 0, False
        self._back.set()

    def _unanswered(self, error: OrchClientError) -> None:
        now = self._clock()
        self._failed += 1
        self.fault = error
        if self.away_since is None:
            self.away_since = now
            self.on_away()
        if not self._said and (now - self.away_since >= _WORTH_SAYING_SECONDS or is_unwelcome(error)):
            self._said = True
            logger.warning("%s Runs go on; their records wait until it answers.", error)

    async def _pause(self) -> None:
        """Wait before the next try; an answer to somebody else's call ends it."""
        retry_after = self.fault.retry_after_seconds if isinstance(self.fault, OrchClientError) else None
        delay = _RETRY.delay_seconds(
            failed_attempts=self._failed, retry_after_seconds=retry_after, chance=self._chance()
        )
        self._back.clear()
        try:
            async with asyncio.timeout(delay):
                await self._back.wait()
        except TimeoutError:
            return


def _nothing() -> None:
    """Nobody wants to know."""
