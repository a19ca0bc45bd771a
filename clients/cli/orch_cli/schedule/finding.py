"""Schedules by what people call them: ids, "flow/deployment/schedule", or their own names."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orch_cli.failures import NotFound
from orch_cli.finding import deployment_by_key, deployment_key, only, suggestion

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from orch_client.client import Client
    from orch_proto.v1.deployment_pb2 import Deployment
    from orch_proto.v1.schedule_pb2 import Schedule

_LEAST_OF_ID = 8
_PAGE = 1000


@dataclass(frozen=True, slots=True)
class NamedSchedule:
    """A schedule, and the deployment that it fires."""

    schedule: "Schedule"
    deployment: "Deployment"

    @property
    def key(self) -> str:
        """As people name it: "flow/deployment/schedule"."""
        return f"{deployment_key(self.deployment)}/{self.schedule.name}"


def schedules_of(orch: "Client", deployment: "Deployment") -> list[NamedSchedule]:
    """All schedules of a deployment, newest first."""
    return [NamedSchedule(each, deployment) for each in _list(orch, deployment.deployment_id)]


def all_schedules(orch: "Client") -> list[NamedSchedule]:
    """All schedules of all deployments, newest first."""
    from orch_proto.v1.deployment_pb2 import Deployment
    from orch_proto.v1.deployment_service_pb2 import ListDeploymentsRequest

    schedules = list(_list(orch, ""))
    listed = (
        orch.items(orch.deployments.ListDeployments, ListDeploymentsRequest(page_size=_PAGE), of=Deployment)
        if schedules
        else ()
    )
    deployments = {each.deployment_id: each for each in listed}
    # One that is deleted between the two lists is left out.
    return [
        NamedSchedule(each, deployments[each.deployment_id]) for each in schedules if each.deployment_id in deployments
    ]


def find_schedule(orch: "Client", text: str) -> NamedSchedule:
    """A schedule by its id or its beginning (8 characters or more), as "flow/deployment/schedule", by its own name
    where only one deployment has it, or by its deployment where that has only one.

    Raises NotFound, which says what looks like it, or Wrong where several are meant.
    """
    wanted = text.strip()
    found = _matching(_near(orch, wanted), wanted)
    if not found:
        everything = all_schedules(orch)
        found = _matching(everything, wanted)
        if not found:
            near = suggestion(wanted, [name for each in everything for name in (each.key, each.schedule.name)])
            raise NotFound(f"There is no schedule {text!r}.{near} `orch schedule ls` lists them.")
    return only(found, text, "schedule", lambda each: f"{each.schedule.schedule_id}  {each.key}")


def _near(orch: "Client", text: str) -> list[NamedSchedule]:
    """Of the deployment that a text names, if it names one: all need not be listed then."""
    if "/" not in text:
        return []
    for key in (text, text.rpartition("/")[0]):
        deployment = deployment_by_key(orch, key) if "/" in key else None
        if deployment is not None:
            return schedules_of(orch, deployment)
    return []


def _matching(schedules: list[NamedSchedule], text: str) -> list[NamedSchedule]:
    """What is meant: the first of these readings that anything answers to."""
    readings: tuple[Callable[[NamedSchedule], bool], ...] = (
        lambda each: each.key == text,
        lambda each: each.schedule.name == text,
        lambda each: len(text) >= _LEAST_OF_ID and each.schedule.schedule_id.startswith(text.lower()),
        lambda each: text in (deployment_key(each.deployment), each.deployment.name),
    )
    return next((found for reading in readings if (found := list(filter(reading, schedules)))), [])


def _list(orch: "Client", deployment_id: str) -> "Iterable[Schedule]":
    from orch_proto.v1.schedule_pb2 import Schedule
    from orch_proto.v1.schedule_service_pb2 import ListSchedulesRequest

    request = ListSchedulesRequest(deployment_id=deployment_id, page_size=_PAGE)
    return orch.items(orch.schedules.ListSchedules, request, of=Schedule)
