/** Schedules in words. */
import { millis, seconds } from "../api/times";
import { CatchUpPolicy, OverlapPolicy, type Schedule } from "../gen/orch_proto/v1/schedule_pb";

const UNITS: [number, string][] = [
  [86_400, "day"],
  [3600, "hour"],
  [60, "minute"],
  [1, "second"],
];

/** When it fires, in a line: "30 2 * * *", "every 15 minutes". */
export function specText({ spec }: Schedule): string {
  switch (spec.case) {
    case "cron":
      return spec.value.expression;
    case "interval":
      return `every ${spanText(seconds(spec.value.interval) ?? 0)}`;
    case "rrule":
      return spec.value.rule;
    default:
      return "never";
  }
}

/** "15 minutes", "day". */
export function spanText(span: number): string {
  const [size, unit] = UNITS.find(([length]) => span >= length && span % length === 0) ?? [1, "second"];
  const count = span / size;
  return count === 1 ? unit : `${count} ${unit}s`;
}

/** The zone whose wall clock counts. */
export const zoneOf = ({ spec }: Schedule): string => spec.value?.timeZone || "UTC";

/** What becomes of times that were missed. */
export const CATCH_UP: Record<CatchUpPolicy, string> = {
  [CatchUpPolicy.UNSPECIFIED]: "the newest missed time fires once",
  [CatchUpPolicy.LATEST]: "the newest missed time fires once",
  [CatchUpPolicy.SKIP]: "missed times are dropped",
  [CatchUpPolicy.ALL]: "every missed time fires",
};

/** What becomes of a time while an earlier run goes on. */
export const OVERLAP: Record<OverlapPolicy, string> = {
  [OverlapPolicy.UNSPECIFIED]: "runs go side by side",
  [OverlapPolicy.ALLOW]: "runs go side by side",
  [OverlapPolicy.SKIP]: "a new time is dropped while a run goes on",
  [OverlapPolicy.QUEUE]: "a new run waits for the earlier ones",
  [OverlapPolicy.CANCEL_OLD]: "a new run cancels the earlier ones",
};

/** What it does with missed times and overlaps, in a sentence. */
export function policyText(schedule: Schedule): string {
  const jitter = seconds(schedule.jitter);
  const parts = [CATCH_UP[schedule.catchUpPolicy], OVERLAP[schedule.overlapPolicy]];
  if (jitter) parts.push(`starts are spread over ${spanText(jitter)}`);
  const text = parts.join("; ");
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** The next time that it fires; undefined where it never does, or is paused. */
export const nextMs = (schedule: Schedule): number | undefined =>
  schedule.paused ? undefined : millis(schedule.nextTime);
