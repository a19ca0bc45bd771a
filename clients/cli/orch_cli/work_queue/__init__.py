"""`orch work-queue …`: lines of different priority in a work pool."""

from typing import TYPE_CHECKING

import click

from orch_cli.changes import tell_change
from orch_cli.completing import complete_pool, complete_queue
from orch_cli.connection import client
from orch_cli.limits import LIMIT, NO_LIMIT
from orch_cli.output import Column, Format, confirm, output_option, say, show_list, show_one, when
from orch_cli.work_pool.views import limit_text
from orch_cli.work_queue.finding import find_queue, new_queue_names, queue_key

if TYPE_CHECKING:
    from orch_client.client import Client
    from orch_proto.v1.work_queue_pb2 import WorkQueue

_QUEUE = click.argument("name", metavar="[POOL/]QUEUE", shell_complete=complete_queue)
_POOL = click.option("--pool", metavar="POOL", shell_complete=complete_pool, help="The pool that it is in.")
_DESCRIPTION = click.option("--description", help="What it is for, for people.")
_PRIORITY = click.option(
    "--priority", type=click.IntRange(1, 1000), help="Queues with a lower number are served first. A new one: 100."
)
_LIMIT = click.option(
    "--concurrency-limit", type=LIMIT, metavar="N|none", help="At most this many of its runs at once."
)

_COLUMNS: list[Column["WorkQueue"]] = [
    Column("QUEUE", queue_key),
    Column("PRIORITY", lambda each: str(each.priority), right=True),
    Column("STATE", lambda each: "paused" if each.paused else "ready", style=lambda each: _style(each)),
    Column("LIMIT", limit_text, right=True),
    Column("DESCRIPTION", lambda each: each.description, may_wrap=True),
]
_LINES: list[Column["WorkQueue"]] = [
    Column("QUEUE", queue_key),
    Column("ID", lambda each: each.work_queue_id),
    Column("POOL", lambda each: each.work_pool_name),
    Column("DESCRIPTION", lambda each: each.description),
    Column("STATE", lambda each: "paused" if each.paused else "ready", style=lambda each: _style(each)),
    Column("PRIORITY", lambda each: str(each.priority)),
    Column("CONCURRENCY LIMIT", lambda each: limit_text(each) or "none"),
    Column("CREATED", lambda each: when(each.create_time)),
    Column("CHANGED", lambda each: when(each.update_time)),
]


def _style(queue: "WorkQueue") -> str:
    return "yellow" if queue.paused else "green"


work_queue = click.Group(
    "work-queue",
    help="""Create, change, pause and delete work queues.

    A pool serves its queues by their priority. Every pool has one named "default". A queue is named POOL/QUEUE, or by
    its own name with --pool.""",
)


@work_queue.command("ls")
@_POOL
@output_option
def ls(pool: str | None, output: Format) -> None:
    """List the work queues."""
    from orch_proto.v1.work_pool_service_pb2 import GetWorkPoolRequest
    from orch_proto.v1.work_queue_pb2 import WorkQueue
    from orch_proto.v1.work_queue_service_pb2 import ListWorkQueuesRequest

    with client() as orch:
        if pool:
            orch.work_pools.GetWorkPool(GetWorkPoolRequest(name=pool))
        request = ListWorkQueuesRequest(work_pool_name=pool or "")
        found = list(orch.items(orch.work_queues.ListWorkQueues, request, of=WorkQueue))
    show_list(found, _COLUMNS, output=output, empty="No work queues.")


@work_queue.command("inspect")
@_QUEUE
@_POOL
@output_option
def inspect(name: str, pool: str | None, output: Format) -> None:
    """Show a work queue."""
    with client() as orch:
        found = find_queue(orch, name, pool)
    show_one(found, _LINES, output=output)


