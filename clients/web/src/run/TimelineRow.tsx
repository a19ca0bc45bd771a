/** One task run in the timeline: its name, and its bar. */
import { memo } from "react";
import { stateName } from "../api/states";
import { lengthText } from "../api/times";
import { StateMark } from "../design/StateBadge";
import type { Bar, Span } from "./timelineModel";

type RowProps = {
  id: string;
  bar: Bar;
  view: Span;
  now: number;
  top: number;
  place: number;
  total: number;
  selected: boolean;
  onSelect: (taskRunId: string) => void;
};

/** Where a moment lies in the view, in percent. */
export const percentOf = (time: number, view: Span): number =>
  ((time - view.from) / (view.to - view.from)) * 100;

/** A row. Ended ones are drawn again only when the view changes. */
export const TimelineRow = memo(
  function TimelineRow({ id, bar, view, now, top, place, total, selected, onSelect }: RowProps) {
    const { task } = bar;
    const length = bar.start === undefined ? undefined : (bar.end ?? now) - bar.start;
    return (
      // biome-ignore lint/a11y/useKeyWithClickEvents: the list box around it has the keys
      <div
        id={id}
        role="option"
        aria-selected={selected}
        aria-setsize={total}
        aria-posinset={place}
        tabIndex={-1}
        className="timeline-row"
        data-state={bar.word}
        data-superseded={task.superseded}
        style={{ transform: `translateY(${top}px)` }}
        onClick={() => onSelect(bar.id)}
      >
        <span className="timeline-name">
          <StateMark word={bar.word} />
          <span className="cut">{bar.name}</span>
          <span className="visually-hidden">{stateName(task.state)}</span>
          {task.attempt > 1 && <span className="tag">×{task.attempt}</span>}
          {task.childFlowRunId && <span className="tag">subflow</span>}
        </span>
        <span className="timeline-track">
          <BarShape bar={bar} view={view} now={now} length={length} />
        </span>
      </div>
    );
  },
  (before, after) =>
    before.bar === after.bar &&
    before.view.from === after.view.from &&
    before.view.to === after.view.to &&
    before.top === after.top &&
    before.selected === after.selected &&
    before.total === after.total &&
    (after.bar.end !== undefined || before.now === after.now),
);

const LABEL_INSIDE_PERCENT = 82;

function BarShape({
  bar,
  view,
  now,
  length,
}: {
  bar: Bar;
  view: Span;
  now: number;
  length: number | undefined;
}) {
  const begin = bar.start ?? now;
  const waited = clipped(bar.created, begin, view);
  if (bar.start === undefined || length === undefined)
    return waited && <span className="bar-wait" style={waited} />;
  const box = clipped(bar.start, bar.end ?? now, view);
  const right = percentOf(bar.end ?? now, view);
  const isOut = right < 0 || percentOf(bar.start, view) > 100;
  const label =
    right > LABEL_INSIDE_PERCENT
      ? { right: `${Math.max(0.3, 100 - percentOf(bar.start, view) + 0.4)}%` }
      : { left: `${right + 0.4}%` };
  return (
    <>
      {waited && bar.start > bar.created && <span className="bar-wait" style={waited} />}
      {box && <span className="bar" style={box} data-going={bar.end === undefined} />}
      {!isOut && percentOf(bar.start, view) > (right > LABEL_INSIDE_PERCENT ? 8 : -1000) && (
        <span className="bar-length" style={label}>
          {lengthText(length)}
        </span>
      )}
    </>
  );
}

function clipped(from: number, to: number, view: Span): { left: string; width: string } | undefined {
  const left = Math.max(0, percentOf(from, view));
  const right = Math.min(100, percentOf(to, view));
  return right < left || left > 100 ? undefined : { left: `${left}%`, width: `${right - left}%` };
}
