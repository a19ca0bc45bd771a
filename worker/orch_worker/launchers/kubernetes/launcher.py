"""Launches attempts as Jobs of a Kubernetes cluster."""

import asyncio
import json
import logging
import os
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from orch_worker.launchers.base import (
    AttemptKey,
    Job,
    LauncherError,
    LaunchError,
    LauncherSettings,
    LauncherUnavailableError,
)
from orch_worker.launchers.containers.contents import is_loopback
from orch_worker.launchers.containers.variables import read_variables
from orch_worker.launchers.kubernetes.attempt import KubernetesAttempt, Surroundings
from orch_worker.launchers.kubernetes.authentication import Access, AuthenticationError, find_access
from orch_worker.launchers.kubernetes.cleaning import Cleaning
from orch_worker.launchers.kubernetes.clock import Clock, LoopClock
from orch_worker.launchers.kubernetes.cluster import FORBIDDEN, Cluster, Place
from orch_worker.launchers.kubernetes.connection import ApiAwayError, ApiError, Connection
from orch_worker.launchers.kubernetes.manifests import contents_for, job_manifest
from orch_worker.launchers.kubernetes.namespaces import WatchedNamespace
from orch_worker.launchers.kubernetes.naming import Owner, job_name
from orch_worker.launchers.kubernetes.objects import is_being_deleted
from orch_worker.launchers.kubernetes.sights import Sight
from orch_worker.launchers.kubernetes.starting import Starting
from orch_worker.launchers.kubernetes.variables import KubernetesVariables

logger = logging.getLogger(__name__)

NAMESPACES_VARIABLE = "ORCH_KUBERNETES_NAMESPACES"
_NAMESPACES_FILE = "namespaces.json"
_OPENING_SECONDS = 60.0
"""A worker that starts waits so long for an API server that is away."""
_UNDO_SECONDS = 20.0


