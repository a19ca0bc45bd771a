/**
 * The lines of a run's log: from its end backwards, or from its beginning on, and what is said meanwhile.
 *
 * Stored lines come in pages, as they are scrolled to. Where the pages have reached the end, one stream brings what is
 * said from then on, until the run has ended. It is closed while nobody looks, and resumed where it broke off.
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { logStreams, logs } from "../api/clients";
import { reportConnection } from "../api/connection";
import { isBroken, isPassing } from "../api/errors";
import type { LogEntry } from "../gen/orch_proto/v1/log_pb";
import type { LogFilterSchema } from "../gen/orch_proto/v1/log_service_pb";

/** So many lines are held: of a stream that brings more, the oldest are dropped. */
export const MOST_LINES = 100_000;
const PAGE = 2000;
/** The first page is small, so that something is there soon. */
const FIRST_PAGE = 500;
/** A page with a filter may be short, or empty: pages are read until there are so many lines, or no more. */
const FIRST_LINES = 200;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5000;
const DRAW_MS = 60;

export type LogFilter = MessageInitShape<typeof LogFilterSchema>;

/** Where reading begins. */
export type LogStart = "end" | "beginning";

/** What is held now. */
export type LogView = {
  entries: LogEntry[];
  /** Whether there are lines before those that are held, and whether they can be had by scrolling. */
  older: "none" | "more" | "dropped";
  /** Whether there are stored lines after those that are held. */
  newer: boolean;
  /** "reading" until the first answer, "live" while lines may come, "ended" when the run has ended. */
  phase: "reading" | "live" | "ended";
  error: unknown;
};

/** The log of one run with one filter. */
export class LogFeed {
  private entries: LogEntry[] = [];
  private olderToken = "";
  private newerToken = "";
  private resumeToken = "";
  private dropped = false;
  private phase: LogView["phase"] = "reading";
  private error: unknown;
  private timer: number | undefined;
  private paging: Promise<void> | undefined;
  private signal = AbortSignal.abort();
  private running: Promise<void> = Promise.resolve();
  private view: LogView = { entries: [], older: "none", newer: false, phase: "reading", error: undefined };
  private readonly listeners = new Set<() => void>();

  constructor(
    private readonly flowRunId: string,
    private readonly filter: LogFilter,
    private readonly from: LogStart,
  ) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly current = (): LogView => this.view;

  /** Begin, or go on. Answers with what stops it. */
  start(): () => void {
    const stopping = new AbortController();
    this.signal = stopping.signal;
    this.goOn();
    return () => stopping.abort();
  }

  /** Go on where reading has ended: at an error, or before the newest lines. */
  readonly goOn = (): void => {
    const { signal } = this;
    // One at a time: two that read from the same place would bring every line twice.
    this.running = this.running.then(() => this.run(signal));
  };

  /** Read the page before what is held. */
  loadOlder(): void {
    if (this.olderToken && !this.dropped && this.entries.length < MOST_LINES)
      this.page(() => this.readOlder());
  }

  /** Read the page after what is held. */
  loadNewer(): void {
    if (this.newerToken) this.page(() => this.readNewer());
  }

  private page(read: () => Promise<void>): void {
    if (this.phase === "reading") return;
    const { signal } = this;
    this.paging ??= read()
      .catch((error: unknown) => {
        if (!signal.aborted) this.heed(error);
      })
      .finally(() => {
        this.paging = undefined;
        this.publish();
      });
  }

  private async run(signal: AbortSignal): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (!signal.aborted && this.phase !== "ended") {
      try {
        if (this.phase === "reading") await this.readFirst();
        if (this.newerToken) return;
        await this.follow(signal);
        pause = FIRST_PAUSE_MS;
      } catch (error) {
        if (signal.aborted) return;
        this.heed(error);
        if (!isBroken(error) && !isPassing(error)) return;
        await sleep(pause, signal);
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
      }
    }
  }

  private async readFirst(): Promise<void> {
    do {
      await (this.from === "end" ? this.readOlder() : this.readNewer());
      if (this.entries.length > 0) this.publishNow();
    } while (this.entries.length < FIRST_LINES && (this.olderToken || this.newerToken));
    this.phase = "live";
    this.publishNow();
  }

  private async readOlder(): Promise<void> {
    const { flowRunId, filter } = this;
    const request = { flowRunId, filter, ...this.nextPage(this.olderToken), newestFirst: true };
    const page = await logs.listLogs(request, { signal: this.signal });
    this.entries = page.entries.reverse().concat(this.entries);
    this.olderToken = page.nextPageToken;
    this.resumeToken ||= page.resumeToken;
    this.error = undefined;
  }

  private async readNewer(): Promise<void> {
    const { flowRunId, filter } = this;
    const request = { flowRunId, filter, ...this.nextPage(this.newerToken) };
    const page = await logs.listLogs(request, { signal: this.signal });
    this.entries = this.entries.concat(page.entries);
    this.dropSurplus();
    this.newerToken = page.nextPageToken;
    this.resumeToken = page.resumeToken;
    this.error = undefined;
    if (this.phase === "live" && !this.newerToken) this.goOn();
  }

  private nextPage(pageToken: string): { pageSize: number; pageToken: string } {
    return { pageSize: this.entries.length === 0 ? FIRST_PAGE : PAGE, pageToken };
  }

  private async follow(signal: AbortSignal): Promise<void> {
    const request = { flowRunId: this.flowRunId, filter: this.filter, resumeToken: this.resumeToken };
    for await (const answer of logStreams.watchLogs(request, { signal })) {
      this.error = undefined;
      this.resumeToken = answer.resumeToken;
      this.entries = this.entries.concat(answer.entries);
      this.dropSurplus();
      this.publish();
    }
    this.error = undefined;
    this.phase = "ended";
    this.publish();
  }

  private dropSurplus(): void {
    const surplus = this.entries.length - MOST_LINES;
    if (surplus <= 0) return;
    this.entries = this.entries.slice(surplus);
    this.dropped = true;
  }

  /** A stream that breaks in its middle is a lost connection that no call has noticed; what is refused is said. */
  private heed(error: unknown): void {
    if (isBroken(error)) reportConnection(false);
    else this.error = error;
    this.publish();
  }

  /** Many answers in a row are drawn once. */
  private publish(): void {
    this.timer ??= window.setTimeout(() => this.publishNow(), DRAW_MS);
  }

  private publishNow(): void {
    window.clearTimeout(this.timer);
    this.timer = undefined;
    const older = this.dropped ? "dropped" : this.olderToken ? "more" : "none";
    const { entries, phase, error } = this;
    this.view = { entries, older, newer: this.newerToken !== "", phase, error };
    for (const listener of this.listeners) listener();
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = window.setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      window.clearTimeout(timer);
      resolve();
    });
  });
}
