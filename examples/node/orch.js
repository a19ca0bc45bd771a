// What a Node program needs to speak for its run: the ticket in its environment, and two calls of the contract.
//
// A worker starts the program, keeps the run's lease, ships what it prints, and makes its exit code the run's state.
// What only the program can tell, it tells itself: its task runs (TaskRunService) and their log lines (LogService).
// Both calls name the fencing token of the ticket. An answer LOST says that somebody else has the run by now: stop.

import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const PROTO = process.env.ORCH_PROTO_DIR ?? path.join(import.meta.dirname, "../../proto");
const CALL_SECONDS = 10;
const STREAM = "node"; // the name of this program's own log stream
const PASSING = new Set([grpc.status.UNAVAILABLE, grpc.status.DEADLINE_EXCEEDED, grpc.status.RESOURCE_EXHAUSTED]);

const environment = process.env;
const ticket = { flowRunId: environment.ORCH_FLOW_RUN_ID, token: environment.ORCH_LEASE_TOKEN };

/** The run's parameters, an object. Large ones come in a file. */
export const parameters = JSON.parse(
  environment.ORCH_PARAMETERS_FILE
    ? readFileSync(environment.ORCH_PARAMETERS_FILE, "utf8")
    : environment.ORCH_PARAMETERS || "{}",
);

/** The run's result: what is left in ORCH_RESULT_FILE as JSON. */
export function result(value) {
  if (environment.ORCH_RESULT_FILE) writeFileSync(environment.ORCH_RESULT_FILE, JSON.stringify(value));
}

/** A stub for a service of the contract, whose calls answer with promises, and are repeated while nobody is there. */
export function service(name) {
  const file = name.replace(/(?<!^)[A-Z]/g, "_$&").toLowerCase(); // TaskRunService: task_run_service.proto
  const definition = loader.loadSync(`orch_proto/v1/${file}.proto`, {
    includeDirs: [PROTO], longs: String, enums: String, defaults: true, oneofs: true,
  });
  const address = new URL(environment.ORCH_API_URL);
  const stub = new (grpc.loadPackageDefinition(definition).orch.v1[name])(address.host, credentials(address));
  return (method, request) => patiently(() => call(stub, method, request));
}

function credentials(address) {
  if (address.protocol !== "https:") return grpc.credentials.createInsecure();
  const [ca, key, certificate] = ["CA", "KEY", "CERT"]
    .map((kind) => environment[`ORCH_TLS_${kind}_FILE`])
    .map((file) => (file ? readFileSync(file) : null));
  return grpc.credentials.createSsl(ca, key, certificate);
}

function call(stub, method, request) {
  const metadata = new grpc.Metadata();
  if (environment.ORCH_API_KEY) metadata.set("authorization", `Bearer ${environment.ORCH_API_KEY}`);
  const deadline = Date.now() + 1000 * CALL_SECONDS;
  return new Promise((resolve, reject) => {
    stub[method](request, metadata, { deadline }, (error, answer) => (error ? reject(error) : resolve(answer)));
  });
}

/** Every call of the contract may be repeated: where the control plane is away, wait for it. */
async function patiently(attempt) {
  for (let delay = 100; ; delay = Math.min(2 * delay, 5000)) {
    try {
      return await attempt();
    } catch (error) {
      if (!PASSING.has(error.code)) throw error;
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }
}

const taskRuns = service("TaskRunService");
const logs = service("LogService");
const open = new Set(); // task runs that have not ended

/**
 * Runs a function as a task of this run: its states, its log lines and its failure are seen by everybody.
 *
 * The function is given `log(text, level = "INFO")`. `after` are tasks whose results it works on. The promise has
 * `id`, to be named in the `after` of others.
 */
export function task(name, action, { after = [] } = {}) {
  const run = new TaskRun(name, after.map((each) => each.id));
  const promise = run.follow(action);
  promise.id = run.id;
  return promise;
}

/** The values of several tasks. Unlike Promise.all it lets all of them end before it throws what the first one threw. */
export async function all(tasks) {
  await Promise.allSettled(tasks);
  return Promise.all(tasks);
}

class TaskRun {
  constructor(name, upstream) {
    this.id = uuid7();
    this.fixed = {
      taskRunId: this.id, flowRunId: ticket.flowRunId, name, taskKey: name, dynamicKey: this.id,
      attempt: 1, upstreamTaskRunIds: upstream, createTime: timestamp(),
    };
    this.version = 0;
  }

  async follow(action) {
    open.add(this);
    try {
      this.fixed.startTime = timestamp();
      await this.report({ type: "STATE_TYPE_RUNNING" });
      const value = await action((text, level) => log(this.id, text, level));
      await this.end({ type: "STATE_TYPE_COMPLETED" }, value);
      return value;
    } catch (error) {
      const failure = { type: error.name, message: error.message, stackTrace: error.stack };
      if (open.has(this)) await this.end({ type: "STATE_TYPE_FAILED", message: error.message, failure });
      throw error;
    }
  }

  async end(state, value) {
    open.delete(this);
    this.fixed.endTime = timestamp();
    const data = value === undefined ? null : Buffer.from(JSON.stringify(value));
    const kept = data && data.length <= 65536 ? { data, mediaType: "application/json", sizeBytes: data.length } : null;
    await this.report(state, kept);
  }

  async report(state, kept = null) {
    this.version += 1;
    const now = { ...state, stateTime: timestamp() };
    const report = {
      taskRun: { ...this.fixed, state: now, version: this.version, result: kept },
      changes: [{ version: this.version, state: now, token: ticket.token }],
    };
    const { verdict } = await taskRuns("ReportTaskRuns", { ...ticket, reports: [report] });
    if (verdict === "REPORT_VERDICT_LOST") throw new Error("the run is somebody else's by now");
  }
}

let appended = null; // resolves to the offset of the next line; also the queue in which lines wait for each other

function log(taskRunId, message, level = "INFO") {
  const record = { time: timestamp(), level: `LOG_LEVEL_${level}`, logger: "node", message, taskRunId };
  // An earlier attempt may have written to the stream: go on where it ends.
  appended ??= logs("GetLogOffset", { flowRunId: ticket.flowRunId, stream: STREAM }).then(({ offset }) => offset);
  appended = appended.then(async (offset) => {
    const request = { ...ticket, stream: STREAM, offset, records: [record] };
    return (await logs("AppendLogs", request)).committedOffset;
  });
  return appended;
}

// A worker that stops the run sends SIGTERM, and waits a moment before it sends SIGKILL.
process.once("SIGTERM", async () => {
  const stopped = { type: "STATE_TYPE_CANCELLED", message: "The run was stopped." };
  await Promise.allSettled([...open].map((run) => run.end(stopped)));
  process.exit(143);
});

/** A UUID of version 7: the time in milliseconds, then chance. Such ids sort by creation. */
function uuid7() {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(Date.now(), 0, 6);
  bytes[6] = 0x70 | (bytes[6] & 0x0f);
  bytes[8] = 0x80 | (bytes[8] & 0x3f);
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

function timestamp() {
  const now = Date.now();
  return { seconds: Math.floor(now / 1000), nanos: (now % 1000) * 1e6 };
}
