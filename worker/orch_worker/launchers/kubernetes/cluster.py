"""What the launcher does in a cluster: starts Jobs, ends them, reads lines. Each call may be repeated."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple

from orch_worker.launchers.kubernetes.connection import MERGE_PATCH, ApiAwayError, ApiError, Connection
from orch_worker.launchers.kubernetes.naming import FORGOTTEN
from orch_worker.launchers.kubernetes.objects import Object, name_of, objects, text
from orch_worker.launchers.kubernetes.sights import CONTAINER

ALREADY_EXISTS = CONFLICT = 409
NOT_FOUND = 404
FORBIDDEN = 403

_LOG_SILENCE_SECONDS = None
"""A run may be silent for as long as it wants."""


class Place(NamedTuple):
    """Where a Job is."""

    namespace: str
    name: str


def jobs_path(namespace: str, name: str = "") -> str:
    """Of all Jobs of a namespace, or of one."""
    return f"/apis/batch/v1/namespaces/{namespace}/jobs{f'/{name}' if name else ''}"


def pods_path(namespace: str, name: str = "") -> str:
    """Of all Pods of a namespace, or of one."""
    return f"/api/v1/namespaces/{namespace}/pods{f'/{name}' if name else ''}"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster, through its API server. All methods raise ApiError and ApiAwayError."""

    connection: Connection

    async def create_job(self, namespace: str, manifest: Object) -> Object:
        """Create a Job; the one that is there already, if its name is taken."""
        try:
            return await self.connection.call("POST", jobs_path(namespace), body=manifest)
        except ApiError as error:
            if error.status != ALREADY_EXISTS:
                raise
        try:
            return await self.connection.call("GET", jobs_path(namespace, name_of(manifest)))
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
            raise ApiAwayError(f"the Job {name_of(manifest)} has just been deleted") from error

    async def create_secret(self, namespace: str, manifest: Object) -> None:
        """Create a Secret, unless it is there."""
        try:
            await self.connection.call("POST", f"/api/v1/namespaces/{namespace}/secrets", body=manifest)
        except ApiError as error:
            if error.status != ALREADY_EXISTS:
                raise

    async def begin(self, place: Place) -> None:
        """Have the cluster make a suspended Job's Pod."""
        await self._patch(place, {"spec": {"suspend": False}})

    async def put_aside(self, place: Place, *, keep_seconds: int) -> None:
        """Only keep a Job to be looked at, for so long after its end."""
        spec = {"ttlSecondsAfterFinished": keep_seconds}
        await self._patch(place, {"metadata": {"labels": {FORGOTTEN: "true"}}, "spec": spec})

    async def delete_job(self, place: Place, *, after_its_pod: bool) -> None:
        """Delete a Job, with its Pod and its Secret; it is no error that it is gone.

        after_its_pod: it stays until its Pod is gone, so that the Pod's end can be seen.
        """
        policy = "Foreground" if after_its_pod else "Background"
        await self._delete(jobs_path(*place), {"propagationPolicy": policy})

    async def delete_pod(self, namespace: str, name: str, *, grace_seconds: int) -> None:
        """Have a Pod ended, by force after its grace; a shorter grace wins. It is no error that it is gone."""
        await self._delete(pods_path(namespace, name), {"gracePeriodSeconds": grace_seconds})

    async def failed_creations(self, namespace: str, job_uid: str) -> str:
        """Why the Pod of a Job cannot be made, in the cluster's words; empty: it does not say."""
        selector = f"involvedObject.uid={job_uid},reason=FailedCreate"
        query = {"fieldSelector": selector, "limit": "20"}
        try:
            found = await self.connection.call("GET", f"/api/v1/namespaces/{namespace}/events", query=query)
        except ApiError as error:
            if error.status != FORBIDDEN:
                raise
            return ""
        said = [text(event, "message") for event in objects(found, "items")]
        return said[-1] if said else ""

    async def last_line(self, namespace: str, pod: str) -> str:
        """Of what a Pod wrote; empty: nothing, or it cannot be read any more."""
        query = {"container": CONTAINER, "tailLines": "1"}
        try:
            async with self.connection.follow(
                f"{pods_path(namespace, pod)}/log", query, silence_seconds=10.0
            ) as content:
                data = b"".join([each async for each in content])
        except ApiError:
            return ""
        return data.decode("utf-8", "replace").rstrip("\n")

    def log(
        self, namespace: str, pod: str, query: Mapping[str, str]
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """What a Pod writes, each line after its time, as it comes."""
        found = {"container": CONTAINER, "timestamps": "true", "follow": "true", **query}
        return self.connection.follow(f"{pods_path(namespace, pod)}/log", found, silence_seconds=_LOG_SILENCE_SECONDS)

    async def _patch(self, place: Place, patch: Object) -> None:
        await self.connection.call("PATCH", jobs_path(*place), body=patch, content_type=MERGE_PATCH)

    async def _delete(self, path: str, options: Mapping[str, Any]) -> None:
        body = {"kind": "DeleteOptions", "apiVersion": "v1", **options}
        try:
            await self.connection.call("DELETE", path, body=body)
        except ApiError as error:
            if error.status != NOT_FOUND:
                raise
