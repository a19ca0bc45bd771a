/** The same for many runs: several calls at a time, each told for itself. */
import { flowRuns } from "../api/clients";
import { errorText } from "../api/errors";
import { newRequestId } from "../api/requests";
import { isEnded } from "../api/states";
import type { FlowRun } from "../gen/orch_proto/v1/flow_run_pb";

const AT_A_TIME = 4;

/** What can be done with runs. */
export type BulkAction = {
  name: "cancel" | "retry" | "delete";
  label: string;
  done: string;
  warning: string;
  fits: (run: FlowRun) => boolean;
  call: (run: FlowRun) => Promise<unknown>;
};

export const BULK_ACTIONS: BulkAction[] = [
  {
    name: "cancel",
    label: "Cancel",
    done: "Asked to stop",
    warning:
      "Runs that wait are cancelled at once; those that go on are asked to stop, and are stopped after their grace.",
    fits: (run) => !isEnded(run.state),
    call: ({ flowRunId }) =>
      flowRuns.cancelFlowRun({ flowRunId, requestId: newRequestId(), reason: "Cancelled on the screen" }),
  },
  {
    name: "retry",
    label: "Retry",
    done: "Queued again",
    warning: "Each is queued for one more attempt.",
    fits: (run) => isEnded(run.state),
    call: ({ flowRunId }) => flowRuns.retryFlowRun({ flowRunId, requestId: newRequestId() }),
  },
  {
    name: "delete",
    label: "Delete",
    done: "Deleted",
    warning: "Their task runs and logs are deleted, too. This cannot be undone.",
    fits: (run) => isEnded(run.state),
    call: ({ flowRunId }) => flowRuns.deleteFlowRun({ flowRunId, requestId: newRequestId() }),
  },
];

/** "3 runs", "1 run". */
export const runCount = (count: number): string => `${count} ${count === 1 ? "run" : "runs"}`;

/** Does it to all, and answers how many it was done to, and why not to the others. */
export async function doToAll(
  action: BulkAction,
  runs: FlowRun[],
): Promise<{ done: number; failures: string[] }> {
  const waiting = [...runs];
  const failures: string[] = [];
  const work = async () => {
    for (let run = waiting.shift(); run; run = waiting.shift()) {
      try {
        await action.call(run);
      } catch (error) {
        failures.push(`${run.name}: ${errorText(error)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, work));
  return { done: runs.length - failures.length, failures };
}
