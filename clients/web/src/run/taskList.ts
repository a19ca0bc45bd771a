/** The task runs of one run, kept true: all of them are read once, and from then on what has changed. */
import { taskRuns } from "../api/clients";
import type { TaskRun } from "../gen/orch_proto/v1/task_run_pb";

const PAGE = 1000;
/** The first page is small, so that something is there soon. */
const FIRST_PAGE = 200;

/** What is known of the task runs, in the order of their ids. */
export type TasksView = { tasks: TaskRun[]; loaded: boolean; error: unknown };

/** The task runs of one run. */
export class TaskList {
  private readonly byId = new Map<string, TaskRun>();
  private changeToken = "";
  private view: TasksView = { tasks: [], loaded: false, error: undefined };
  private readonly listeners = new Set<() => void>();

  constructor(private readonly flowRunId: string) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly current = (): TasksView => this.view;

  /** Read what has changed; the first time, everything. */
  async refresh(): Promise<void> {
    try {
      const { changeToken, changes } = await this.readAll();
      // Only what was read to its end moves the mark: what a broken read has missed is told again.
      this.changeToken = changeToken || this.changeToken;
      if (changes > 0 || !this.view.loaded || this.view.error) this.publish(undefined, true);
    } catch (error) {
      this.publish(error, false);
    }
  }

  private async readAll(): Promise<{ changeToken: string; changes: number }> {
    let [pageToken, changeToken, changes] = ["", "", 0];
    do {
      const request = {
        flowRunId: this.flowRunId,
        pageSize: pageToken || this.view.loaded ? PAGE : FIRST_PAGE,
        pageToken,
        changedAfter: this.changeToken,
      };
      const answer = await taskRuns.listTaskRuns(request);
      for (const task of answer.taskRuns) this.byId.set(task.taskRunId, task);
      changeToken ||= answer.changeToken;
      changes += answer.taskRuns.length;
      pageToken = answer.nextPageToken;
      // Of a long list, the beginning is shown while the rest comes.
      if (pageToken && this.view.tasks.length === 0) this.publish(undefined, false);
    } while (pageToken);
    return { changeToken, changes };
  }

  private publish(error: unknown, complete: boolean): void {
    this.view = { tasks: [...this.byId.values()], loaded: complete || this.view.loaded, error };
    for (const listener of this.listeners) listener();
  }
}
