/** The contract's services, as the control plane that serves this page has them. */
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { DeploymentService } from "../gen/orch_proto/v1/deployment_service_pb";
import { FlowRunService } from "../gen/orch_proto/v1/flow_run_service_pb";
import { FlowService } from "../gen/orch_proto/v1/flow_service_pb";
import { LeaseService } from "../gen/orch_proto/v1/lease_service_pb";
import { LogService } from "../gen/orch_proto/v1/log_service_pb";
import { ScheduleService } from "../gen/orch_proto/v1/schedule_service_pb";
import { ServerService } from "../gen/orch_proto/v1/server_service_pb";
import { TaskRunService } from "../gen/orch_proto/v1/task_run_service_pb";
import { WorkPoolService } from "../gen/orch_proto/v1/work_pool_service_pb";
import { WorkQueueService } from "../gen/orch_proto/v1/work_queue_service_pb";
import { WorkerService } from "../gen/orch_proto/v1/worker_service_pb";
import { reportConnection } from "./connection";

/**
 * Whether nobody answered but a proxy. A control plane that says UNAVAILABLE (503) or DEADLINE_EXCEEDED (504) says it in
 * JSON, and is there; one method that is slow is no lost connection.
 */
function isGatewaysWord({ status, headers }: Response): boolean {
  const isJson = headers.get("content-type")?.startsWith("application/json");
  return status === 502 || ((status === 503 || status === 504) && !isJson);
}

/** fetch, which tells apart "nobody answers" from "the answer is no", and sends people without a session to log in. */
const watchfulFetch: typeof fetch = async (input, init) => {
  let response: Response;
  try {
    response = await fetch(input, init);
  } catch (error) {
    if (init?.signal?.aborted) throw error;
    reportConnection(false);
    throw new ConnectError(
      "The control plane cannot be reached.",
      Code.Unavailable,
      undefined,
      undefined,
      error,
    );
  }
  reportConnection(!isGatewaysWord(response));
  if (response.status === 401) goToLogin();
  return response;
};

/** Leave for the login page, which leads back here. */
export function goToLogin(): void {
  const next = window.location.pathname + window.location.search;
  window.location.assign(`/login?next=${encodeURIComponent(next)}`);
}

const transport = createConnectTransport({
  baseUrl: window.location.origin,
  useBinaryFormat: true,
  fetch: watchfulFetch,
  defaultTimeoutMs: 30_000,
});

// A stream may last as long as its run.
const streams = createConnectTransport({
  baseUrl: window.location.origin,
  useBinaryFormat: true,
  fetch: watchfulFetch,
});

export const deployments = createClient(DeploymentService, transport);
export const flowRuns = createClient(FlowRunService, transport);
export const flows = createClient(FlowService, transport);
export const leases = createClient(LeaseService, transport);
export const logs = createClient(LogService, transport);
export const logStreams = createClient(LogService, streams);
export const schedules = createClient(ScheduleService, transport);
export const server = createClient(ServerService, transport);
export const taskRuns = createClient(TaskRunService, transport);
export const workPools = createClient(WorkPoolService, transport);
export const workQueues = createClient(WorkQueueService, transport);
export const workers = createClient(WorkerService, transport);
