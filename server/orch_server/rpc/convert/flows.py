"""Flows."""

from orch_proto.v1 import flow_pb2
from orch_server.domain.flows import Flow
from orch_server.rpc.convert.basics import to_timestamp


def flow_message(flow: Flow) -> flow_pb2.Flow:
    """A flow on the wire."""
    return flow_pb2.Flow(flow_id=str(flow.id), name=flow.name, create_time=to_timestamp(flow.create_time))
