"""Deploys from Python: plan, apply, and say what was done."""

import sys
from dataclasses import replace

from orch.deployments.connecting import BRIEFLY, open_client
from orch.deployments.spec import DeploymentSpec
from orch.errors import ConfigurationError


def deploy(*deployments: DeploymentSpec, work_pool_name: str | None = None, print_next_steps: bool = True) -> list[str]:
    """Deploy what `flow.to_deployment` gives, all to one control plane. Returns their ids.

    `work_pool_name`: for those that name none. Says on standard error what was done, and what to do next, unless
    `print_next_steps` is False. Raises DeploymentError for what is wrong or refused, before or while it is written;
    errors of `orch_client` where the control plane cannot be reached.
    """
    from orch.deployments.applying import apply
    from orch.deployments.planning import plan
    from orch.deployments.spec import DEFAULT

    for each in deployments:
        if not isinstance(each, DeploymentSpec):
            raise ConfigurationError(f"deploy() takes deployments, not {each!r}: write my_flow.to_deployment(name, …).")
    specs = [
        replace(each, work_pool_name=work_pool_name) if work_pool_name and each.work_pool_name == DEFAULT else each
        for each in deployments
    ]
    with open_client(attempts=BRIEFLY) as client:
        planned = plan(client, specs)
        applied = apply(client, planned)
    if print_next_steps:
        for change, done in zip(planned.deployments, applied, strict=True):
            what = "is unchanged" if change.is_empty else f"is deployed, version {done.version}"
            pool = change.spec.work_pool_name
            sys.stderr.write(
                f"{done.slug} {what}. Workers of the pool {pool!r} run it: orch worker start --pool {pool}\n"
                f"Run it: orch run '{done.slug}'\n"
            )
    return [each.deployment_id for each in applied]
