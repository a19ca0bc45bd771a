"""Patience with callers, and its end: bodies that never come, answers that nobody takes, bodies that are too large."""

import asyncio
from http import HTTPStatus

from orch_server.web.asgi import Answer, Event, Receive, Send

_BODY_SECONDS = 60.0
TAKE_SECONDS = 60.0


class PatientReceive:
    """Receives; a body that is not complete after a minute counts as a caller who has gone."""

    def __init__(self, receive: Receive, seconds: float = _BODY_SECONDS) -> None:
        self._receive = receive
        self._deadline = asyncio.get_running_loop().time() + seconds
        self._complete = False

    async def __call__(self) -> Event:
        """The next event."""
        if self._complete:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline):
                event = await self._receive()
        except TimeoutError:
            return {"type": "http.disconnect"}
        self._complete = event["type"] != "http.request" or not event.get("more_body", False)
        return event


class PatientSend:
    """Sends; who takes nothing for a minute is left. Raises TimeoutError."""

    def __init__(self, send: Send, seconds: float = TAKE_SECONDS) -> None:
        self._send, self._seconds = send, seconds
        self.begun = False
        """Whether the caller has been told something."""

    async def __call__(self, event: Event) -> None:
        """Sends an event, when there is room for it."""
        self.begun = True
        async with asyncio.timeout(self._seconds):
            await self._send(event)


class BodyError(Exception):
    """The body cannot be had. `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode())
        self.answer = answer


async def whole_body(receive: Receive, *, most_bytes: int) -> bytes:
    """A request's body. Raises BodyError for one that is too large, or does not come."""
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        event = await receive()
        if event["type"] != "http.request":
            raise BodyError(Answer.text("The body did not come.", HTTPStatus.REQUEST_TIMEOUT))
        part: bytes = event.get("body", b"")
        size += len(part)
        if size > most_bytes:
            too_large = f"The body is larger than {most_bytes} bytes."
            raise BodyError(Answer.text(too_large, HTTPStatus.REQUEST_ENTITY_TOO_LARGE))
        parts.append(part)
        more = event.get("more_body", False)
    return b"".join(parts)
