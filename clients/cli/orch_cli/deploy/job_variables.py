"""Job variables, looked at before they are deployed: else the first run would tell that one is not known."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from orch.deployments.spec import DeploymentSpec
from orch_cli.failures import Wrong

if TYPE_CHECKING:
    from orch_client.client import Client

_CHECKED_TYPE = "process"
"""What other launchers know takes packages to find out that this machine need not have."""


def check_job_variables(orch: "Client", specs: Iterable[DeploymentSpec]) -> None:
    """Raises Wrong with all that no worker of a process pool would take. The pools are there."""
    problems = []
    types: dict[str, str] = {}
    for spec in specs:
        pool = spec.work_pool_name
        if spec.job_variables and pool not in types:
            types[pool] = _type_of(orch, pool)
        if types.get(pool) == _CHECKED_TYPE:
            problems += [f"{spec.label}: {text}" for text in _problems(spec)]
    if problems:
        raise Wrong("\n".join(["Nothing was deployed.", *problems]))


def _type_of(orch: "Client", pool: str) -> str:
    from orch_proto.v1.work_pool_service_pb2 import GetWorkPoolRequest

    return orch.work_pools.GetWorkPool(GetWorkPoolRequest(name=pool)).work_pool.type


def _problems(spec: DeploymentSpec) -> list[str]:
    from orch_worker.launchers.base import LaunchError
    from orch_worker.launchers.process.variables import parse_variables

    found = []
    for name, value in spec.job_variables.items():
        try:
            parse_variables({name: value})
        except LaunchError as error:
            found.append(str(error))
    return found
