"""The way to the API server: calls, and answers that go on for long."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Callable, Container, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import aiohttp
from kubernetes_asyncio.client import ApiClient

from orch_worker.launchers.kubernetes.authentication import Access, AuthenticationError
from orch_worker.launchers.kubernetes.clock import Clock, growing_delays
from orch_worker.launchers.kubernetes.objects import Object, text

logger = logging.getLogger(__name__)

T = TypeVar("T")

MERGE_PATCH = "application/merge-patch+json"
_CALL_SECONDS = 30.0
_CONNECT_SECONDS = 5.0
_CALLS_AT_ONCE = 32
_NOT_NOW = frozenset({429, 500, 502, 503, 504})
"""Answers that say nothing of the request, but that the server, or what stands before it, cannot serve it now."""
ANY_REFUSAL = range(400, 600)
UNAUTHORIZED = 401


class ApiError(Exception):
    """The API server refuses a request. The text is the server's."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status: 404, for instance."""
        self.reason = reason
        """The API's word for it: AlreadyExists, for instance."""


class ApiAwayError(Exception):
    """The API server cannot be reached, or does not serve requests for now. The text says why."""


class Connection:
    """One cluster's API server. Made open, in a running loop."""

    def __init__(self, access: Access, find_access: Callable[[], Coroutine[Any, Any, Access]], clock: Clock) -> None:
        """find_access: asked again when the server refuses the credentials, which may have run out."""
        self._find_access = find_access
        self._clock = clock
        self._access = access
        self._clients = [ApiClient(access.configuration)]
        self._renewing = asyncio.Lock()
        self._room = asyncio.Semaphore(_CALLS_AT_ONCE)

    @property
    def namespace(self) -> str:
        """The worker's own."""
        return self._access.namespace

    @property
    def url(self) -> str:
        """Where the API server is."""
        return str(self._access.configuration.host)

    async def close(self) -> None:
        """Ends what is under way."""
        for client in self._clients:
            await client.close()

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Object | None = None,
        content_type: str = "application/json",
    ) -> Object:
        """One call, tried once. Raises ApiError, ApiAwayError."""
        timeout = aiohttp.ClientTimeout(total=_CALL_SECONDS, sock_connect=_CONNECT_SECONDS)
        async with (
            self._room,
            self._answer(method, path, query or {}, body, content_type, timeout=timeout) as answer,
        ):
            return _parsed(await answer.read())

    @asynccontextmanager
    async def follow(self, path: str, query: Mapping[str, str], *, silence_seconds: float | None) -> AsyncIterator[Any]:
        """An answer that goes on: an async iterator of bytes, as they come. Raises ApiError, ApiAwayError.

        silence_seconds: if nothing comes for longer, the connection is taken for broken; None: it may be silent.
        """
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=silence_seconds)
        async with self._answer("GET", path, query, None, "application/json", timeout=timeout) as answer:
            yield answer.content.iter_any()

    async def patiently(
        self,
        send: Callable[[], Coroutine[Any, Any, T]],
        *,
        within_seconds: float | None = None,
        despite: Container[int] = (),
    ) -> T:
        """The answer to a call that may be repeated, as soon as the server is there. Raises ApiError; ApiAwayError
        where the server is away for longer than `within_seconds`, if that is given.

        despite: statuses of refusals that are borne in the same way.
        """
        began = self._clock.now()
        delays = growing_delays()
        while True:
            try:
                return await send()
            except (ApiAwayError, ApiError) as error:
                is_refusal = isinstance(error, ApiError)
                if isinstance(error, ApiError) and error.status not in despite:
                    raise
                delay = next(delays)
                if within_seconds is not None and self._clock.now() + delay > began + within_seconds:
                    raise
                log = logger.warning if is_refusal else logger.info
                log("the API server does not serve a call now", extra={"cause": str(error)})
            await self._clock.sleep(delay)

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Object | None,
        content_type: str,
        *,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 # not this method's own: it goes on to the client
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """An answer that is not a refusal."""
        try:
            answer = await self._sent(method, path, query, body, content_type, timeout)
            if answer.status == UNAUTHORIZED:
                answer.release()
                answer = await self._sent_anew(method, path, query, body, content_type, timeout)
            try:
                if answer.status >= 400:
                    raise _refusal(answer.status, await answer.read())
                yield answer
            finally:
                answer.close()
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ApiAwayError(f"{self.url} cannot be reached: {str(error) or type(error).__name__}") from error

    async def _sent_anew(self, *request: Any) -> aiohttp.ClientResponse:  # noqa: ANN401 # as it was sent before
        """Once more, with credentials that were asked for anew."""
        refused = self._access
        async with self._renewing:
            if self._access is refused:
                try:
                    self._access = await self._find_access()
                except AuthenticationError as error:
                    raise ApiAwayError(f"The worker's credentials cannot be renewed: {error}") from error
                if self._access.connects_by == refused.connects_by:
                    self._clients[-1].configuration = self._access.configuration
                else:
                    self._clients.append(ApiClient(self._access.configuration))
        return await self._sent(*request)

    async def _sent(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Object | None,
        content_type: str,
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 # not this method's own: it goes on to the client
    ) -> aiohttp.ClientResponse:
        answer = await self._clients[-1].call_api(
            path,
            method,
            query_params=list(query.items()),
            header_params={"Accept": "application/json, */*", "Content-Type": content_type},
            body=body,
            auth_settings=["BearerToken"],
            _preload_content=False,
            _request_timeout=timeout,
        )
        return cast("aiohttp.ClientResponse", answer)


def _parsed(content: bytes) -> Object:
    try:
        found = json.loads(content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(status: int, content: bytes) -> ApiError | ApiAwayError:
    found = _parsed(content)
    message = text(found, "message") or content.decode("utf-8", "replace").strip()[:500] or f"HTTP status {status}"
    if status in _NOT_NOW:
        return ApiAwayError(f"The API server answers with {status}: {message}")
    return ApiError(status, text(found, "reason"), message)
