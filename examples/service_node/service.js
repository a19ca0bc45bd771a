// A web service that has its work done by a deployment, with @grpc/grpc-js and the contract's .proto files.
//
//   ORCH_API_URL=http://127.0.0.1:4201 node service.js weather/report 8080
//
//   curl --data '{"csv": "/data/weather.csv"}' --header 'Idempotency-Key: order-17' localhost:8080/runs
//   {"run": "019ab…", "created": true}
//   curl localhost:8080/runs/019ab…
//   {"run": "019ab…", "state": "Completed", "message": "", "result": […]}
//
// POST creates a run; the same Idempotency-Key again answers with the same run, so that who got no answer may ask again.
// GET waits for the run's end, for a while: 200 with its result, 500 where it has no good end, 202 where it still runs.

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import path from "node:path";

import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const PROTO = process.env.ORCH_PROTO_DIR ?? path.join(import.meta.dirname, "../../proto");
const CALL_SECONDS = 5;
const PATIENCE_SECONDS = 20; // how long a control plane that is away is waited for
const WATCH_SECONDS = 25; // how long GET waits for the end of a run
const ENDED = new Set(["COMPLETED", "FAILED", "CANCELLED", "CRASHED"].map((type) => `STATE_TYPE_${type}`));
const { UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, INVALID_ARGUMENT, NOT_FOUND } = grpc.status;
const PASSING = new Set([UNAVAILABLE, DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED]);
const ANSWERS = { [INVALID_ARGUMENT]: 400, [NOT_FOUND]: 404, [UNAVAILABLE]: 503, [DEADLINE_EXCEEDED]: 503 };

const address = new URL(process.env.ORCH_API_URL ?? "http://127.0.0.1:4201");
const metadata = new grpc.Metadata();
if (process.env.ORCH_API_KEY) metadata.set("authorization", `Bearer ${process.env.ORCH_API_KEY}`);

function stub(file, name) {
  const definition = loader.loadSync(`orch_proto/v1/${file}.proto`, {
    includeDirs: [PROTO], longs: String, enums: String, defaults: true, oneofs: true,
  });
  const credentials =
    address.protocol === "https:" ? grpc.credentials.createSsl() : grpc.credentials.createInsecure();
  return new (grpc.loadPackageDefinition(definition).orch.v1[name])(address.host, credentials);
}

const deployments = stub("deployment_service", "DeploymentService");
const flowRuns = stub("flow_run_service", "FlowRunService");

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Makes a call, again where the control plane is away: every call here may be repeated. */
async function call(service, method, request) {
  const until = Date.now() + 1000 * PATIENCE_SECONDS;
  for (let delay = 100; ; delay = Math.min(2 * delay, 2000)) {
    const deadline = Date.now() + 1000 * CALL_SECONDS;
    try {
      return await new Promise((resolve, reject) => {
        service[method](request, metadata, { deadline }, (error, answer) => (error ? reject(error) : resolve(answer)));
      });
    } catch (error) {
      if (!PASSING.has(error.code) || Date.now() + delay > until) throw error;
    }
    await pause(delay);
  }
}

/** A run with these parameters, or the one that was made with the same key. */
async function create([flowName, name], parametersJson, idempotencyKey) {
  const { deployment } = await call(deployments, "GetDeployment", { flowName, name });
  const request = { deploymentId: deployment.deploymentId, parametersJson, idempotencyKey };
  return call(flowRuns, "CreateFlowRun", request);
}

/** A run at its end, or as it is after a while. */
async function awaited(flowRunId) {
  const deadline = Date.now() + 1000 * WATCH_SECONDS;
  let { flowRun } = await call(flowRuns, "GetFlowRun", { flowRunId });
  while (!ENDED.has(flowRun.state.type) && Date.now() < deadline) {
    const watch = flowRuns.WatchFlowRun({ flowRunId, afterVersion: flowRun.version }, metadata, { deadline });
    try {
      for await (const answer of watch) flowRun = answer.flowRun;
    } catch (error) {
      // Broken off: it goes on from the version that was seen last. Or the time is up.
      if (!PASSING.has(error.code)) throw error;
      await pause(200);
    }
  }
  return flowRun;
}

async function answer(request, body, deployment) {
  const [, page, run, more] = request.url.split("/");
  if (page === "runs" && request.method === "POST" && run === undefined) {
    // A caller without a key gets one for this call, so that at least our own repeats make no second run.
    const made = await create(deployment, body, request.headers["idempotency-key"] ?? randomUUID());
    return [202, { run: made.flowRun.flowRunId, created: made.created }];
  }
  if (page === "runs" && request.method === "GET" && run && more === undefined) return ended(await awaited(run));
  return [404, { error: "POST /runs, or GET /runs/ID" }];
}

function ended({ flowRunId, state, result }) {
  const content = { run: flowRunId, state: state.name, message: state.message };
  if (!ENDED.has(state.type)) return [202, content];
  if (state.type !== "STATE_TYPE_COMPLETED") return [500, content];
  const kept = result?.mediaType === "application/json" && result.data?.length > 0;
  return [200, { ...content, result: kept ? JSON.parse(result.data) : null }];
}

const [deployment, port = "8080"] = process.argv.slice(2);
if (!deployment?.includes("/")) {
  console.error("usage: node service.js FLOW/DEPLOYMENT [PORT]");
  process.exit(2);
}

const server = createServer(async (request, response) => {
  let body = "";
  for await (const chunk of request) body += chunk;
  const [status, content] = await answer(request, body, deployment.split("/")).catch((error) => [
    ANSWERS[error.code] ?? 502,
    { error: error.details ?? error.message },
  ]);
  response.writeHead(status, { "Content-Type": "application/json" }).end(`${JSON.stringify(content)}\n`);
});
server.listen(Number(port), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/runs`));

for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(0));
