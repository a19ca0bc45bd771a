"""`orch schedule create` and `orch schedule update`."""

import click

from orch_cli.changes import tell_change
from orch_cli.completing import complete_deployment
from orch_cli.connection import client
from orch_cli.failures import Wrong
from orch_cli.finding import find_deployment
from orch_cli.output import Format, output_option, when
from orch_cli.parameters import parameters_options, read_parameters
from orch_cli.schedule.finding import NamedSchedule, find_schedule
from orch_cli.schedule.options import Policies, Times, policy_options, put_parameters, times_options
from orch_cli.schedule.views import times as times_of
from orch_cli.schedule.views import whole


@click.command("create")
@click.argument("deployment", shell_complete=complete_deployment)
@times_options
@click.option("--name", default="", help="Unique in the deployment. Without: made from the times.")
@parameters_options
@policy_options
@click.option("--paused", is_flag=True, help="Let it not fire for now.")
@output_option
def create(
    deployment: str,
    times: Times,
    name: str,
    params: tuple[str, ...],
    params_file: str | None,
    policies: Policies,
    paused: bool,
    output: Format,
) -> None:
    """Create a schedule: orch schedule create etl/nightly --cron "0 2 * * *" --tz Europe/Berlin

    It fires from now on; for times that have passed see `orch schedule backfill`."""
    from orch_proto.v1.schedule_pb2 import Schedule
    from orch_proto.v1.schedule_service_pb2 import CreateScheduleRequest

    schedule = Schedule(name=name, paused=paused)
    if not times.put_into(schedule):
        raise Wrong("When shall it run? Pass --cron, --interval or --rrule.")
    policies.put_into(schedule)
    with client() as orch:
        fired = find_deployment(orch, deployment)
        schedule.deployment_id = fired.deployment_id
        put_parameters(schedule, read_parameters(params, params_file, schema_json=fired.parameter_schema_json))
        made = orch.schedules.CreateSchedule(CreateScheduleRequest(schedule=schedule)).schedule
    _tell("Created", NamedSchedule(made, fired), output)


@click.command("update")
@click.argument("schedule")
@times_options
@parameters_options
@click.option("--unset-param", "unset", multiple=True, metavar="NAME", help="Take a parameter away. Repeatable.")
@policy_options
@output_option
def update(
    schedule: str,
    times: Times,
    params: tuple[str, ...],
    params_file: str | None,
    unset: tuple[str, ...],
    policies: Policies,
    output: Format,
) -> None:
    """Change a schedule. With other times it fires from now on; parameters are laid over those that it has."""
    from google.protobuf.field_mask_pb2 import FieldMask

    from orch_proto.v1.schedule_service_pb2 import UpdateScheduleRequest

    with client() as orch:
        found = find_schedule(orch, schedule)
        message = found.schedule
        given = read_parameters(params, params_file, schema_json=found.deployment.parameter_schema_json)
        fields = [
            *times.put_into(message),
            *policies.put_into(message),
            *put_parameters(message, given, unset),
        ]
        if not fields:
            raise click.UsageError("What shall change? See the options in --help.")
        # With its etag: the parameters are laid over those that were read.
        request = UpdateScheduleRequest(schedule=message, update_mask=FieldMask(paths=fields))
        changed = orch.schedules.UpdateSchedule(request).schedule
    _tell("Changed", NamedSchedule(changed, found.deployment), output)


def _tell(done: str, found: NamedSchedule, output: Format) -> None:
    fires = f"next {when(found.schedule.next_time)}" if found.schedule.HasField("next_time") else "it never fires"
    paused = "; it is paused" if found.schedule.paused else ""
    over = "; its deployment is paused" if found.deployment.paused else ""
    sentence = f"{done} the schedule {found.key}: {times_of(found.schedule)}, {fires}{paused}{over}."
    tell_change(whole(found), sentence, key=found.key, output=output)