class KubernetesLauncher:
    """A launcher of Jobs; see orch_worker.launchers.base.Launcher."""

    def __init__(
        self,
        settings: LauncherSettings,
        /,
        *,
        clock: Clock | None = None,
        access: Callable[[], Coroutine[Any, Any, Access]] | None = None,
    ) -> None:
        """clock, access: for tests; without them, the real time, and what the environment says."""
        self._owner = Owner.of(settings)
        self._folder = settings.folder
        self._clock: Clock = clock or LoopClock()
        self._find_access = access or _access_of_environment
        self._namespaces: dict[str, WatchedNamespace] = {}
        self._opening = asyncio.Lock()
        self._attempts: dict[AttemptKey, KubernetesAttempt] = {}
        self._strays: dict[AttemptKey, KubernetesAttempt] = {}
        self._launching: dict[AttemptKey, asyncio.Lock] = {}

    async def open(self) -> None:
        """Find the cluster, and see what is there. Raises LauncherError."""
        try:
            access = await self._find_access()
        except AuthenticationError as error:
            raise LauncherError(str(error)) from error
        self._connection = Connection(access, self._find_access, self._clock)
        cluster = Cluster(self._connection)
        self._around = Surroundings(cluster, Cleaning(cluster), self._clock, self._forget)
        self._starting = Starting(cluster, self._around.cleaning, self._clock)
        try:
            for name in sorted({access.namespace, *self._known_namespaces(), *_namespaces_of_environment()}):
                await self._connection.patiently(partial(self._watched, name), within_seconds=_OPENING_SECONDS)
        except (ApiError, ApiAwayError) as error:
            await self.close()
            raise LauncherError(_cannot_watch(error)) from error

    async def close(self) -> None:
        """The worker ends. Its Jobs go on."""
        for namespace in self._namespaces.values():
            await namespace.close()
        for attempt in [*self._attempts.values(), *self._strays.values()]:
            await attempt.close()
        await self._around.cleaning.close()
        await self._connection.close()

    async def launch(self, job: Job) -> KubernetesAttempt:
        """Start an attempt; the same one again is not started twice. Raises LaunchError, LauncherUnavailableError.

        Cancelled, it leaves nothing behind.
        """
        async with self._launching.setdefault(job.key, asyncio.Lock()):
            known = self._attempts.get(job.key)
            if known is not None:
                return known
            try:
                return await self._launch(job)
            finally:
                self._launching.pop(job.key, None)

    async def find(self) -> Sequence[KubernetesAttempt]:
        """Attempts that an earlier worker of the same name had started and not forgotten, alive or ended."""
        found = []
        for key, place, sight in self._unknown(own=True):
            if sight.has_begun:
                found.append(self._recall(key, place, sight))
            else:
                # Its worker was killed before it had told the cluster to run it.
                await self._around.cleaning.delete(place)
        return found

    async def strays(self) -> Sequence[KubernetesAttempt]:
        """Attempts of this control plane and pool that this launcher neither launched nor found, alive or ended."""
        known, self._strays = self._strays, {}
        for key, place, sight in self._unknown(own=False):
            stray = known.get(key)
            if stray is None:
                stray = self._make(key, place, sight)
                stray.is_stray()
            self._strays[key] = stray
        return list(self._strays.values())

    # --- launching

    async def _launch(self, job: Job) -> KubernetesAttempt:
        variables = read_variables(KubernetesVariables, job.variables, pool_type="kubernetes")
        contents = contents_for(job, variables)
        _check_address(job, variables)
        namespace = await self._namespace_for(variables)
        place = Place(namespace.name, job_name(job.key))
        manifest = job_manifest(job, variables, contents, self._owner, namespace.name)
        attempt = self._make(job.key, place, namespace.sight(job.key))
        attempt.is_launched(manifest, job.tell)
        self._attempts[job.key] = attempt
        given_up = asyncio.Event()
        starting = asyncio.create_task(
            self._starting.start(place, manifest, contents, is_wanted=lambda: not given_up.is_set(), tell=job.tell)
        )
        try:
            await asyncio.shield(starting)
            # A run whose Pod waits for a node or an image has not begun.
            await attempt.begun()
        except BaseException:
            given_up.set()
            await self._undo(attempt, place, starting)
            raise
        return attempt

    async def _undo(self, attempt: KubernetesAttempt, place: Place, starting: "asyncio.Task[bool]") -> None:
        """Whatever the start comes to, nothing of it must run on. Where the API server does not answer for long, that
        is made up for when it does: until then, it may run.
        """
        if not starting.done():
            # What was sent has to be answered: nobody could tell what it has come to.
            await asyncio.wait({starting}, timeout=_UNDO_SECONDS)
        if not starting.done():
            starting.cancel()
            self._around.cleaning.delete_later(place)
        elif starting.exception() is None:
            if starting.result():
                with suppress(TimeoutError):
                    async with asyncio.timeout(_UNDO_SECONDS):
                        await attempt.stop(grace_seconds=0)
            await self._around.cleaning.delete(place)
        self._forget(attempt.key)
        await attempt.close()

    async def _namespace_for(self, variables: KubernetesVariables) -> WatchedNamespace:
        name = variables.namespace or self._connection.namespace
        try:
            return await self._watched(name)
        except ApiAwayError as error:
            raise LauncherUnavailableError(f"The Kubernetes API server does not answer: {error}") from error
        except ApiError as error:
            raise LaunchError(_cannot_watch(error)) from error

    async def _watched(self, name: str) -> WatchedNamespace:
        """A namespace, watched from now on. Raises ApiError, ApiAwayError."""
        # One that answers slowly shall keep nobody from those that are open.
        if name in self._namespaces:
            return self._namespaces[name]
        async with self._opening:
            if name in self._namespaces:
                return self._namespaces[name]
            namespace = WatchedNamespace(
                name, self._connection, self._owner.selector, clock=self._clock, tell=self._heard
            )
            await namespace.open()
            self._namespaces[name] = namespace
            self._remember_namespaces()
        return namespace

    # --- what there is

    def _unknown(self, *, own: bool) -> Iterator[tuple[AttemptKey, Place, Sight]]:
        """What is there and not looked after: of workers of this name, or of others."""
        for namespace in self._namespaces.values():
            for key, sight in list(namespace.sights.items()):
                shown = sight.job if sight.job is not None and not sight.job_gone else _running_pod(sight)
                if shown is None or key in self._attempts or key in self._launching:
                    continue
                if self._owner.launched(shown) == own or not own:
                    yield key, Place(namespace.name, job_name(key)), sight

    def _make(self, key: AttemptKey, place: Place, sight: Sight) -> KubernetesAttempt:
        namespace = self._namespaces[place.namespace]
        return KubernetesAttempt(key, place, sight, self._around, lambda: namespace.is_live)

    def _recall(self, key: AttemptKey, place: Place, sight: Sight) -> KubernetesAttempt:
        attempt = self._attempts[key] = self._make(key, place, sight)
        attempt.is_found()
        return attempt

    def _heard(self, key: AttemptKey) -> None:
        attempt = self._attempts.get(key) or self._strays.get(key)
        if attempt is not None:
            attempt.look()
        else:
            self._drop(key)

    def _forget(self, key: AttemptKey) -> None:
        self._attempts.pop(key, None)
        self._strays.pop(key, None)
        self._drop(key)

    def _drop(self, key: AttemptKey) -> None:
        for namespace in self._namespaces.values():
            namespace.drop(key)

    # --- namespaces that were used

    def _known_namespaces(self) -> Sequence[str]:
        """Those in which an earlier worker of this name has launched."""
        try:
            found = json.loads((self._folder / _NAMESPACES_FILE).read_bytes())
        except (OSError, ValueError):
            return ()
        return [each for each in found if isinstance(each, str)] if isinstance(found, list) else ()

    def _remember_namespaces(self) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / _NAMESPACES_FILE).write_text(json.dumps(sorted(self._namespaces)), encoding="utf-8")
        except OSError as error:
            # A worker of this name on another home would not find them either: see NAMESPACES_VARIABLE.
            logger.warning("namespaces are not remembered", extra={"folder": str(self._folder), "cause": str(error)})


def _running_pod(sight: Sight) -> Mapping[str, object] | None:
    """A Pod that runs on without its Job: somebody has deleted that alone."""
    is_alive = sight.pod is not None and not (sight.pod_gone or sight.pod_has_ended or is_being_deleted(sight.pod))
    return sight.pod if is_alive else None


async def _access_of_environment() -> Access:
    return await find_access(os.environ)


def _namespaces_of_environment() -> list[str]:
    return [name for name in os.environ.get(NAMESPACES_VARIABLE, "").replace(" ", "").split(",") if name]


def _check_address(job: Job, variables: KubernetesVariables) -> None:
    url = job.environment.get("ORCH_API_URL", "")
    if is_loopback(url) and "ORCH_API_URL" not in variables.env:
        raise LaunchError(
            f"A pod cannot reach the control plane at {url}, which is the worker's own machine. Start the worker with"
            " an ORCH_API_URL that pods can reach, or set that in the job variable env."
        )


def _cannot_watch(error: ApiError | ApiAwayError) -> str:
    if isinstance(error, ApiError) and error.status == FORBIDDEN:
        return f"{error}. Give the worker's service account the Role in docs/kubernetes_pools.md."
    return f"The cluster cannot be watched: {error}."
