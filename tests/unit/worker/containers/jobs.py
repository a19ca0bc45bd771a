"""Jobs for launchers of containers."""

from orch_proto.v1.flow_run_pb2 import FlowRun
from orch_proto.v1.launch_pb2 import LaunchSpec
from orch_worker.launchers.base import AttemptKey, Job

KEY = AttemptKey("01a2042f-f4c0-7000-b960-6c706621b8bc", 3)


def job(
    *command: str,
    parameters: str = "{}",
    pull_steps: str = "",
    environment: dict[str, str] | None = None,
    memo: str = "",
    **variables: object,
) -> Job:
    """Of a command; without one, of a Python flow."""
    spec = LaunchSpec(command=command, entrypoint="" if command else "etl.py:etl", pull_steps_json=pull_steps)
    run = FlowRun(flow_run_id=KEY.flow_run_id, parameters_json=parameters)
    ticket = {"ORCH_API_URL": "http://orch.example:4201", "ORCH_FLOW_RUN_ID": KEY.flow_run_id}
    return Job(KEY, run, spec, variables, ticket | (environment or {}), memo=memo)
