/** Moments and spans: from the contract's messages to words. */
import { type Duration, type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";

/** Milliseconds since 1970; undefined where there is none. */
export const millis = (time: Timestamp | undefined): number | undefined =>
  time ? timestampMs(time) : undefined;

/** Seconds of a span, with fractions. */
export const seconds = (span: Duration | undefined): number | undefined =>
  span ? Number(span.seconds) + span.nanos / 1e9 : undefined;

const UNITS: [string, number][] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
];

/** A length of time in at most two units: "340 ms", "4.2 s", "3 min 20 s", "2 d 4 h". */
export function lengthText(length: number): string {
  const ms = Math.max(0, length);
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(Math.floor(ms / 100) / 10).toFixed(1)} s`;
  const first = UNITS.findIndex(([, size]) => ms >= size);
  const [unit, size] = UNITS[first] ?? ["s", 1000];
  const second = UNITS[first + 1];
  const rest = second ? Math.floor((ms % size) / second[1]) : 0;
  return `${Math.floor(ms / size)} ${unit}${second && rest ? ` ${rest} ${second[0]}` : ""}`;
}

/** "3 min ago", "in 2 h"; "now" within two seconds. */
export function agoText(at: number, now: number): string {
  const away = Math.abs(now - at);
  if (away < 2000) return "now";
  const [unit, size] = UNITS.find(([, length]) => away >= length) ?? ["s", 1000];
  const text = `${Math.floor(away / size)} ${unit}`;
  return at <= now ? `${text} ago` : `in ${text}`;
}
