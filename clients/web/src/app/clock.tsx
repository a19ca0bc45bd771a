/** Times on the screen: in the chosen zone, with the zone said, and "ago" kept true. */
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { useSyncExternalStore } from "react";
import { agoText, lengthText, millis } from "../api/times";
import { clocks } from "./preferences";

const listeners = new Set<() => void>();
let now = Date.now();
let timer: number | undefined;

function onSecond(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= window.setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      window.clearInterval(timer);
      timer = undefined;
    }
  };
}

/** This moment, again each second. */
export const useNow = (): number => useSyncExternalStore(onSecond, () => now);

/** The name of the zone whose clocks are shown. */
export const localZone = (): string => Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

const formats = new Map<string, Intl.DateTimeFormat>();

function format(name: string, options: Intl.DateTimeFormatOptions, zone: string): Intl.DateTimeFormat {
  const key = `${name} ${zone}`;
  const made =
    formats.get(key) ??
    new Intl.DateTimeFormat("sv-SE", { ...options, ...(zone === "utc" ? { timeZone: "UTC" } : {}) });
  formats.set(key, made);
  return made;
}

const DAY: Intl.DateTimeFormatOptions = { year: "numeric", month: "2-digit", day: "2-digit" };
const CLOCK: Intl.DateTimeFormatOptions = {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
};

/** "2026-11-22 14:03:07" on the chosen clocks. */
export const momentText = (at: number, zone: string): string =>
  format("moment", { ...DAY, ...CLOCK }, zone).format(at);

/** "14:03:07.250" on the chosen clocks. */
export const clockText = (at: number, zone: string): string =>
  format("clock", { ...CLOCK, fractionalSecondDigits: 3 }, zone)
    .format(at)
    .replace(",", ".");

/** "Sun 2026-11-22 14:03" on the clocks of any zone. */
export function zonedText(at: number, zone: string): string {
  const weekday = new Intl.DateTimeFormat("en-GB", { weekday: "short", timeZone: zone });
  const moment = new Intl.DateTimeFormat("sv-SE", {
    ...DAY,
    ...CLOCK,
    timeZone: zone,
    timeZoneName: "short",
  });
  return `${weekday.format(at)} ${moment.format(at)}`;
}

/** A moment: how long ago, with the exact time, both zones, at hand. */
export function Ago({ time }: { time: Timestamp | number | undefined }) {
  const moment = useNow();
  const zone = clocks.use();
  const at = typeof time === "number" ? time : millis(time);
  if (at === undefined) return <span className="muted">–</span>;
  const said = `${momentText(at, zone)} ${zone === "utc" ? "UTC" : localZone()}`;
  return (
    <time dateTime={new Date(at).toISOString()} title={said}>
      {agoText(at, moment)}
    </time>
  );
}

/** A moment, exactly. */
export function Moment({ time }: { time: Timestamp | number | undefined }) {
  const zone = clocks.use();
  const at = typeof time === "number" ? time : millis(time);
  if (at === undefined) return <span className="muted">–</span>;
  return (
    <time dateTime={new Date(at).toISOString()} title={new Date(at).toISOString()}>
      {momentText(at, zone)}
    </time>
  );
}

/** How long something took, or has taken so far. */
export function Length({ from, to }: { from: Timestamp | undefined; to: Timestamp | undefined }) {
  const start = millis(from);
  const end = millis(to);
  if (start === undefined) return <span className="muted">–</span>;
  if (end !== undefined) return <span className="numeric">{lengthText(end - start)}</span>;
  return <RunningLength start={start} />;
}

function RunningLength({ start }: { start: number }) {
  const moment = useNow();
  return <span className="numeric">{lengthText(Math.floor(Math.max(0, moment - start) / 1000) * 1000)}</span>;
}
