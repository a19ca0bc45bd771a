"""`orch deployment …`: flows made ready to be run by workers."""

from typing import TYPE_CHECKING

import click

from orch_cli.changes import tell_change
from orch_cli.completing import complete_deployment
from orch_cli.connection import client
from orch_cli.deployment.reading import deployments, versions, whole_deployment
from orch_cli.deployment.views import COLUMNS, VERSION_COLUMNS, Scheduled, lines
from orch_cli.filters import limit_option, tags_option
from orch_cli.finding import check_filters, deployment_key, find_deployment
from orch_cli.groups import LazyCommand, LazyGroup
from orch_cli.output import Format, confirm, output_option, say, show_list, show_one

if TYPE_CHECKING:
    from orch_proto.v1.deployment_pb2 import Deployment

_DEPLOYMENT = click.argument("name", metavar="DEPLOYMENT", shell_complete=complete_deployment)

deployment = LazyGroup(
    "deployment",
    lazy={
        "rollback": LazyCommand("orch_cli.deployment.rolling_back:rollback", "Go back to an earlier version."),
        "run": LazyCommand("orch_cli.run:run", "Run a deployment: the same as `orch run`."),
        "schedule": LazyCommand("orch_cli.schedule:schedule", "Its schedules: the same as `orch schedule`."),
    },
    help="""Look at, run, pause, roll back and delete deployments.

    A deployment is named FLOW/DEPLOYMENT, by its own name where only one flow has it, or by its id. `orch deploy`
    makes and changes them.""",
)


@deployment.command("ls")
@click.option("--flow", default="", metavar="FLOW", help="Only of this flow.")
@click.option("--name", "prefix", default="", metavar="PREFIX", help="Only whose own name begins so.")
@tags_option
@limit_option(200)
@output_option
def ls(flow: str, prefix: str, tags: tuple[str, ...], limit: int, output: Format) -> None:
    """List the deployments, newest first."""
    with client() as orch:
        found, more = deployments(orch, flow=flow, tags=tags, prefix=prefix, limit=limit)
        if not found and flow:
            check_filters(orch, flows=[flow])
    show_list(
        found,
        COLUMNS,
        output=output,
        empty="No deployments. `orch deploy` makes one.",
        more=f"There are more than these {limit}: --limit 0 shows all." if more else "",
        whole=Scheduled.whole,
    )


@deployment.command("inspect")
@_DEPLOYMENT
@output_option
def inspect(name: str, output: Format) -> None:
    """Show a deployment: how it is run, its schedules and its newest runs."""
    with client() as orch:
        found = whole_deployment(orch, find_deployment(orch, name))
    show_one(found, lines(found), output=output, whole=found.whole())


@deployment.command("versions")
@_DEPLOYMENT
@output_option
def list_versions(name: str, output: Format) -> None:
    """List the versions of a deployment, newest first. Runs stay with the version that they were created with."""
    with client() as orch:
        found = versions(orch, find_deployment(orch, name))
    show_list(found, VERSION_COLUMNS, output=output, empty="No versions.", whole=lambda each: each.version)


@deployment.command("pause")
@_DEPLOYMENT
@output_option
def pause(name: str, output: Format) -> None:
    """Let no schedule of a deployment fire. It can still be run by hand."""
    changed = _set_paused(name, paused=True)
    key = deployment_key(changed)
    tell_change(changed, f"Paused the deployment {key}: its schedules do not fire.", key=key, output=output)


@deployment.command("resume")
@_DEPLOYMENT
@output_option
def resume(name: str, output: Format) -> None:
    """Let the schedules of a paused deployment fire again."""
    changed = _set_paused(name, paused=False)
    key = deployment_key(changed)
    tell_change(changed, f"Resumed the deployment {key}.", key=key, output=output)


@deployment.command("delete")
@_DEPLOYMENT
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def delete(name: str, yes: bool) -> None:
    """Delete a deployment and its schedules. Its runs stay; one with runs that have not ended is kept."""
    from orch_proto.v1.deployment_service_pb2 import DeleteDeploymentRequest

    with client() as orch:
        found = find_deployment(orch, name)
        confirm(f"Delete the deployment {deployment_key(found)} and its schedules?", yes=yes)
        orch.deployments.DeleteDeployment(DeleteDeploymentRequest(deployment_id=found.deployment_id, etag=found.etag))
    say(f"Deleted the deployment {deployment_key(found)}.")


def _set_paused(name: str, *, paused: bool) -> "Deployment":
    from google.protobuf.field_mask_pb2 import FieldMask

    from orch_proto.v1.deployment_pb2 import Deployment
    from orch_proto.v1.deployment_service_pb2 import UpdateDeploymentRequest

    with client() as orch:
        found = find_deployment(orch, name)
        request = UpdateDeploymentRequest(
            deployment=Deployment(deployment_id=found.deployment_id, paused=paused),
            update_mask=FieldMask(paths=["paused"]),
        )
        return orch.deployments.UpdateDeployment(request).deployment
