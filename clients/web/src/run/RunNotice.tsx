/** What people want to know first: why it failed, or why it does not begin. */
import { useQuery } from "@tanstack/react-query";
import { workers, workPools, workQueues } from "../api/clients";
import { plainText } from "../api/plainText";
import { isBad, stateWord } from "../api/states";
import { millis } from "../api/times";
import { Moment, useNow } from "../app/clock";
import { Link } from "../app/router";
import { Icon } from "../design/Icon";
import type { FlowRun } from "../gen/orch_proto/v1/flow_run_pb";
import type { State } from "../gen/orch_proto/v1/state_pb";
import { StateType } from "../gen/orch_proto/v1/state_pb";
import { WorkerStatus } from "../gen/orch_proto/v1/worker_pb";

/** The notice of a run, where there is something to notice. */
export function RunNotice({ run }: { run: FlowRun }) {
  if (run.state?.type === StateType.SCHEDULED) return <Waiting run={run} />;
  return <StateNotice state={run.state} />;
}

/** An error with its words and its stack; a message, where there is no error. */
export function StateNotice({ state }: { state: State | undefined }) {
  const failure = state?.failure;
  const text = failure?.type
    ? `${failure.type}${failure.message ? `: ${failure.message}` : ""}`
    : state?.message;
  if (!text) return null;
  return (
    <div className="notice" data-state={stateWord(state?.type)}>
      <Icon name={isBad(state) ? "warning" : "circle"} />
      <div>
        <strong>{plainText(text)}</strong>
        {failure?.type && state?.message && !state.message.includes(failure.message) && (
          <span>{plainText(state.message)}</span>
        )}
        {failure?.stackTrace && (
          <details>
            <summary>Traceback</summary>
            <pre className="json trace" tabIndex={0}>
              {plainText(failure.stackTrace)}
            </pre>
          </details>
        )}
      </div>
    </div>
  );
}

const CHECK_MS = 5000;

/** A run that does not begin: for later, or nobody to take it. */
function Waiting({ run }: { run: FlowRun }) {
  const now = useNow();
  const at = millis(run.scheduledTime) ?? 0;
  const isLater = at > now + 1000;
  const name = run.workPoolName;
  const checked = useQuery({
    queryKey: ["waiting", name, run.workQueueName],
    queryFn: () => whyWaiting(name, run.workQueueName),
    enabled: name !== "" && !isLater,
    refetchInterval: CHECK_MS,
  });
  return (
    <div className="notice" data-state={isLater ? "SCHEDULED" : "PENDING"}>
      <Icon name="schedule" />
      <div>
        <strong>
          {isLater ? "It begins at " : "It waits for a worker."}
          {isLater && <Moment time={at} />}
          {isLater && "."}
        </strong>
        {run.state?.message && <span>{plainText(run.state.message)}</span>}
        {checked.data && (
          <span>
            {checked.data} <Link to={`/pools/${encodeURIComponent(name)}`}>Look at the pool</Link>
          </span>
        )}
      </div>
    </div>
  );
}

async function whyWaiting(pool: string, queue: string): Promise<string> {
  const [{ workPool }, { workQueue }, served] = await Promise.all([
    workPools.getWorkPool({ name: pool }),
    workQueues.getWorkQueue({ workPoolName: pool, name: queue }),
    workers.listWorkers({ workPoolName: pool, pageSize: 1000 }),
  ]);
  if (workPool?.paused) return `The work pool ${pool} is paused: it starts nothing.`;
  if (workQueue?.paused) return `The work queue ${queue} is paused: it starts nothing.`;
  const online = served.workers.filter((worker) => worker.status === WorkerStatus.ONLINE);
  if (online.length === 0)
    return `No worker serves the work pool ${pool}. Start one: orch worker start --pool ${pool}`;
  return `${online.length} ${online.length === 1 ? "worker serves" : "workers serve"} the work pool ${pool}; they are busy, or a limit is reached.`;
}
