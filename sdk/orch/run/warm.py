"""Imports all that a run needs, for a process that forks: its children begin their runs at once.

Importing it starts no thread and opens no connection, and reads neither settings nor environment: those are the
children's own. It says so to `orch.recording.recorder`, since children of a process that had *used* gRPC cannot use it.
"""

from importlib import import_module

from orch.recording.recorder import grpc_is_only_loaded

MODULES = (
    "asyncio",
    "concurrent.futures.thread",
    "inspect",
    "json",
    "orch.embedded",
    "orch.engine.calls",
    "orch.flows",
    "orch.logging.quiet",
    "orch.logging.setup",
    "orch.parameters.validation",
    "orch.recording.courier",
    "orch.recording.opening",
    "orch.recording.processes",
    "orch.recording.reading",
    # Sets what gRPC must find in the environment when it is imported.
    "orch.recording.remote",
    "orch.results.codec",
    "orch.run.carrying_out",
    "orch.run.deployed",
    "orch.run.entrypoint",
    "orch.run.parameters",
    "orch.run.ticket",
    "orch.run_names",
    "orch.runtime",
    "orch.task_runners",
    "orch.tasks",
    "orch.tracebacks",
    "orch_client.local_server",
    "orch_proto.v1.flow_run_service_pb2_grpc",
    "orch_proto.v1.lease_service_pb2_grpc",
    "orch_proto.v1.log_service_pb2_grpc",
    "orch_proto.v1.task_run_service_pb2_grpc",
    # What a typed parameter needs. It takes longer to import than all of the above.
    "pydantic",
    "pydantic.type_adapter",
    "random",
    "socket",
)

for _name in MODULES:
    import_module(_name)
grpc_is_only_loaded()