@work_queue.command("create")
@click.argument("name", metavar="[POOL/]QUEUE")
@_POOL
@_PRIORITY
@_LIMIT
@_DESCRIPTION
@click.option("--paused", is_flag=True, help="Let it start nothing for now.")
@output_option
def create(
    name: str,
    pool: str | None,
    priority: int | None,
    concurrency_limit: int | None,
    description: str | None,
    paused: bool,
    output: Format,
) -> None:
    """Create a work queue."""
    from orch_proto.v1.work_queue_pb2 import WorkQueue
    from orch_proto.v1.work_queue_service_pb2 import CreateWorkQueueRequest

    in_pool, own = new_queue_names(name, pool)
    queue = WorkQueue(work_pool_name=in_pool, name=own, paused=paused)
    _put(queue, priority, concurrency_limit, description)
    with client() as orch:
        made = orch.work_queues.CreateWorkQueue(CreateWorkQueueRequest(work_queue=queue)).work_queue
    tell_change(made, f"Created the work queue {queue_key(made)}.", key=queue_key(made), output=output)


@work_queue.command("update")
@_QUEUE
@_POOL
@_PRIORITY
@_LIMIT
@_DESCRIPTION
@output_option
def update(
    name: str,
    pool: str | None,
    priority: int | None,
    concurrency_limit: int | None,
    description: str | None,
    output: Format,
) -> None:
    """Change settings of a work queue."""
    with client() as orch:
        queue = find_queue(orch, name, pool)
        fields = _put(queue, priority, concurrency_limit, description)
        if not fields:
            raise click.UsageError("What shall change? Pass --priority, --concurrency-limit or --description.")
        changed = _update(orch, queue, fields)
    sentence = f"Changed {', '.join(fields).replace('_', ' ')} of the work queue {queue_key(changed)}."
    tell_change(changed, sentence, key=queue_key(changed), output=output)


@work_queue.command("pause")
@_QUEUE
@_POOL
@output_option
def pause(name: str, pool: str | None, output: Format) -> None:
    """Let a work queue start no more runs. Those that run go on."""
    changed = _set_paused(name, pool, paused=True)
    sentence = f"Paused the work queue {queue_key(changed)}: it starts no more runs."
    tell_change(changed, sentence, key=queue_key(changed), output=output)


@work_queue.command("resume")
@_QUEUE
@_POOL
@output_option
def resume(name: str, pool: str | None, output: Format) -> None:
    """Let a paused work queue start runs again."""
    changed = _set_paused(name, pool, paused=False)
    tell_change(changed, f"Resumed the work queue {queue_key(changed)}.", key=queue_key(changed), output=output)


@work_queue.command("delete")
@_QUEUE
@_POOL
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
def delete(name: str, pool: str | None, yes: bool) -> None:
    """Delete a work queue. One that runs wait in, or that deployments use, is kept."""
    from orch_proto.v1.work_queue_service_pb2 import DeleteWorkQueueRequest

    with client() as orch:
        queue = find_queue(orch, name, pool)
        confirm(f"Delete the work queue {queue_key(queue)}?", yes=yes)
        orch.work_queues.DeleteWorkQueue(
            DeleteWorkQueueRequest(work_pool_name=queue.work_pool_name, name=queue.name, etag=queue.etag)
        )
    say(f"Deleted the work queue {queue_key(queue)}.")


def _put(queue: "WorkQueue", priority: int | None, concurrency_limit: int | None, description: str | None) -> list[str]:
    """Writes what is given; answers with the fields that were written."""
    fields = []
    if priority is not None:
        queue.priority = priority
        fields.append("priority")
    if concurrency_limit is not None:
        queue.ClearField("concurrency_limit")
        if concurrency_limit != NO_LIMIT:
            queue.concurrency_limit = concurrency_limit
        fields.append("concurrency_limit")
    if description is not None:
        queue.description = description
        fields.append("description")
    return fields


def _set_paused(name: str, pool: str | None, *, paused: bool) -> "WorkQueue":
    with client() as orch:
        queue = find_queue(orch, name, pool)
        queue.paused = paused
        return _update(orch, queue, ["paused"])


def _update(orch: "Client", queue: "WorkQueue", fields: list[str]) -> "WorkQueue":
    from google.protobuf.field_mask_pb2 import FieldMask

    from orch_proto.v1.work_queue_service_pb2 import UpdateWorkQueueRequest

    # Without the etag: what others change meanwhile are other fields, or they wanted the same.
    queue.ClearField("etag")
    request = UpdateWorkQueueRequest(work_queue=queue, update_mask=FieldMask(paths=fields))
    return orch.work_queues.UpdateWorkQueue(request).work_queue
