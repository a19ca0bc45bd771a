/** Every state that a run has had. */
import { useQuery } from "@tanstack/react-query";
import { flowRuns, taskRuns } from "../api/clients";
import { plainText } from "../api/plainText";
import { lengthText, millis } from "../api/times";
import { Moment } from "../app/clock";
import { Failed, Skeleton } from "../design/blocks";
import { StateBadge } from "../design/StateBadge";
import type { StateChange } from "../gen/orch_proto/v1/state_pb";

const MOST = 200;

/** The history of a flow run; `version` says when to read it again. */
export function RunStates({ flowRunId, version }: { flowRunId: string; version: bigint }) {
  const history = useQuery({
    queryKey: ["flow run states", flowRunId, String(version)],
    queryFn: () => flowRuns.listFlowRunStates({ flowRunId, pageSize: MOST }),
    placeholderData: (before) => before,
  });
  if (history.isPending) return <Skeleton lines={3} />;
  if (history.isError) return <Failed error={history.error} what="history" />;
  return <States changes={history.data.changes} more={history.data.nextPageToken !== ""} />;
}

/** The history of a task run. */
export function TaskStates({ taskRunId, version }: { taskRunId: string; version: bigint }) {
  const history = useQuery({
    queryKey: ["task run states", taskRunId, String(version)],
    queryFn: () => taskRuns.listTaskRunStates({ taskRunId, pageSize: MOST }),
    placeholderData: (before) => before,
  });
  if (history.isPending) return <Skeleton lines={3} />;
  if (history.isError) return <Failed error={history.error} what="history" />;
  return <States changes={history.data.changes} more={history.data.nextPageToken !== ""} />;
}

function States({ changes, more }: { changes: StateChange[]; more: boolean }) {
  return (
    <>
      <ol className="states">
        {changes.map((change, index) => {
          const at = millis(change.state?.stateTime);
          const next = millis(changes[index + 1]?.state?.stateTime);
          return (
            <li key={String(change.version)} data-state="">
              <div className="states-head">
                <StateBadge state={change.state} />
                <span className="muted numeric">
                  <Moment time={change.state?.stateTime} />
                  {at !== undefined && next !== undefined && `, for ${lengthText(next - at)}`}
                </span>
              </div>
              {change.state?.message && <p>{plainText(change.state.message)}</p>}
              {change.state?.failure?.type && !change.state.message.includes(change.state.failure.type) && (
                <p className="mono">
                  {plainText(`${change.state.failure.type}: ${change.state.failure.message}`)}
                </p>
              )}
            </li>
          );
        })}
      </ol>
      {more && <p className="muted">These are the first {MOST}.</p>}
    </>
  );
}
