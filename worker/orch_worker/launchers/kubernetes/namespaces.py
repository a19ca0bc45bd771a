"""What the launcher sees of a namespace: one watch of Jobs and one of Pods, whatever the number of attempts."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from orch_worker.launchers.base import AttemptKey
from orch_worker.launchers.kubernetes.clock import Clock
from orch_worker.launchers.kubernetes.cluster import jobs_path, pods_path
from orch_worker.launchers.kubernetes.connection import Connection
from orch_worker.launchers.kubernetes.naming import key_of
from orch_worker.launchers.kubernetes.objects import Object
from orch_worker.launchers.kubernetes.sights import Sight
from orch_worker.launchers.kubernetes.watching import Watch


class WatchedNamespace:
    """Jobs and Pods of one pool in one namespace."""

    def __init__(
        self,
        name: str,
        connection: Connection,
        selector: str,
        *,
        clock: Clock,
        tell: Callable[[AttemptKey], None],
    ) -> None:
        """tell: told of each attempt of which there is something new to see."""
        self.name = name
        self._tell = tell
        self._sights: dict[AttemptKey, Sight] = {}
        self._watches = (
            # Pods first: a Job that is listed has its Pod by then, and not the other way round.
            Watch(connection, pods_path(name), selector, _Pods(self), clock=clock),
            Watch(connection, jobs_path(name), selector, _Jobs(self), clock=clock),
        )
        self._keeping: tuple[asyncio.Task[None], ...] = ()

    @property
    def sights(self) -> Mapping[AttemptKey, Sight]:
        """What is there, whoever has launched it."""
        return self._sights

    @property
    def is_live(self) -> bool:
        """Whether changes are heard of as they happen: not while the API server is away."""
        return all(watch.is_live for watch in self._watches)

    async def open(self) -> None:
        """See what is there, and go on to watch it. Raises ApiError, ApiAwayError."""
        for watch in self._watches:
            await watch.begin()
        self._keeping = tuple(asyncio.create_task(watch.keep()) for watch in self._watches)

    async def close(self) -> None:
        """Do not watch any longer."""
        for task in self._keeping:
            task.cancel()
        await asyncio.gather(*self._keeping, return_exceptions=True)

    def sight(self, key: AttemptKey) -> Sight:
        """What is seen of an attempt; of a new one, nothing yet."""
        return self._sights.setdefault(key, Sight())

    def drop(self, key: AttemptKey) -> None:
        """An attempt is of no interest any more, once it is gone."""
        sight = self._sights.get(key)
        if sight is not None and sight.is_over:
            del self._sights[key]

    def heard(self, key: AttemptKey) -> None:
        """From a watch: there is something new."""
        self._tell(key)


class _Jobs:
    """Hears of Jobs."""

    def __init__(self, namespace: WatchedNamespace) -> None:
        self._namespace = namespace

    def listed(self, found: Sequence[Object]) -> None:
        """All that there are now; those that are not among them have gone."""
        there = {key_of(each) for each in found}
        for key, sight in list(self._namespace.sights.items()):
            if key not in there and sight.job is not None and not sight.job_gone:
                self.gone(sight.job)
        for each in found:
            self.seen(each)

    def seen(self, found: Object) -> None:
        """One is new, or has changed."""
        if key := key_of(found):
            self._namespace.sight(key).see_job(found)
            self._namespace.heard(key)

    def gone(self, found: Object) -> None:
        """One was deleted."""
        if key := key_of(found):
            self._namespace.sight(key).see_job(found, gone=True)
            self._namespace.heard(key)


class _Pods:
    """Hears of Pods."""

    def __init__(self, namespace: WatchedNamespace) -> None:
        self._namespace = namespace

    def listed(self, found: Sequence[Object]) -> None:
        """All that there are now; those that are not among them have gone."""
        there = {key_of(each) for each in found}
        for key, sight in list(self._namespace.sights.items()):
            if key not in there and sight.pod is not None and not sight.pod_gone:
                self.gone(sight.pod)
        for each in found:
            self.seen(each)

    def seen(self, found: Object) -> None:
        """One is new, or has changed."""
        if key := key_of(found):
            self._namespace.sight(key).see_pod(found)
            self._namespace.heard(key)

    def gone(self, found: Object) -> None:
        """One was deleted."""
        if key := key_of(found):
            self._namespace.sight(key).see_pod(found, gone=True)
            self._namespace.heard(key)
