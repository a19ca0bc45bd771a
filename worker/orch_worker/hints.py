"""Hints from the control plane: a cancel need not wait for the next heartbeat. Missing one costs time, nothing else."""

import asyncio
import logging

from orch_client.async_client import AsyncClient
from orch_client.errors import NotFoundError, OrchClientError
from orch_proto.v1.worker_service_pb2 import SESSION_HINT_DRAIN, SESSION_HINT_SYNC, WatchSessionRequest
from orch_worker.heartbeat import Heartbeat
from orch_worker.lifecycle import Lifecycle
from orch_worker.sessions import Sessions

logger = logging.getLogger(__name__)

_PAUSE_SECONDS = 5.0


class Hints:
    """Listens for hints to the session that is open."""

    def __init__(self, client: AsyncClient, sessions: Sessions, heartbeat: Heartbeat, lifecycle: Lifecycle) -> None:
        self._client = client
        self._sessions = sessions
        self._heartbeat = heartbeat
        self._lifecycle = lifecycle

    async def listen(self) -> None:
        """Listens for ever."""
        while True:
            session = self._sessions.current
            try:
                await self._listen(session.id)
            except NotFoundError:
                await self._sessions.replace(session.id)
                self._heartbeat.sync_within()
            except OrchClientError as error:
                logger.debug("no hints", extra={"cause": error.message})
                await asyncio.sleep(_PAUSE_SECONDS)
            else:
                # The stream ends with its session; the heartbeat hears of that.
                self._heartbeat.sync_within()
                await self._heartbeat.settled()

    async def _listen(self, session_id: str) -> None:
        async for answer in self._client.workers.WatchSession(WatchSessionRequest(session_id=session_id)):
            if answer.hint == SESSION_HINT_SYNC:
                self._heartbeat.sync_within()
            elif answer.hint == SESSION_HINT_DRAIN:
                self._lifecycle.drain(why="the control plane asked for it")
                self._heartbeat.sync_within()
