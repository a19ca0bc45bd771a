"""Starts an attempt: a suspended Job, its Secret, and then its Pod. Cut off in between, nothing has run."""

from collections.abc import Callable

from orch_worker.launchers.base import LaunchError, LauncherUnavailableError, PlaceUnavailableError
from orch_worker.launchers.containers.contents import Contents
from orch_worker.launchers.kubernetes.cleaning import Cleaning
from orch_worker.launchers.kubernetes.clock import Clock
from orch_worker.launchers.kubernetes.cluster import CONFLICT, FORBIDDEN, NOT_FOUND, Cluster, Place
from orch_worker.launchers.kubernetes.connection import UNAUTHORIZED, ApiAwayError, ApiError
from orch_worker.launchers.kubernetes.manifests import secret_manifest
from orch_worker.launchers.kubernetes.naming import CONTROL_PLANE, key_of
from orch_worker.launchers.kubernetes.objects import Object, is_being_deleted, part, text

_PATIENCE_SECONDS = 10.0
"""A launch that finds the API server away for longer gives the run back."""
_QUOTA = "exceeded quota"
_QUOTA_PAUSE_SECONDS = 2.0
_QUOTA_TRIES = 15
"""For half a minute a run waits here for room in its namespace; then it goes back to its queue, and others have its
slot."""


class Starting:
    """Starts attempts in a cluster."""

    def __init__(self, cluster: Cluster, cleaning: Cleaning, clock: Clock) -> None:
        self._cluster = cluster
        self._cleaning = cleaning
        self._clock = clock

    async def start(
        self,
        place: Place,
        manifest: Object,
        contents: Contents,
        *,
        is_wanted: Callable[[], bool],
        tell: Callable[[str], None],
    ) -> bool:
        """Start one; one that is there already is not started twice. Whether it may have begun.

        is_wanted: asked while it waits, and at the last moment. tell: what it waits for. Raises LaunchError,
        LauncherUnavailableError, PlaceUnavailableError.
        """
        try:
            job = await self._prepared_with_room(place, manifest, contents, is_wanted=is_wanted, tell=tell)
        except ApiAwayError as error:
            # The server may have heard what it did not answer.
            self._cleaning.delete_later(place)
            raise LauncherUnavailableError(
                f"The Kubernetes API server does not answer: {error}. The run goes back to its queue until it does."
            ) from error
        except ApiError as error:
            self._cleaning.delete_later(place)
            raise _refusal(place, error) from error
        if part(job, "spec", "suspend") is not True:
            return True
        if not is_wanted():
            return False
        await self._begin(place)
        return True

    async def _prepared_with_room(
        self,
        place: Place,
        manifest: Object,
        contents: Contents,
        *,
        is_wanted: Callable[[], bool],
        tell: Callable[[str], None],
    ) -> Object:
        """The same, where a quota of its namespace may be used up for a while."""
        for tries in range(1, _QUOTA_TRIES):
            try:
                return await self._prepared(place, manifest, contents)
            except ApiError as error:
                if not _is_quota(error) or not is_wanted():
                    raise
                if tries == 1:
                    tell(f"Namespace {place.namespace} has no room for another Job; waiting for some: {error}.")
            await self._clock.sleep(_QUOTA_PAUSE_SECONDS)
        return await self._prepared(place, manifest, contents)

    async def _prepared(self, place: Place, manifest: Object, contents: Contents) -> Object:
        """The Job, with its Secret. Nothing runs yet."""
        patiently = self._cluster.connection.patiently
        job = await patiently(
            lambda: self._cluster.create_job(place.namespace, manifest), within_seconds=_PATIENCE_SECONDS
        )
        if key_of(job) != key_of(manifest) or _plane(job) != _plane(manifest) or is_being_deleted(job):
            raise LaunchError(
                f"There is a Job {place.name} in namespace {place.namespace} already, which is another one or is being"
                " deleted. Delete it, and retry the run."
            )
        secret = secret_manifest(job, contents)
        if secret["data"]:
            await patiently(
                lambda: self._cluster.create_secret(place.namespace, secret), within_seconds=_PATIENCE_SECONDS
            )
        return job

    async def _begin(self, place: Place) -> None:
        """From here on it may run, whatever is answered: so an answer is waited for."""
        try:
            await self._cluster.connection.patiently(
                lambda: self._cluster.begin(place), despite=(UNAUTHORIZED, CONFLICT)
            )
        except ApiError as error:
            if error.status == NOT_FOUND:
                raise LaunchError(f"Somebody has deleted the Job {place.name} before it began.") from error
            self._cleaning.delete_later(place)
            raise _refusal(place, error) from error


def _plane(found: Object) -> str:
    return text(found, "metadata", "labels", CONTROL_PLANE)


def _is_quota(error: ApiError) -> bool:
    return error.status == FORBIDDEN and _QUOTA in str(error)


def _refusal(place: Place, error: ApiError) -> LaunchError | LauncherUnavailableError:
    if _is_quota(error):
        return PlaceUnavailableError(f"Namespace {place.namespace} has no room for another Job: {error}.")
    if error.status == UNAUTHORIZED:
        return LauncherUnavailableError(
            f"The cluster refuses the worker's credentials: {error}. Renew its kubeconfig or service account."
        )
    if error.status == FORBIDDEN:
        return LaunchError(
            f"The cluster does not let the worker start Jobs in namespace {place.namespace}: {error}. Give its service"
            " account the Role in docs/kubernetes_pools.md, or change the job variables that a policy forbids."
        )
    if error.status == NOT_FOUND:
        return LaunchError(
            f"The cluster has no namespace {place.namespace}: {error}. Create it, or change the job variable namespace."
        )
    return LaunchError(f"The cluster refuses the Job: {error}. Correct the job variables.")
