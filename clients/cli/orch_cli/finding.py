"""Things by what people call them: ids and the beginnings of ids, run names, "flow/deployment"."""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from orch_cli.failures import NotFound, Wrong
from orch_cli.output import one_line

if TYPE_CHECKING:
    from orch_client.client import Client
    from orch_proto.v1.deployment_pb2 import Deployment
    from orch_proto.v1.flow_pb2 import Flow
    from orch_proto.v1.flow_run_pb2 import FlowRun
    from orch_proto.v1.flow_run_service_pb2 import FlowRunFilter

T = TypeVar("T")

_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_PREFIX = re.compile(r"[0-9a-f]{8}(-[0-9a-f-]*)?")
_SKEW = timedelta(minutes=5)
"""How far the clock that made an id may be from the one that wrote the time of creation."""
_CANDIDATES = 10


def is_id(text: str) -> bool:
    """Whether this is a whole UUID."""
    return bool(_UUID.fullmatch(text.strip().lower()))


def find_flow_run(client: "Client", text: str) -> "FlowRun":
    """A flow run by its id, the beginning of its id (8 characters or more), or its name.

    Raises NotFound, or Wrong where several are meant.
    """
    wanted = text.strip()
    if is_id(wanted):
        return _run_by_id(client, wanted.lower())
    found = _runs_by_name(client, wanted) or _runs_by_prefix(client, wanted.lower())
    if not found:
        raise NotFound(f"There is no flow run {text!r}. `orch flow-run ls` lists the newest.")
    return only(found, text, "flow run", lambda run: f"{run.flow_run_id}  {run.name} ({run.flow_name})")


def _run_by_id(client: "Client", flow_run_id: str) -> "FlowRun":
    from orch_client.errors import NotFoundError
    from orch_proto.v1.flow_run_service_pb2 import GetFlowRunRequest

    try:
        return client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=flow_run_id)).flow_run
    except NotFoundError:
        raise NotFound(
            f"There is no flow run {flow_run_id}: it was deleted, or another control plane has it"
            f" (this is {client.settings.url})."
        ) from None


def _runs_by_name(client: "Client", name: str) -> "list[FlowRun]":
    from orch_proto.v1.flow_run_service_pb2 import FlowRunFilter

    return [run for run in _runs(client, FlowRunFilter(name_prefix=name)) if run.name == name]


def _runs_by_prefix(client: "Client", prefix: str) -> "list[FlowRun]":
    """Ids begin with the time at which they were made: a beginning says when to look."""
    from orch_cli.filters import timestamp
    from orch_proto.v1.flow_run_service_pb2 import FlowRunFilter

    if not _PREFIX.fullmatch(prefix):
        return []
    digits = prefix.replace("-", "")[:12]
    try:
        first = datetime.fromtimestamp(int(digits.ljust(12, "0"), 16) / 1000, UTC) - _SKEW
        last = datetime.fromtimestamp(int(digits.ljust(12, "f"), 16) / 1000, UTC) + _SKEW
    except (ValueError, OverflowError, OSError):
        return []
    if last.year > 9000:
        return []
    period = FlowRunFilter(create_time_from=timestamp(first), create_time_to=timestamp(last))
    return [run for run in _runs(client, period, limit=None) if run.flow_run_id.startswith(prefix)]


def _runs(client: "Client", chosen: "FlowRunFilter", limit: int | None = 1000) -> "Iterable[FlowRun]":
    from orch_proto.v1.flow_run_pb2 import FlowRun
    from orch_proto.v1.flow_run_service_pb2 import ListFlowRunsRequest

    request = ListFlowRunsRequest(filter=chosen, page_size=1000)
    return islice(client.items(client.flow_runs.ListFlowRuns, request, of=FlowRun), limit)


