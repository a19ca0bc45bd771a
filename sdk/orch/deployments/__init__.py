"""Deployments: flows and commands made ready to be run by workers.

    from orch.deployments import deploy, run_deployment, serve

    etl.deploy("nightly", work_pool_name="p", cron="0 2 * * *")
    deploy(etl.to_deployment("nightly"), report.to_deployment("weekly"), work_pool_name="p")
    run = run_deployment("etl/nightly", parameters={"day": "2026-11-22"})

One way for Python, `orch deploy` and orch.yaml: a `DeploymentSpec` each, `plan` compares them with the control plane,
`apply` carries the plan out. Importing this loads neither grpc nor protobuf.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orch.deployments.applying import Applied, apply
    from orch.deployments.deployed_run import DeployedRun
    from orch.deployments.deploying import deploy
    from orch.deployments.parameter_texts import parse_parameters, parse_value
    from orch.deployments.planning import Action, DeploymentChange, Plan, ScheduleChange, plan
    from orch.deployments.rolling_back import rollback
    from orch.deployments.running import arun_deployment, run_deployment
    from orch.deployments.serving import serve
    from orch.deployments.sources import Archive, GitRepository, LocalFolder, Requirements
    from orch.deployments.spec import DeploymentSpec

# Where each name lives.
_HOMES = {
    "Action": "planning",
    "Applied": "applying",
    "Archive": "sources",
    "DeployedRun": "deployed_run",
    "DeploymentChange": "planning",
    "DeploymentSpec": "spec",
    "GitRepository": "sources",
    "LocalFolder": "sources",
    "Plan": "planning",
    "Requirements": "sources",
    "ScheduleChange": "planning",
    "apply": "applying",
    "arun_deployment": "running",
    "deploy": "deploying",
    "parse_parameters": "parameter_texts",
    "parse_value": "parameter_texts",
    "plan": "planning",
    "rollback": "rolling_back",
    "run_deployment": "running",
    "serve": "serving",
}

__all__ = [
    "Action",
    "Applied",
    "Archive",
    "DeployedRun",
    "DeploymentChange",
    "DeploymentSpec",
    "GitRepository",
    "LocalFolder",
    "Plan",
    "Requirements",
    "ScheduleChange",
    "apply",
    "arun_deployment",
    "deploy",
    "parse_parameters",
    "parse_value",
    "plan",
    "rollback",
    "run_deployment",
    "serve",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
