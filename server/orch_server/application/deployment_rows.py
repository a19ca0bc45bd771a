"""The port to deployments in the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from orch_server.domain.deployments import Deployment, DeploymentVersion, RunTemplate


@dataclass(frozen=True, slots=True)
class DeploymentFilter:
    """Conditions that must all hold; an empty one holds always."""

    flow_name: str = ""
    tags: tuple[str, ...] = ()
    name_prefix: str = ""


class DeploymentRows(Protocol):
    """Deployments, unique by flow and name, and their versions."""

    def add(self, deployment: Deployment) -> bool:
        """Insert a deployment and its first version; False where its flow has one of that name."""
        ...

    def get(self, deployment_id: UUID) -> Deployment | None:
        """One deployment by id."""
        ...

    def get_by_name(self, flow_name: str, name: str) -> Deployment | None:
        """One deployment by names."""
        ...

    def names(self, flow_name: str, *, limit: int) -> list[str]:
        """Some names of a flow's deployments, for hints."""
        ...

    def page(self, deployment_filter: DeploymentFilter, *, before: UUID | None, limit: int) -> list[Deployment]:
        """Deployments that match, newest first, older than `before`, at most `limit`."""
        ...

    def lock(self, deployment_id: UUID) -> Deployment | None:
        """One deployment, which nobody else changes or deletes until the transaction ends."""
        ...

    def lock_out(self, deployment_id: UUID) -> Deployment | None:
        """The same; besides, no run or schedule of it can be created until the transaction ends."""
        ...

    def change(self, deployment: Deployment, *, old_version: int) -> bool:
        """Write a deployment's changeable fields where it still has `old_version`; False where not."""
        ...

    def add_version(self, version: DeploymentVersion) -> None:
        """Insert a version."""
        ...

    def versions(self, deployment_id: UUID, *, before: int | None, limit: int) -> list[DeploymentVersion]:
        """A deployment's versions, newest first, those with a lower number than `before`, at most `limit`."""
        ...

    def has_open_runs(self, deployment_id: UUID) -> bool:
        """Whether a run of it has not ended."""
        ...

    def delete(self, deployment_id: UUID) -> None:
        """Delete a deployment with its versions and schedules."""
        ...

    def run_templates(self, deployment_ids: Sequence[UUID], *, skip_locked: bool = False) -> dict[UUID, RunTemplate]:
        """What new runs of these deployments need; those that are not there are left out.

        What is found, and the pool and queue it names, cannot be deleted until the transaction ends. With
        `skip_locked`, those that somebody is deleting are left out instead of waited for.
        """
        ...
