/** One task run: how it went, what it said, what it returned. */
import { useQuery } from "@tanstack/react-query";
import { flowRuns, taskRuns } from "../api/clients";
import { isEnded } from "../api/states";
import { Length, Moment } from "../app/clock";
import type { PageProps } from "../app/router";
import { Link } from "../app/router";
import { Card, Fact, Failed, PageHead, Skeleton, Tags } from "../design/blocks";
import { StateBadge } from "../design/StateBadge";
import type { TaskRun } from "../gen/orch_proto/v1/task_run_pb";
import { LogCard } from "../run/LogCard";
import { ResultView } from "../run/ResultView";
import { StateNotice } from "../run/RunNotice";
import { TaskStates } from "../run/StateHistory";
import "../run/run.css";

const LIVE_MS = 1500;

async function loadTask(taskRunId: string) {
  const { taskRun } = await taskRuns.getTaskRun({ taskRunId });
  const { flowRun } = await flowRuns.getFlowRun({ flowRunId: taskRun?.flowRunId ?? "" });
  return { taskRun, flowRun };
}

/** The page of a task run. */
export default function TaskRunPage({ params }: PageProps) {
  const taskRunId = params.id ?? "";
  const found = useQuery({
    queryKey: ["task run", taskRunId],
    queryFn: () => loadTask(taskRunId),
    refetchInterval: (query) => (isEnded(query.state.data?.taskRun?.state) ? false : LIVE_MS),
  });
  const task = found.data?.taskRun;
  const run = found.data?.flowRun;
  if (!task || !run) {
    return (
      <div className="page">
        <PageHead title="Task run" crumbs={[{ label: "Runs", to: "/runs" }]} />
        {found.isError ? (
          <Failed error={found.error} what="task run" again={() => void found.refetch()} />
        ) : (
          <Skeleton lines={6} />
        )}
      </div>
    );
  }
  return (
    <div className="page">
      <PageHead
        title={task.name}
        crumbs={[
          { label: "Runs", to: "/runs" },
          { label: run.name, to: `/runs/${run.flowRunId}?task=${task.taskRunId}` },
        ]}
        beside={<StateBadge state={task.state} />}
      />
      <StateNotice state={task.state} />
      <div className="run-grid">
        <div className="run-main">
          <TaskFacts task={task} />
          <LogCard
            flowRunId={run.flowRunId}
            runName={`${run.name}_${task.name}`}
            taskRunId={task.taskRunId}
            taskName={() => task.name}
            attempt={run.attempt}
          />
        </div>
        <aside className="run-side" aria-label="Details">
          <Card title="States" padded>
            <TaskStates taskRunId={task.taskRunId} version={task.version} />
          </Card>
          <Card title="Result" padded>
            <ResultView result={task.result} />
          </Card>
          {task.upstreamTaskRunIds.length > 0 && <Upstream ids={task.upstreamTaskRunIds} />}
        </aside>
      </div>
    </div>
  );
}

function TaskFacts({ task }: { task: TaskRun }) {
  return (
    <Card title="Task run" padded>
      <dl className="facts">
        <Fact label="Task">{task.taskKey}</Fact>
        <Fact label="Call">{task.dynamicKey}</Fact>
        <Fact label="Attempt">{task.attempt || "–"}</Fact>
        <Fact label="Created">
          <Moment time={task.createTime} />
        </Fact>
        <Fact label="Began">
          <Moment time={task.startTime} />
        </Fact>
        <Fact label="Took">
          <Length from={task.startTime} to={task.endTime} />
        </Fact>
        {task.cacheKey && (
          <Fact label="Cache key" wide>
            <code>{task.cacheKey}</code>
          </Fact>
        )}
        {task.childFlowRunId && (
          <Fact label="Subflow">
            <Link to={`/runs/${task.childFlowRunId}`}>Open</Link>
          </Fact>
        )}
        {task.tags.length > 0 && (
          <Fact label="Tags">
            <Tags tags={task.tags} />
          </Fact>
        )}
        {task.superseded && (
          <Fact label="Superseded">A rerun began at it or before it: its result is history.</Fact>
        )}
        <Fact label="Id" wide>
          <code>{task.taskRunId}</code>
        </Fact>
      </dl>
    </Card>
  );
}

const SHOWN = 20;

function Upstream({ ids }: { ids: string[] }) {
  const found = useQuery({
    queryKey: ["upstream", ids.slice(0, SHOWN).join()],
    queryFn: () => Promise.all(ids.slice(0, SHOWN).map((taskRunId) => taskRuns.getTaskRun({ taskRunId }))),
  });
  return (
    <Card title="Waited for">
      <ul className="mini-list">
        {found.data?.map(
          ({ taskRun }) =>
            taskRun && (
              <li key={taskRun.taskRunId}>
                <StateBadge state={taskRun.state} />
                <Link className="name-link cut" to={`/task-runs/${taskRun.taskRunId}`}>
                  {taskRun.name}
                </Link>
              </li>
            ),
        )}
        {ids.length > SHOWN && <li className="muted">and {ids.length - SHOWN} more</li>}
      </ul>
    </Card>
  );
}
