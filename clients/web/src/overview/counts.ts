/** Counts of runs, by state and over time. */
import { durationFromMs, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { flowRuns } from "../api/clients";
import { type StateWord, stateWord } from "../api/states";
import { millis } from "../api/times";
import type { FlowRunCount } from "../gen/orch_proto/v1/flow_run_service_pb";

/** Spans that can be looked at: key, words, length and width of a bar in milliseconds. */
export const PERIODS: [string, string, number, number][] = [
  ["1h", "Last hour", 3_600_000, 60_000],
  ["24h", "Last 24 hours", 86_400_000, 1_800_000],
  ["7d", "Last 7 days", 7 * 86_400_000, 3 * 3_600_000],
  ["30d", "Last 30 days", 30 * 86_400_000, 12 * 3_600_000],
];

/** From the bottom of a bar to its top. */
export const STACK: StateWord[] = [
  "COMPLETED",
  "RUNNING",
  "PENDING",
  "SCHEDULED",
  "PAUSED",
  "CANCELLING",
  "CANCELLED",
  "CRASHED",
  "FAILED",
];

export type Counts = Partial<Record<StateWord, number>>;

/** Runs that were created in one span of time. */
export type Bucket = {
  from: number;
  to: number;
  counts: Counts;
  total: number;
  /** Whether all of them were counted; else there may be more. */
  complete: boolean;
};

/** `from`: when counting began. `truncated`: only the newest were counted, and there are more of each. */
export type RunCounts = {
  from: number;
  counts: Counts;
  total: number;
  truncated: boolean;
  buckets: Bucket[];
};

function countsOf(found: FlowRunCount[]): Counts {
  const counts: Counts = {};
  for (const { stateType, count } of found) {
    const word = stateWord(stateType);
    counts[word] = (counts[word] ?? 0) + Number(count);
  }
  return counts;
}

const sum = (counts: Counts): number => Object.values(counts).reduce((all, one) => all + one, 0);

/** What was created in the last `length` milliseconds, in bars of `width`, which begin at even times. */
export async function countRuns(length: number, width: number): Promise<RunCounts> {
  const from = Math.ceil((Date.now() - length) / width) * width;
  const answer = await flowRuns.countFlowRuns({
    filter: { createTimeFrom: timestampFromMs(from) },
    bucketWidth: durationFromMs(width),
  });
  const completeFrom = answer.truncated ? (millis(answer.completeFromTime) ?? Date.now()) : from;
  return {
    from,
    counts: countsOf(answer.counts),
    total: Number(answer.totalCount),
    truncated: answer.truncated,
    buckets: answer.buckets.map((bucket) => {
      const counts = countsOf(bucket.counts);
      const start = millis(bucket.startTime) ?? 0;
      return {
        from: start,
        to: millis(bucket.endTime) ?? 0,
        counts,
        total: sum(counts),
        complete: start >= completeFrom,
      };
    }),
  };
}
