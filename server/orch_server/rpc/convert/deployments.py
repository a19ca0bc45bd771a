"""Deployments and their versions."""

from orch_proto.v1 import deployment_pb2, deployment_service_pb2
from orch_server.application.deployment_rows import DeploymentFilter
from orch_server.application.deployments import DeploymentDraft
from orch_server.application.errors import InvalidArgument
from orch_server.application.etags import etag_of
from orch_server.domain.deployments import ConcurrencyPolicy, Deployment, DeploymentVersion
from orch_server.rpc.convert.basics import check_text, parse_enum, to_timestamp
from orch_server.rpc.convert.changes import Readers, to_fields
from orch_server.rpc.convert.findings import Findings
from orch_server.rpc.convert.launch import launch_spec_message, to_launch_spec
from orch_server.rpc.convert.limits import to_concurrency_limit, to_description, to_json_object
from orch_server.rpc.convert.names import LONGEST_NAME, check_name
from orch_server.rpc.convert.policies import (
    recovery_policy_message,
    retry_policy_message,
    to_recovery_policy,
    to_retry_policy,
)
from orch_server.rpc.convert.tags import to_tags

FIELD = "deployment"


def deployment_message(deployment: Deployment) -> deployment_pb2.Deployment:
    """A deployment on the wire."""
    return deployment_pb2.Deployment(
        deployment_id=str(deployment.id),
        flow_name=deployment.flow_name,
        name=deployment.name,
        description=deployment.description,
        tags=deployment.tags,
        paused=deployment.paused,
        work_pool_name=deployment.work_pool_name,
        work_queue_name=deployment.work_queue_name,
        parameters_json=deployment.parameters,
        parameter_schema_json=deployment.parameter_schema,
        launch_spec=launch_spec_message(deployment.launch_spec),
        concurrency_limit=deployment.concurrency_limit,
        concurrency_policy=deployment_pb2.ConcurrencyPolicy.ValueType(deployment.concurrency_policy),
        retry_policy=retry_policy_message(deployment.retry_policy),
        recovery_policy=recovery_policy_message(deployment.recovery_policy),
        version=deployment.current_version,
        create_time=to_timestamp(deployment.create_time),
        update_time=to_timestamp(deployment.update_time),
        etag=etag_of(deployment.version),
    )


def version_message(version: DeploymentVersion) -> deployment_pb2.DeploymentVersion:
    """A version on the wire."""
    return deployment_pb2.DeploymentVersion(
        deployment_id=str(version.deployment_id),
        version=version.number,
        launch_spec=launch_spec_message(version.launch_spec),
        create_time=to_timestamp(version.create_time),
        parameters_json=version.parameters,
        parameter_schema_json=version.parameter_schema,
    )


def _to_limit(message: deployment_pb2.Deployment) -> int | None:
    limit = message.concurrency_limit if message.HasField("concurrency_limit") else None
    return to_concurrency_limit(limit, f"{FIELD}.concurrency_limit")


def _to_policy(message: deployment_pb2.Deployment) -> ConcurrencyPolicy:
    field = f"{FIELD}.concurrency_policy"
    return parse_enum(message.concurrency_policy, ConcurrencyPolicy, field) or ConcurrencyPolicy.QUEUE


DEPLOYMENT_READERS: Readers[deployment_pb2.Deployment] = {
    "description": ("description", lambda d: to_description(d.description, f"{FIELD}.description")),
    "tags": ("tags", lambda d: to_tags(d.tags, f"{FIELD}.tags")),
    "paused": ("paused", lambda d: d.paused),
    "work_pool_name": (
        "work_pool_name",
        lambda d: check_name(d.work_pool_name, f"{FIELD}.work_pool_name", required=False),
    ),
    "work_queue_name": (
        "work_queue_name",
        lambda d: check_name(d.work_queue_name, f"{FIELD}.work_queue_name", required=False),
    ),
    "parameters_json": ("parameters", lambda d: to_json_object(d.parameters_json, f"{FIELD}.parameters_json")),
    "parameter_schema_json": (
        "parameter_schema",
        lambda d: to_json_object(d.parameter_schema_json, f"{FIELD}.parameter_schema_json"),
    ),
    "launch_spec": ("launch_spec", lambda d: to_launch_spec(d.launch_spec, f"{FIELD}.launch_spec")),
    "concurrency_limit": ("concurrency_limit", _to_limit),
    "concurrency_policy": ("concurrency_policy", _to_policy),
    "retry_policy": ("retry_policy", lambda d: to_retry_policy(d.retry_policy, f"{FIELD}.retry_policy")),
    "recovery_policy": (
        "recovery_policy",
        lambda d: to_recovery_policy(d.recovery_policy, f"{FIELD}.recovery_policy"),
    ),
}


def _to_own_name(name: str) -> str:
    check_name(name, f"{FIELD}.name")
    if "/" in name:
        raise InvalidArgument.of(f"{FIELD}.name", 'must not contain "/": people write flow/deployment.')
    return name


def to_deployment_draft(message: deployment_pb2.Deployment) -> DeploymentDraft:
    """A deployment to create. InvalidArgument names every wrong field."""
    with Findings() as findings:
        flow_name = findings.read(lambda: check_name(message.flow_name, f"{FIELD}.flow_name"), "")
        name = findings.read(lambda: _to_own_name(message.name), "")
        fields = to_fields(message, DEPLOYMENT_READERS, findings)
    return DeploymentDraft(flow_name=flow_name, name=name, **fields)


def to_deployment_filter(request: deployment_service_pb2.ListDeploymentsRequest) -> DeploymentFilter:
    """Which deployments to list."""
    return DeploymentFilter(
        flow_name=check_text(request.flow_name, "flow_name", longest=LONGEST_NAME),
        tags=to_tags(request.tags, "tags"),
        name_prefix=check_text(request.name_prefix, "name_prefix", longest=LONGEST_NAME),
    )
