/** The axis above the bars: time since the run began. */
import { useNarrow } from "../design/useNarrow";
import { percentOf } from "./TimelineRow";
import { type Span, ticksOf, tickText } from "./timelineModel";

const MOST_TICKS = 8;
const MOST_NARROW_TICKS = 3;
/** A mark further right would have no room for its text. */
const LAST_PERCENT = 96;

/** The marks of a view. */
export function Axis({ view, origin }: { view: Span; origin: number }) {
  const most = useNarrow() ? MOST_NARROW_TICKS : MOST_TICKS;
  return (
    <div className="timeline-axis" aria-hidden="true">
      <span className="timeline-name muted">Task</span>
      <span className="timeline-track">
        {ticksOf(view, origin, most)
          .filter(({ at }) => percentOf(at, view) < LAST_PERCENT)
          .map(({ at, step }) => (
            <span className="tick" key={at} style={{ left: `${percentOf(at, view)}%` }}>
              {tickText(at - origin, step)}
            </span>
          ))}
      </span>
    </div>
  );
}
