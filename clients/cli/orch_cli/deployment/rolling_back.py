"""`orch deployment rollback`: the newest version is made like an earlier one."""

from typing import TYPE_CHECKING

import click

from orch_cli.changes import tell_change
from orch_cli.completing import complete_deployment
from orch_cli.connection import client
from orch_cli.deployment.reading import versions
from orch_cli.failures import NotFound, Wrong
from orch_cli.finding import deployment_key, find_deployment
from orch_cli.output import Format, confirm, note, output_option

if TYPE_CHECKING:
    from orch.deployments.changes import FieldChange
    from orch_client.client import Client
    from orch_proto.v1.deployment_pb2 import Deployment


@click.command("rollback")
@click.argument("name", metavar="DEPLOYMENT", shell_complete=complete_deployment)
@click.option("--to", "version", type=click.IntRange(1), metavar="VERSION", help="Without: the one before the newest.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@output_option
def rollback(name: str, version: int | None, dry_run: bool, yes: bool, output: Format) -> None:
    """Go back to an earlier version: a new one is made that is like it.

    How runs are started, the code, the parameters and their schema go back. Pool, tags, schedules and limits stay as
    they are, and so does every run that there is."""
    from orch.deployments import rollback as roll_back

    with client() as orch:
        found = find_deployment(orch, name)
        key = deployment_key(found)
        wanted = _wanted(found, version)
        changes = _changes(orch, found, wanted)
        if not changes:
            tell_change(found, f"{key} is like version {wanted} already.", key=key, output=output)
            return
        for each in changes:
            note(f"  {each.name}: {each.old or '(none)'} → {each.new or '(none)'}")
        if dry_run:
            return
        confirm(f"Take {key} from version {found.version} back to what it was in version {wanted}?", yes=yes)
        changed = roll_back(orch, found.deployment_id, wanted)
    sentence = f"{key} is at version {changed.version}, which is like version {wanted}."
    tell_change(changed, sentence, key=key, output=output)


def _wanted(found: "Deployment", version: int | None) -> int:
    wanted = found.version - 1 if version is None else version
    key = deployment_key(found)
    if wanted < 1:
        raise Wrong(f"{key} has one version: there is nothing to go back to.")
    if wanted > found.version:
        raise NotFound(
            f"{key} has no version {wanted}, and {found.version} is the newest. `orch deployment versions {key}` lists"
            " them."
        )
    return wanted


def _changes(orch: "Client", found: "Deployment", wanted: int) -> "tuple[FieldChange, ...]":
    """What differs, of what a version holds."""
    from orch.deployments.changes import DEPLOYMENT_FIELDS, differences
    from orch_proto.v1.deployment_pb2 import Deployment

    like = next((each.version for each in versions(orch, found) if each.version.version == wanted), None)
    if like is None:
        raise NotFound(f"{deployment_key(found)} has no version {wanted} any more.")
    restored = Deployment()
    restored.CopyFrom(found)
    restored.launch_spec.CopyFrom(like.launch_spec)
    restored.parameters_json = like.parameters_json
    restored.parameter_schema_json = like.parameter_schema_json
    return differences(DEPLOYMENT_FIELDS, found, restored)[0]
