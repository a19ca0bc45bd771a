/** The selected task run, beside the timeline. */
import { useState } from "react";
import { Length, Moment } from "../app/clock";
import { Link } from "../app/router";
import { Button } from "../design/Button";
import { Card, Fact, Tags } from "../design/blocks";
import { StateBadge } from "../design/StateBadge";
import type { FlowRun } from "../gen/orch_proto/v1/flow_run_pb";
import type { TaskRun } from "../gen/orch_proto/v1/task_run_pb";
import { canRetry, noRetryReason, RetryDialog } from "./RunActions";
import { StateNotice } from "./RunNotice";
import { TaskStates } from "./StateHistory";

type TaskPanelProps = {
  run: FlowRun;
  task: TaskRun;
  onClose: () => void;
  onLog: () => void;
  onRerun: () => void;
};

/** What it is, how it went, and what can be done from here. */
export function TaskPanel({ run, task, onClose, onLog, onRerun }: TaskPanelProps) {
  const [asked, setAsked] = useState(false);
  return (
    <Card
      title={task.name}
      padded
      actions={
        <Button kind="quiet" size="small" icon="close" aria-label="Close the task" onClick={onClose} />
      }
    >
      <div className="stack">
        <div className="field-row">
          <StateBadge state={task.state} />
          {task.superseded && <span className="tag">superseded by a rerun</span>}
          <Tags tags={task.tags} />
        </div>
        <StateNotice state={task.state} />
        <dl className="facts">
          <Fact label="Began">
            <Moment time={task.startTime} />
          </Fact>
          <Fact label="Took">
            <Length from={task.startTime} to={task.endTime} />
          </Fact>
          <Fact label="Attempt">{task.attempt || "–"}</Fact>
          <Fact label="Waited for">{task.upstreamTaskRunIds.length || "no task"}</Fact>
        </dl>
        <div className="field-row">
          <Button size="small" onClick={onLog}>
            Its log only
          </Button>
          <Button
            size="small"
            icon="retry"
            disabled={!canRetry(run)}
            title={noRetryReason(run)}
            onClick={() => setAsked(true)}
          >
            Rerun from here
          </Button>
          <Link to={`/task-runs/${task.taskRunId}`}>All of it</Link>
          {task.childFlowRunId && <Link to={`/runs/${task.childFlowRunId}`}>Open the subflow</Link>}
        </div>
        <TaskStates taskRunId={task.taskRunId} version={task.version} />
      </div>
      {asked && <RetryDialog run={run} from={task} onClose={() => setAsked(false)} onDone={onRerun} />}
    </Card>
  );
}
