"""`orch run DEPLOYMENT`: a run for workers."""

import json
from typing import TYPE_CHECKING

from orch_cli.connection import client
from orch_cli.filters import pairs, timestamp
from orch_cli.finding import deployment_key, find_deployment
from orch_cli.output import Format, clean, document, note, plain, say
from orch_cli.parameters import read_parameters
from orch_cli.watch.lines import check_lines_format

if TYPE_CHECKING:
    from orch_cli.run import RunOptions
    from orch_client.client import Client
    from orch_proto.v1.deployment_pb2 import Deployment
    from orch_proto.v1.flow_run_pb2 import FlowRun
    from orch_proto.v1.flow_run_service_pb2 import CreateFlowRunRequest


def run_deployed(target: str, options: "RunOptions") -> None:
    """Create a run of a deployment and, where asked, follow it to its end."""
    if options.watch:
        check_lines_format(options.output)
    with client() as orch:
        deployment = find_deployment(orch, target)
        answer = orch.flow_runs.CreateFlowRun(_request(deployment, options))
        run = answer.flow_run
        if not answer.created:
            note(f"The idempotency key {options.idempotency_key!r} has a run already: this is it.")
        if options.watch:
            _watch(orch, run, deployment, options.output)
        else:
            _tell(run, deployment, options.output, created=answer.created)


def _request(deployment: "Deployment", options: "RunOptions") -> "CreateFlowRunRequest":
    from orch_proto.v1.flow_run_service_pb2 import CreateFlowRunRequest

    parameters = read_parameters(options.params, options.params_file, schema_json=deployment.parameter_schema_json)
    variables = read_values(options.job_variables, "--job-variable")
    return CreateFlowRunRequest(
        deployment_id=deployment.deployment_id,
        name=options.name,
        parameters_json=json.dumps(parameters) if parameters else "",
        tags=options.tags,
        idempotency_key=options.idempotency_key,
        scheduled_time=timestamp(options.scheduled_time) if options.scheduled_time else None,
        work_pool_name=options.pool,
        work_queue_name=options.queue,
        job_variables_json=json.dumps(variables) if variables else "",
    )


def read_values(texts: tuple[str, ...], what: str) -> dict[str, object]:
    """NAME=VALUE texts whose values are JSON, or else texts. Raises Wrong that names the option by `what`."""
    from orch.deployments.parameter_texts import parse_value

    return {name: parse_value(text) for name, text in pairs(texts, what).items()}


def _watch(orch: "Client", run: "FlowRun", deployment: "Deployment", output: Format) -> None:
    from orch_cli.watch.position import LogPosition
    from orch_cli.watch.session import watch_to_end

    note(f"Flow run {clean(run.name)!r} of {deployment_key(deployment)}: {run.flow_run_id}")
    watch_to_end(orch, run.flow_run_id, output=output, position=LogPosition())


def _tell(run: "FlowRun", deployment: "Deployment", output: Format, *, created: bool) -> None:
    if output is Format.ID:
        say(run.flow_run_id)
    elif output is not Format.TABLE:
        say(document(plain(run), output))
    else:
        what = "Created flow run" if created else "Flow run"
        say(f"{what} {clean(run.name)!r} of {deployment_key(deployment)}: {run.flow_run_id}")
        note(f"Follow it with `orch flow-run watch {run.flow_run_id}`.")
