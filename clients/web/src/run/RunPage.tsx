/** One run: what it does, what it says, and why it ended as it did. */
import { useCallback, useMemo, useState } from "react";
import type { PageProps } from "../app/router";
import { useQueryString } from "../app/router";
import { Failed, PageHead, Skeleton, Trouble } from "../design/blocks";
import { StateBadge } from "../design/StateBadge";
import type { FlowRun } from "../gen/orch_proto/v1/flow_run_pb";
import { LogCard } from "./LogCard";
import { RunActions } from "./RunActions";
import { RunSide, RunStrip } from "./RunFacts";
import { RunNotice } from "./RunNotice";
import { TaskPanel } from "./TaskPanel";
import { Timeline } from "./Timeline";
import { type LiveRun, useRun } from "./useRun";
import "./run.css";

/** The page of a run. */
export default function RunPage({ params }: PageProps) {
  const live = useRun(params.id ?? "");
  const { run, error, refresh } = live;
  if (!run) {
    return (
      <div className="page">
        <PageHead title="Run" crumbs={[{ label: "Runs", to: "/runs" }]} />
        {error ? <Failed error={error} what="run" again={refresh} /> : <Skeleton lines={8} />}
      </div>
    );
  }
  return (
    <div className="page">
      <PageHead
        title={run.name}
        crumbs={crumbsOf(run)}
        beside={<StateBadge state={run.state} />}
        actions={<RunActions run={run} onDone={refresh} />}
      />
      <Trouble error={error} what="run" again={refresh} />
      {error === undefined && <Trouble error={live.tasks.error} what="list of its tasks" again={refresh} />}
      <RunNotice run={run} />
      <RunStrip run={run} onChange={refresh} />
      <RunBody live={live} run={run} />
    </div>
  );
}

function crumbsOf(run: FlowRun) {
  const parent = run.parentFlowRunId ? [{ label: "Parent run", to: `/runs/${run.parentFlowRunId}` }] : [];
  return [
    { label: "Runs", to: "/runs" },
    { label: run.flowName, to: `/runs?flow=${encodeURIComponent(run.flowName)}` },
    ...parent,
  ];
}

function RunBody({ live, run }: { live: LiveRun; run: FlowRun }) {
  const [query, change] = useQueryString();
  const [onlyTask, setOnlyTask] = useState("");
  const { tasks, refresh } = live;
  const selected = query.get("task") ?? "";
  const select = useCallback((task: string) => change({ task }), [change]);
  const byId = useMemo(() => new Map(tasks.tasks.map((task) => [task.taskRunId, task])), [tasks.tasks]);
  const taskName = useCallback((id: string) => byId.get(id)?.name ?? "", [byId]);
  const task = byId.get(selected);
  return (
    <div className="run-grid">
      <div className="run-main">
        <Timeline run={run} tasks={tasks.tasks} loaded={tasks.loaded} selected={selected} onSelect={select} />
        <LogCard
          flowRunId={run.flowRunId}
          runName={run.name}
          attempt={run.attempt}
          taskRunId={onlyTask}
          taskTime={byId.get(onlyTask)?.createTime}
          taskName={taskName}
          onTask={select}
          onAllTasks={() => setOnlyTask("")}
        />
      </div>
      <aside className="run-side" aria-label="Details">
        {task && (
          <TaskPanel
            key={task.taskRunId}
            run={run}
            task={task}
            onClose={() => select("")}
            onLog={() => setOnlyTask(task.taskRunId)}
            onRerun={refresh}
          />
        )}
        <RunSide run={run} />
      </aside>
    </div>
  );
}
