"""`orch worker …`: who takes runs and launches them."""

from typing import TYPE_CHECKING

import click

from orch_cli.changes import tell_change
from orch_cli.completing import complete_pool, complete_worker
from orch_cli.connection import client
from orch_cli.finding import check_filters
from orch_cli.groups import LazyCommand, LazyGroup
from orch_cli.output import Column, Format, output_option, show_list, show_one, when
from orch_cli.work_pool.views import worker_status
from orch_cli.worker.finding import all_workers, find_worker

if TYPE_CHECKING:
    from orch_client.client import Client
    from orch_proto.v1.lease_pb2 import LeaseInfo
    from orch_proto.v1.worker_pb2 import Worker

_STYLES = {"online": "green", "draining": "yellow", "offline": "red", "closed": "bright_black"}
_WORKER = click.argument("name", metavar="WORKER", shell_complete=complete_worker)


def _style(each: "Worker") -> str:
    return _STYLES.get(worker_status(each), "")


def _slots(each: "Worker") -> str:
    return f"{each.held_leases}/{each.slots}" if each.slots else str(each.held_leases)


def _labels(each: "Worker") -> str:
    return " ".join(f"{key}={value}" for key, value in sorted(each.labels.items()))


_COLUMNS: list[Column["Worker"]] = [
    Column("NAME", lambda each: each.name),
    Column("POOL", lambda each: each.work_pool_name),
    Column("STATUS", worker_status, style=_style),
    Column("RUNS", _slots, right=True),
    Column("QUEUES", lambda each: " ".join(each.work_queue_names) or "all", may_wrap=True),
    Column("LABELS", _labels, may_wrap=True),
    Column("VERSION", lambda each: each.version),
    Column("SPOKE", lambda each: when(each.last_seen_time)),
    Column("SESSION", lambda each: each.session_id),
]
_LINES: list[Column["Worker"]] = [
    Column("NAME", lambda each: each.name),
    Column("SESSION", lambda each: each.session_id),
    Column("POOL", lambda each: each.work_pool_name),
    Column("STATUS", worker_status, style=_style),
    Column("QUEUES", lambda each: " ".join(each.work_queue_names) or "all"),
    Column("RUNS", _slots),
    Column("LABELS", _labels),
    Column("CAPABILITIES", lambda each: " ".join(each.capabilities)),
    Column("VERSION", lambda each: each.version),
    Column("CONNECTED", lambda each: when(each.create_time)),
    Column("SPOKE", lambda each: when(each.last_seen_time)),
]
_LEASES: list[Column["LeaseInfo"]] = [
    Column("FLOW RUN", lambda each: each.flow_run_id),
    Column("GRANTED", lambda each: when(each.grant_time)),
    Column("HELD BY", lambda each: "its process" if each.adopted else "the worker"),
    Column("EXPIRES IN", lambda each: f"{each.remaining.ToTimedelta().total_seconds():.0f} s", right=True),
]

worker = LazyGroup(
    "worker",
    lazy={"start": LazyCommand("orch_cli.worker.starting:start", "Start a worker on this machine, until Ctrl-C.")},
    help="""Start, look at and drain workers.

    A worker is named by its name, or by its session where several have one name.""",
)


@worker.command("ls")
@click.option("--pool", metavar="POOL", shell_complete=complete_pool, help="Only of this pool.")
@click.option("-a", "--all", "everything", is_flag=True, help="Those that are gone too.")
@output_option
def ls(pool: str | None, everything: bool, output: Format) -> None:
    """List the workers."""
    with client() as orch:
        found = all_workers(orch, pool or "", include_closed=everything)
        if not found and pool:
            check_filters(orch, pools=[pool])
    where = f" --pool {pool}" if pool else ""
    show_list(found, _COLUMNS, output=output, empty=f"No workers. `orch worker start{where}` starts one.")


@worker.command("inspect")
@_WORKER
@output_option
def inspect(name: str, output: Format) -> None:
    """Show a worker, and what it holds."""
    with client() as orch:
        found = find_worker(orch, name)
        held = _leases(orch, found)
    show_one(found, _LINES, output=output, whole={"worker": found, "leases": held})
    if output is Format.TABLE and held:
        click.echo()
        show_list(held, _LEASES, output=output, empty="")


@worker.command("drain")
@_WORKER
@output_option
def drain(name: str, output: Format) -> None:
    """Let a worker finish what it holds and take nothing more; it then ends by itself."""
    from orch_proto.v1.worker_service_pb2 import DrainWorkerRequest

    with client() as orch:
        session = find_worker(orch, name).session_id
        drained = orch.workers.DrainWorker(DrainWorkerRequest(session_id=session)).worker
    held = f"; it holds {drained.held_leases}" if drained.held_leases else ""
    sentence = f"The worker {drained.name} is draining: it takes no more runs{held}."
    tell_change(drained, sentence, key=session, output=output)


def _leases(orch: "Client", found: "Worker") -> "list[LeaseInfo]":
    from orch_proto.v1.lease_pb2 import LeaseInfo
    from orch_proto.v1.lease_service_pb2 import ListLeasesRequest

    request = ListLeasesRequest(session_id=found.session_id)
    return list(orch.items(orch.leases.ListLeases, request, of=LeaseInfo))
