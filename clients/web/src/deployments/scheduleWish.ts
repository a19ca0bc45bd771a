/** What a form says of a schedule, as the contract has it. */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import type { CatchUpPolicy, OverlapPolicy, ScheduleSchema } from "../gen/orch_proto/v1/schedule_pb";

/** How its times are given. */
export type Kind = "cron" | "interval" | "rrule";

/** What was entered. */
export type ScheduleWish = {
  name: string;
  kind: Kind;
  /** A cron line, a length of time, or a recurrence rule. */
  when: string;
  timeZone: string;
  parametersJson: string;
  catchUpPolicy: CatchUpPolicy;
  overlapPolicy: OverlapPolicy;
};

const UNITS_MS: Record<string, number> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds of "90s", "15m", "1h30m", "1d"; undefined where it is no length of time. */
export function lengthMs(text: string): number | undefined {
  const parts = [...text.replaceAll(" ", "").matchAll(/(\d+)([smhd])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join("") !== text.replaceAll(" ", ""))
    return undefined;
  return parts.reduce((sum, [, count, unit]) => sum + Number(count) * (UNITS_MS[unit ?? ""] ?? 0), 0);
}

/** The schedule that was entered; an Error in words where it cannot be sent. */
export function scheduleOf(
  wish: ScheduleWish,
  deploymentId: string,
): MessageInitShape<typeof ScheduleSchema> {
  const { kind, when, timeZone, name, parametersJson, catchUpPolicy, overlapPolicy } = wish;
  return {
    deploymentId,
    name: name.trim(),
    parametersJson: parametersJson.trim(),
    catchUpPolicy,
    overlapPolicy,
    spec: specOf(kind, when.trim(), timeZone.trim()),
  };
}

function specOf(
  kind: Kind,
  when: string,
  timeZone: string,
): NonNullable<MessageInitShape<typeof ScheduleSchema>["spec"]> {
  if (kind === "cron") return { case: kind, value: { expression: when, timeZone } };
  if (kind === "rrule") return { case: kind, value: { rule: when, timeZone } };
  const length = lengthMs(when);
  if (length === undefined) throw new Error(`"${when}" is no length of time: write 90s, 15m, 2h or 1d.`);
  return { case: kind, value: { interval: durationFromMs(length), timeZone } };
}
