"""Deletes Jobs that nobody needs any more, however long the API server is away."""

import asyncio
import logging

from orch_worker.launchers.kubernetes.cluster import Cluster, Place
from orch_worker.launchers.kubernetes.connection import ApiAwayError, ApiError

logger = logging.getLogger(__name__)


class Cleaning:
    """Deletions under way."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._tasks: set[asyncio.Task[None]] = set()

    def delete_later(self, place: Place) -> None:
        """Delete a Job, with its Pod and its Secret, as soon as that can be done; returns at once."""
        task = asyncio.create_task(self._delete(place))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def delete(self, place: Place) -> None:
        """The same; returns when it is done, or at once where the API server is away: it is done later, then."""
        try:
            await self._cluster.delete_job(place, after_its_pod=False)
        except ApiAwayError:
            self.delete_later(place)
        except ApiError as error:
            _tell(place, error)

    async def close(self) -> None:
        """What is not done by now is left to the next worker of this name, or to the Jobs' own end."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _delete(self, place: Place) -> None:
        try:
            await self._cluster.connection.patiently(lambda: self._cluster.delete_job(place, after_its_pod=False))
        except ApiError as error:
            _tell(place, error)


def _tell(place: Place, error: ApiError) -> None:
    logger.warning("cannot delete a Job", extra={"job": f"{place.namespace}/{place.name}", "cause": str(error)})
