/**
 * A live list of runs, newest first.
 *
 * The newest page is read again and again, and takes the place of what was there; older pages come as they are scrolled
 * to. Runs below the newest page that have not ended are read again as long as they are in sight.
 */
import { flowRuns } from "../api/clients";
import { isBroken } from "../api/errors";
import { isEnded } from "../api/states";
import type { FlowRun } from "../gen/orch_proto/v1/flow_run_pb";
import { filterOf } from "./filter";

const PAGE = 100;
/** So many new pages are read to close the gap to what is there; after that the list begins anew. */
const GAP_PAGES = 5;

/** What the list is now. */
export type RunListView = {
  runs: FlowRun[];
  /** Whether the first page has come. */
  loaded: boolean;
  /** Whether there are older runs. */
  more: boolean;
  error: unknown;
};

/** The list of one filter. */
export class RunList {
  private readonly byId = new Map<string, FlowRun>();
  private olderToken = "";
  private lowestHead = "";
  /** Why the next older page could not be had, until it can. */
  private olderError: unknown;
  private loading: Promise<void> | undefined;
  private view: RunListView = { runs: [], loaded: false, more: false, error: undefined };
  private readonly listeners = new Set<() => void>();

  // Page tokens belong to one filter: what "since 24 h" means is settled here.
  private readonly filter: ReturnType<typeof filterOf>;

  constructor(query: URLSearchParams) {
    this.filter = filterOf(query, Date.now());
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly current = (): RunListView => this.view;

  /** Read the newest runs, and those in sight that are below and have not ended. */
  async refresh(inSight: FlowRun[]): Promise<void> {
    try {
      await this.refreshHead();
      const below = inSight.filter((run) => run.flowRunId < this.lowestHead && !isEnded(run.state));
      if (below.length > 0) await this.refreshSome(below.map((run) => run.flowRunId));
      this.publish(undefined);
    } catch (error) {
      this.publish(error);
    }
  }

  /** Read one more page of older runs. */
  loadOlder(): Promise<void> {
    if (!this.olderToken) return Promise.resolve();
    this.loading ??= this.readOlder().finally(() => {
      this.loading = undefined;
    });
    return this.loading;
  }

  private async readOlder(): Promise<void> {
    try {
      const page = await this.read(this.olderToken);
      for (const run of page.flowRuns) this.byId.set(run.flowRunId, run);
      this.olderToken = page.nextPageToken;
      this.olderError = undefined;
      this.publish(undefined);
    } catch (error) {
      if (!isBroken(error)) this.olderError = error;
      this.publish(error);
    }
  }

  private async refreshHead(): Promise<void> {
    const highest = this.view.runs[0]?.flowRunId ?? "";
    const fresh: FlowRun[] = [];
    let token = "";
    for (let page = 0; page < GAP_PAGES; page += 1) {
      const answer = await this.read(token);
      fresh.push(...answer.flowRuns);
      token = answer.nextPageToken;
      if (!token || !highest || (fresh.at(-1)?.flowRunId ?? "") <= highest) break;
    }
    this.takeHead(fresh, token, highest);
  }

  private takeHead(fresh: FlowRun[], token: string, highest: string): void {
    const lowest = token ? (fresh.at(-1)?.flowRunId ?? "") : "";
    const isGap = highest !== "" && lowest > highest;
    if (isGap || !this.view.loaded || !token) {
      this.olderToken = token;
      this.olderError = undefined;
    }
    for (const id of this.byId.keys()) if (isGap || id >= lowest) this.byId.delete(id);
    for (const run of fresh) this.byId.set(run.flowRunId, run);
    this.lowestHead = lowest;
  }

  /** Runs that fit the filter no more, or are gone, leave the list. */
  private async refreshSome(ids: string[]): Promise<void> {
    const filter = { ...this.filter, flowRunIds: ids };
    const answer = await flowRuns.listFlowRuns({ pageSize: 1000, filter });
    for (const id of ids) this.byId.delete(id);
    for (const run of answer.flowRuns) this.byId.set(run.flowRunId, run);
  }

  private read(pageToken: string) {
    return flowRuns.listFlowRuns({ pageSize: PAGE, pageToken, filter: this.filter });
  }

  private publish(error: unknown): void {
    const runs = [...this.byId.values()].sort((a, b) => (a.flowRunId < b.flowRunId ? 1 : -1));
    this.view = {
      runs,
      loaded: error === undefined || this.view.loaded,
      more: this.olderToken !== "",
      error: error ?? this.olderError,
    };
    for (const listener of this.listeners) listener();
  }
}
