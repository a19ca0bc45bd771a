/** One run and its task runs, kept true while somebody looks. */
import { useCallback, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { flowRuns } from "../api/clients";
import { isBroken } from "../api/errors";
import { isEnded } from "../api/states";
import { useRepeated } from "../design/useVisible";
import type { FlowRun } from "../gen/orch_proto/v1/flow_run_pb";
import { TaskList, type TasksView } from "./taskList";

const LIVE_MS = 1000;
/** A run that has ended may be retried by somebody else; late news of its tasks may come. */
const ENDED_MS = 4000;

export type LiveRun = {
  run: FlowRun | undefined;
  tasks: TasksView;
  error: unknown;
  /** Look at once: something was done to it. */
  refresh: () => void;
};

/** The run with this id. */
export function useRun(flowRunId: string): LiveRun {
  const [run, setRun] = useState<FlowRun>();
  const [error, setError] = useState<unknown>();
  const list = useMemo(() => new TaskList(flowRunId), [flowRunId]);
  const tasks = useSyncExternalStore(list.subscribe, list.current);
  const underway = useRef<Promise<void>>(undefined);

  const readRun = useCallback(async () => {
    try {
      const { flowRun } = await flowRuns.getFlowRun({ flowRunId });
      setError(undefined);
      if (flowRun) setRun((before) => (before?.version === flowRun.version ? before : flowRun));
    } catch (problem) {
      if (!isBroken(problem)) setError(problem);
    }
  }, [flowRunId]);
  // The run does not wait for its tasks, of which there may be many.
  const read = useCallback(async () => {
    await Promise.all([readRun(), list.refresh()]);
  }, [readRun, list]);
  const refresh = useCallback(() => {
    underway.current ??= read().finally(() => {
      underway.current = undefined;
    });
    return underway.current;
  }, [read]);

  useRepeated(refresh, isEnded(run?.state) ? ENDED_MS : LIVE_MS);
  return { run, tasks, error, refresh: () => void refresh() };
}
