/** What a timeline draws: bars in order, the span that they cover, the marks of its axis. */

import { plainText } from "../api/plainText";
import { isEnded, type StateWord, stateWord } from "../api/states";
import { millis } from "../api/times";
import type { TaskRun } from "../gen/orch_proto/v1/task_run_pb";

/** One task run as a bar. Times are milliseconds since 1970. */
export type Bar = {
  task: TaskRun;
  id: string;
  name: string;
  word: StateWord;
  /** When it was created: from here to `start` it waited. */
  created: number;
  /** When it began; undefined before that. */
  start: number | undefined;
  /** When it ended; undefined until then. */
  end: number | undefined;
};

/** A span of time. */
export type Span = { from: number; to: number };

/** Bars of task runs, in the order in which they began. */
export function barsOf(tasks: TaskRun[]): Bar[] {
  const bars = tasks.map((task) => {
    const created = millis(task.createTime) ?? millis(task.startTime) ?? 0;
    const changed = isEnded(task.state) ? millis(task.state?.stateTime) : undefined;
    return {
      task,
      id: task.taskRunId,
      name: plainText(task.name),
      word: stateWord(task.state?.type),
      created,
      start: millis(task.startTime),
      end: millis(task.endTime) ?? changed,
    };
  });
  return bars.sort((a, b) => (a.start ?? a.created) - (b.start ?? b.created) || (a.id < b.id ? -1 : 1));
}

/** What all bars and the run itself cover; at least a little. */
export function spanOf(bars: Bar[], runStart: number | undefined, runEnd: number | undefined): Span {
  let from = runStart ?? Number.POSITIVE_INFINITY;
  let to = runEnd ?? Number.NEGATIVE_INFINITY;
  for (const bar of bars) {
    from = Math.min(from, bar.start ?? bar.created);
    to = Math.max(to, bar.end ?? bar.start ?? bar.created);
  }
  if (!Number.isFinite(from)) from = Number.isFinite(to) ? to : Date.now();
  return { from, to: Math.max(to, from + 10) };
}

const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
  600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 43_200_000, 86_400_000,
];

/** Marks of an axis, counted from the beginning of the run: at most `most` of them. */
export function ticksOf(view: Span, origin: number, most: number): { at: number; step: number }[] {
  const wanted = (view.to - view.from) / Math.max(1, most);
  const step = STEPS.find((one) => one >= wanted) ?? Math.ceil(wanted / 86_400_000) * 86_400_000;
  const first = Math.ceil((view.from - origin) / step) * step + origin;
  const ticks = [];
  for (let at = first; at <= view.to; at += step) ticks.push({ at, step });
  return ticks;
}

/** A mark's text: time since the beginning, as exact as the step asks for. */
export function tickText(sinceStart: number, step: number): string {
  const sign = sinceStart < 0 ? "−" : "";
  const ms = Math.abs(Math.round(sinceStart));
  if (step < 100 && ms < 1000) return `${sign}${ms} ms`;
  if (step < 1000) return `${sign}${(ms / 1000).toFixed(step < 10 ? 3 : step < 100 ? 2 : 1)} s`;
  const total = Math.round(ms / 1000);
  if (total < 60 && step < 60_000) return `${sign}${total} s`;
  const [hours, minutes, rest] = [Math.floor(total / 3600), Math.floor(total / 60) % 60, total % 60];
  const two = (value: number) => String(value).padStart(2, "0");
  return hours ? `${sign}${hours}:${two(minutes)}:${two(rest)}` : `${sign}${minutes}:${two(rest)}`;
}

/** The view, zoomed by a factor around a moment, kept within what there is. */
export function zoomed(view: Span, whole: Span, factor: number, around: number): Span {
  const length = Math.min(whole.to - whole.from, Math.max(1, (view.to - view.from) * factor));
  const share = (around - view.from) / (view.to - view.from);
  return moved({ from: around - share * length, to: around + (1 - share) * length }, whole, 0);
}

/** The view, moved by so many milliseconds, kept within what there is. */
export function moved(view: Span, whole: Span, by: number): Span {
  const length = Math.min(view.to - view.from, whole.to - whole.from);
  const from = Math.min(Math.max(view.from + by, whole.from), whole.to - length);
  return { from, to: from + length };
}
