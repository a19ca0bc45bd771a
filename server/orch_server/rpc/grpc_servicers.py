"""The servicers as grpc takes them: over the generated bases, which answer UNIMPLEMENTED for what is missing.

Apart from the servicers themselves, so that these can be used without grpc.
"""

from orch_proto.v1.deployment_service_pb2_grpc import DeploymentServiceServicer
from orch_proto.v1.flow_run_service_pb2_grpc import FlowRunServiceServicer
from orch_proto.v1.flow_service_pb2_grpc import FlowServiceServicer
from orch_proto.v1.lease_service_pb2_grpc import LeaseServiceServicer
from orch_proto.v1.log_service_pb2_grpc import LogServiceServicer
from orch_proto.v1.schedule_service_pb2_grpc import ScheduleServiceServicer
from orch_proto.v1.server_service_pb2_grpc import ServerServiceServicer
from orch_proto.v1.task_run_service_pb2_grpc import TaskRunServiceServicer
from orch_proto.v1.work_pool_service_pb2_grpc import WorkPoolServiceServicer
from orch_proto.v1.work_queue_service_pb2_grpc import WorkQueueServiceServicer
from orch_proto.v1.worker_service_pb2_grpc import WorkerServiceServicer
from orch_server.rpc.deployment_service import DeploymentServicer
from orch_server.rpc.flow_run_service import FlowRunServicer
from orch_server.rpc.flow_service import FlowServicer
from orch_server.rpc.lease_service import LeaseServicer
from orch_server.rpc.log_service import LogServicer
from orch_server.rpc.schedule_service import ScheduleServicer
from orch_server.rpc.server_service import ServerServicer
from orch_server.rpc.task_run_service import TaskRunServicer
from orch_server.rpc.work_pool_service import WorkPoolServicer
from orch_server.rpc.work_queue_service import WorkQueueServicer
from orch_server.rpc.worker_service import WorkerServicer


class GrpcServerServicer(ServerServicer, ServerServiceServicer):
    """What this control plane is."""


class GrpcFlowServicer(FlowServicer, FlowServiceServicer):
    """Flows."""


class GrpcFlowRunServicer(FlowRunServicer, FlowRunServiceServicer):
    """Flow runs."""


class GrpcTaskRunServicer(TaskRunServicer, TaskRunServiceServicer):
    """Task runs."""


class GrpcDeploymentServicer(DeploymentServicer, DeploymentServiceServicer):
    """Deployments."""


class GrpcScheduleServicer(ScheduleServicer, ScheduleServiceServicer):
    """Schedules."""


class GrpcWorkPoolServicer(WorkPoolServicer, WorkPoolServiceServicer):
    """Work pools."""


class GrpcWorkQueueServicer(WorkQueueServicer, WorkQueueServiceServicer):
    """Work queues."""


class GrpcWorkerServicer(WorkerServicer, WorkerServiceServicer):
    """Workers' sessions."""


class GrpcLeaseServicer(LeaseServicer, LeaseServiceServicer):
    """The worker protocol."""


class GrpcLogServicer(LogServicer, LogServiceServicer):
    """Logs."""
