"""What tests of the command share: names, a schema, and runs that have ended."""

import json
from itertools import count

from orch_client import Client
from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.flow_run_service_pb2 import GetFlowRunRequest
from tests.e2e.held_runs import HeldRun, Holder
from tests.e2e.orch_command import Orch

_pools = count()
SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {"zip": {"type": "string"}, "limit": {"type": "integer"}},
        "additionalProperties": False,
    }
)
"""Of parameters."""


def new_pool() -> str:
    """The name of a pool that nobody else uses."""
    return f"pool-{next(_pools)}"


def get(client: Client, run_id: str) -> FlowRun:
    """The run as it stands."""
    return client.flow_runs.GetFlowRun(GetFlowRunRequest(flow_run_id=run_id)).flow_run


def ran(orch: Orch, holder: Holder, *options: str, end: str = "COMPLETED", result: str | None = None) -> HeldRun:
    """A run that has ended."""
    assert orch("run", holder.key, *options).code == 0
    held = holder.takes()
    held.becomes("RUNNING")
    held.becomes(end, result=result)
    return held