def find_deployment(client: "Client", text: str) -> "Deployment":
    """A deployment by its id, as "flow/deployment", or by its own name where one flow alone has it.

    Raises NotFound, which says what there is, or Wrong where several are meant.
    """
    from orch_proto.v1.deployment_pb2 import Deployment
    from orch_proto.v1.deployment_service_pb2 import ListDeploymentsRequest

    wanted = text.strip()
    if is_id(wanted) or "/" in wanted:
        found = deployment_by_key(client, wanted)
        if found is not None:
            return found
    everything = list(client.items(client.deployments.ListDeployments, ListDeploymentsRequest(), of=Deployment))
    named = [each for each in everything if each.name == wanted]
    if not named:
        known = [deployment_key(each) for each in everything]
        raise NotFound(
            f"There is no deployment {text!r}.{_nearest(wanted, known, [each.name for each in everything])}"
            " `orch deployment ls` lists them, `orch deploy` makes one."
        )
    return only(named, text, "deployment", deployment_key)


def deployment_by_key(client: "Client", text: str) -> "Deployment | None":
    """A deployment by its id or as "flow/deployment"; None where there is none."""
    from orch_client.errors import NotFoundError
    from orch_proto.v1.deployment_service_pb2 import GetDeploymentRequest

    flow, _, name = text.rpartition("/")
    request = (
        GetDeploymentRequest(deployment_id=text.lower())
        if is_id(text)
        else GetDeploymentRequest(flow_name=flow, name=name)
    )
    try:
        return client.deployments.GetDeployment(request).deployment
    except NotFoundError:
        return None


def deployment_key(deployment: "Deployment") -> str:
    """As people name it: "flow/deployment"."""
    return f"{deployment.flow_name}/{deployment.name}"


def find_flow(client: "Client", text: str) -> "Flow":
    """A flow by its name or id. Raises NotFound, which says what looks like it."""
    from orch_client.errors import NotFoundError
    from orch_proto.v1.flow_pb2 import Flow
    from orch_proto.v1.flow_service_pb2 import GetFlowRequest, ListFlowsRequest

    wanted = text.strip()
    try:
        return client.flows.GetFlow(GetFlowRequest(name=wanted)).flow
    except NotFoundError:
        if is_id(wanted):
            return client.flows.GetFlow(GetFlowRequest(flow_id=wanted.lower())).flow
    known = [each.name for each in client.items(client.flows.ListFlows, ListFlowsRequest(), of=Flow)]
    raise NotFound(f"There is no flow {text!r}.{_nearest(wanted, known)} `orch flow ls` lists them.")


def check_filters(client: "Client", *, flows: Iterable[str] = (), pools: Iterable[str] = ()) -> None:
    """What a list was restricted to, looked at where nothing was found. Raises NotFound for what is not there.

    Not before: runs outlive their work pool.
    """
    from orch_proto.v1.work_pool_service_pb2 import GetWorkPoolRequest

    for flow in flows:
        find_flow(client, flow)
    for pool in pools:
        client.work_pools.GetWorkPool(GetWorkPoolRequest(name=pool))


def suggestion(wanted: str, known: Iterable[str]) -> str:
    """ " Did you mean 'x' or 'y'?", with a space before it; empty where nothing is like it."""
    return _nearest(wanted, list(known))


def _nearest(wanted: str, *names: Sequence[str]) -> str:
    near = [each for known in names for each in get_close_matches(wanted, known, n=3, cutoff=0.6)]
    shown = list(dict.fromkeys(near))[:3]
    return f" Did you mean {' or '.join(map(repr, shown))}?" if shown else ""


def only(found: Sequence[T], text: str, what: str, line: Callable[[T], str]) -> T:
    """The one thing that was found. Raises Wrong, with a line for each, where there are several."""
    if len(found) == 1:
        return found[0]
    listed = "\n".join(f"  {one_line(line(each))}" for each in found[:_CANDIDATES])
    more = f"\n  and {len(found) - _CANDIDATES} more" if len(found) > _CANDIDATES else ""
    raise Wrong(f"{text!r} may be any of {len(found)} {what}s; name one of them:\n{listed}{more}")
