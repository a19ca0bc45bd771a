"""`orch work-pool …`: the places that runs wait in for a kind of worker."""

from typing import TYPE_CHECKING

import click

from orch_cli.changes import tell_change
from orch_cli.completing import complete_pool
from orch_cli.connection import client
from orch_cli.output import Format, confirm, output_option, say, show_list, show_one
from orch_cli.work_pool.settings import PoolSettings, pool_settings
from orch_cli.work_pool.views import COLUMNS, LINES, ServedPool, pools, whole_pool

if TYPE_CHECKING:
    from orch_client.client import Client
    from orch_proto.v1.work_pool_pb2 import WorkPool

_NAME = click.argument("name", shell_complete=complete_pool)

work_pool = click.Group(
    "work-pool",
    help="""Create, change, pause and delete work pools.

    Runs wait in a pool for its workers. Its type says how they are launched: process, docker, kubernetes, or what a
    plug-in offers. There is a pool "default" of type process from the start.""",
)


@work_pool.command("ls")
@output_option
def ls(output: Format) -> None:
    """List the work pools, and who serves them."""
    with client() as orch:
        found = pools(orch)
    empty = "No work pools. `orch work-pool create NAME` makes one."
    show_list(found, COLUMNS, output=output, empty=empty, whole=ServedPool.whole)


@work_pool.command("inspect")
@_NAME
@output_option
def inspect(name: str, output: Format) -> None:
    """Show a work pool: its settings, queues, workers and what runs in it."""
    with client() as orch:
        found = whole_pool(orch, name)
    show_one(found, LINES, output=output, whole=found.whole())


@work_pool.command("create")
@click.argument("name")
@click.option("-t", "--type", "kind", default="process", show_default=True, help="How its workers launch runs.")
@pool_settings
@click.option("--paused", is_flag=True, help="Let it start nothing for now.")
@click.option("--if-missing", is_flag=True, help="Where there is one of this name, leave it as it is and be content.")
@output_option
def create(name: str, kind: str, settings: PoolSettings, paused: bool, if_missing: bool, output: Format) -> None:
    """Create a work pool."""
    from orch_client.errors import AlreadyExistsError
    from orch_proto.v1.work_pool_pb2 import WorkPool
    from orch_proto.v1.work_pool_service_pb2 import CreateWorkPoolRequest, GetWorkPoolRequest

    pool = WorkPool(name=name, type=kind, paused=paused)
    settings.put_into(pool)
    with client() as orch:
        try:
            made = orch.work_pools.CreateWorkPool(CreateWorkPoolRequest(work_pool=pool)).work_pool
        except AlreadyExistsError:
            if not if_missing:
                raise
            found = orch.work_pools.GetWorkPool(GetWorkPoolRequest(name=name)).work_pool
            tell_change(found, f"There is a work pool {name} already.", key=name, output=output)
            return
    sentence = f"Created the work pool {name}. `orch worker start --pool {name}` starts a worker for it."
    tell_change(made, sentence, key=name, output=output)


@work_pool.command("update")
@_NAME
@pool_settings
@output_option
def update(name: str, settings: PoolSettings, output: Format) -> None:
    """Change settings of a work pool."""
    from orch_proto.v1.work_pool_service_pb2 import GetWorkPoolRequest

    with client() as orch:
        # With its etag: variables are laid over those that it has now.
        pool = orch.work_pools.GetWorkPool(GetWorkPoolRequest(name=name)).work_pool
        fields = settings.put_into(pool)
        if not fields:
            raise click.UsageError("What shall change? See the options in --help.")
        changed = _update(orch, pool, fields)
    sentence = f"Changed {', '.join(fields).replace('_json', '').replace('_', ' ')} of the work pool {name}."
    tell_change(changed, sentence, key=name, output=output)


@work_pool.command("pause")
@_NAME
@output_option
def pause(name: str, output: Format) -> None:
    """Let a work pool start no more runs. Those that run go on."""
    changed = _set_paused(name, paused=True)
    tell_change(changed, f"Paused the work pool {name}: it starts no more runs.", key=name, output=output)


@work_pool.command("resume")
@_NAME
@output_option
def resume(name: str, output: Format) -> None:
    """Let a paused work pool start runs again."""
    changed = _set_paused(name, paused=False)
    tell_change(changed, f"Resumed the work pool {name}.", key=name, output=output)


@work_pool.command("delete")
@_NAME
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def delete(name: str, yes: bool) -> None:
    """Delete a work pool. One that runs wait in, or that deployments use, is kept."""
    from orch_proto.v1.work_pool_service_pb2 import DeleteWorkPoolRequest, GetWorkPoolRequest

    with client() as orch:
        pool = orch.work_pools.GetWorkPool(GetWorkPoolRequest(name=name)).work_pool
        confirm(f"Delete the work pool {name} and its queues?", yes=yes)
        orch.work_pools.DeleteWorkPool(DeleteWorkPoolRequest(name=name, etag=pool.etag))
    say(f"Deleted the work pool {name}.")


def _set_paused(name: str, *, paused: bool) -> "WorkPool":
    from orch_proto.v1.work_pool_pb2 import WorkPool

    with client() as orch:
        return _update(orch, WorkPool(name=name, paused=paused), ["paused"])


def _update(orch: "Client", pool: "WorkPool", fields: list[str]) -> "WorkPool":
    from google.protobuf.field_mask_pb2 import FieldMask

    from orch_proto.v1.work_pool_service_pb2 import UpdateWorkPoolRequest

    request = UpdateWorkPoolRequest(work_pool=pool, update_mask=FieldMask(paths=fields))
    return orch.work_pools.UpdateWorkPool(request).work_pool
