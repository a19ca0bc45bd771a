"""`orch schedule …`: when deployments run by themselves."""

from typing import TYPE_CHECKING

import click

from orch_cli.changes import tell_change
from orch_cli.completing import complete_deployment
from orch_cli.connection import client
from orch_cli.finding import find_deployment
from orch_cli.groups import LazyCommand, LazyGroup
from orch_cli.output import Format, confirm, output_option, say, show_list, show_one, when
from orch_cli.schedule.finding import NamedSchedule, all_schedules, find_schedule, schedules_of
from orch_cli.schedule.views import COLUMNS, LINES, whole

if TYPE_CHECKING:
    from orch_client.client import Client

_SCHEDULE = click.argument("name", metavar="SCHEDULE")

schedule = LazyGroup(
    "schedule",
    lazy={
        "backfill": LazyCommand("orch_cli.schedule.calendar:backfill", "Create runs for past times that have none."),
        "create": LazyCommand("orch_cli.schedule.writing:create", "Create a schedule."),
        "preview": LazyCommand("orch_cli.schedule.calendar:preview", "Show the next times of a schedule."),
        "update": LazyCommand("orch_cli.schedule.writing:update", "Change a schedule."),
    },
    help="""Create, preview, pause and backfill schedules.

    A schedule is named FLOW/DEPLOYMENT/SCHEDULE, by its own name where only one has it, by its deployment where that
    has only one, or by its id.""",
)


@schedule.command("ls")
@click.argument("deployment", required=False, shell_complete=complete_deployment)
@output_option
def ls(deployment: str | None, output: Format) -> None:
    """List the schedules, of one deployment or of all."""
    with client() as orch:
        found = schedules_of(orch, find_deployment(orch, deployment)) if deployment else all_schedules(orch)
    empty = "No schedules. `orch schedule create FLOW/DEPLOYMENT --cron LINE` makes one."
    show_list(found, COLUMNS, output=output, empty=empty, whole=whole)


@schedule.command("inspect")
@_SCHEDULE
@output_option
def inspect(name: str, output: Format) -> None:
    """Show a schedule."""
    with client() as orch:
        found = find_schedule(orch, name)
    show_one(found, LINES, output=output, whole=whole(found))


@schedule.command("pause")
@_SCHEDULE
@output_option
def pause(name: str, output: Format) -> None:
    """Let a schedule fire no more. Times that pass meanwhile are not made up for."""
    with client() as orch:
        changed = _set_paused(orch, name, paused=True)
    tell_change(whole(changed), f"Paused the schedule {changed.key}.", key=changed.key, output=output)


@schedule.command("resume")
@_SCHEDULE
@output_option
def resume(name: str, output: Format) -> None:
    """Let a paused schedule fire again, from now on."""
    with client() as orch:
        changed = _set_paused(orch, name, paused=False)
    following = f", next {when(changed.schedule.next_time)}" if changed.schedule.HasField("next_time") else ""
    over = "; its deployment is paused, so that it does not fire" if changed.deployment.paused else following
    tell_change(whole(changed), f"Resumed the schedule {changed.key}{over}.", key=changed.key, output=output)


@schedule.command("delete")
@_SCHEDULE
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def delete(name: str, yes: bool) -> None:
    """Delete a schedule. Its runs stay."""
    from orch_proto.v1.schedule_service_pb2 import DeleteScheduleRequest

    with client() as orch:
        found = find_schedule(orch, name)
        confirm(f"Delete the schedule {found.key}?", yes=yes)
        request = DeleteScheduleRequest(schedule_id=found.schedule.schedule_id, etag=found.schedule.etag)
        orch.schedules.DeleteSchedule(request)
    say(f"Deleted the schedule {found.key}.")


def _set_paused(orch: "Client", name: str, *, paused: bool) -> NamedSchedule:
    from google.protobuf.field_mask_pb2 import FieldMask

    from orch_proto.v1.schedule_pb2 import Schedule
    from orch_proto.v1.schedule_service_pb2 import UpdateScheduleRequest

    found = find_schedule(orch, name)
    request = UpdateScheduleRequest(
        schedule=Schedule(schedule_id=found.schedule.schedule_id, paused=paused),
        update_mask=FieldMask(paths=["paused"]),
    )
    return NamedSchedule(orch.schedules.UpdateSchedule(request).schedule, found.deployment)
