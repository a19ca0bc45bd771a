"""The control plane inside a user's process: the same use cases over the same SQLite, without a socket or grpc.

    plane = await open_embedded(Path.home() / ".orch")
    answer = await plane.start_flow_run(StartFlowRunRequest(...))
    await plane.close()

Requests and answers are the contract's messages, errors those of `orch_client.errors`, as over gRPC. Any number of
processes may have a home open at once, servers among them.

A plane belongs to the event loop that opened it, and to its process: a forked child must open its own, and must not
use, nor close, what it inherits.
"""

from orch_server.collector import loading

with loading():
    from orch_server.embedded.opening import open_embedded
    from orch_server.embedded.plane import EmbeddedPlane

__all__ = ["EmbeddedPlane", "open_embedded"]
