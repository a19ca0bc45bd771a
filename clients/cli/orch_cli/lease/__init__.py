"""`orch lease …`: who holds which run, since when, and for how long without a heartbeat."""

from typing import TYPE_CHECKING

import click

from orch_cli.completing import complete_pool
from orch_cli.connection import client
from orch_cli.finding import check_filters, find_flow_run
from orch_cli.groups import LazyGroup
from orch_cli.output import Column, Format, output_option, show_list, when

if TYPE_CHECKING:
    from orch_proto.v1.lease_pb2 import LeaseInfo


def holder(each: "LeaseInfo") -> str:
    """Who keeps a lease: the worker, or the run's own process."""
    worker = each.worker_name or each.holder_name
    return f"{worker} (its process)" if each.adopted and each.worker_name else worker


def _phase(each: "LeaseInfo") -> str:
    from orch_proto.v1.lease_pb2 import LeasePhase

    return LeasePhase.Name(each.phase).removeprefix("LEASE_PHASE_").lower()


_COLUMNS: list[Column["LeaseInfo"]] = [
    Column("FLOW RUN", lambda each: each.flow_run_id),
    Column("TOKEN", lambda each: str(each.token), right=True),
    Column("HELD BY", holder),
    Column("POOL", lambda each: each.work_pool_name),
    Column("PHASE", _phase),
    Column("GRANTED", lambda each: when(each.grant_time)),
    Column("EXPIRES IN", lambda each: f"{each.remaining.ToTimedelta().total_seconds():.0f} s", right=True),
]

lease = LazyGroup("lease", lazy={}, help="Look at leases: who holds which run.")


@lease.command("ls")
@click.option("--pool", metavar="POOL", shell_complete=complete_pool, help="Only of this pool.")
@click.option("--flow-run", "run", metavar="RUN", help="Only of this flow run: an id, its beginning, or a name.")
@output_option
def ls(pool: str | None, run: str | None, output: Format) -> None:
    """List the leases: every run that is held now, by whom, and how long without a heartbeat."""
    from orch_proto.v1.lease_pb2 import LeaseInfo
    from orch_proto.v1.lease_service_pb2 import ListLeasesRequest

    with client() as orch:
        wanted = find_flow_run(orch, run).flow_run_id if run else ""
        request = ListLeasesRequest(work_pool_name=pool or "", flow_run_id=wanted)
        found = list(orch.items(orch.leases.ListLeases, request, of=LeaseInfo))
        if not found and pool:
            check_filters(orch, pools=[pool])
    show_list(found, _COLUMNS, output=output, empty="Nobody holds a run.")
