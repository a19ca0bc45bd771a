/** Lines from each task to those that waited for what it returned. */
import type { CSSProperties } from "react";
import { percentOf } from "./TimelineRow";
import type { Bar, Span } from "./timelineModel";

const ROW_PX = 30;
/** Where more lines than these are in sight, only those of the selected task are drawn. */
const MOST_EDGES = 250;

type EdgesProps = {
  bars: Bar[];
  places: Map<string, number>;
  first: number;
  last: number;
  view: Span;
  now: number;
  selected: string;
};

type Edge = { from: Bar; to: Bar; fromPlace: number; toPlace: number; strong: boolean };

/** The lines between bars that are in sight. */
export function Edges({ bars, places, first, last, view, now, selected }: EdgesProps) {
  const edges = edgesOf(bars, places, first, last, selected);
  const drawn = edges.length > MOST_EDGES ? edges.filter((edge) => edge.strong) : edges;
  // Many lines to one task are a fan: the more there are, the fainter they are.
  const strong = edges.filter((edge) => edge.strong).length;
  const strength = Math.max(0.2, Math.min(1, 3 / Math.sqrt(strong || 1)));
  return (
    <svg
      className="edges"
      style={{ "--strength": strength } as CSSProperties}
      aria-hidden="true"
      preserveAspectRatio="none"
      viewBox={`0 0 100 ${bars.length * ROW_PX}`}
    >
      {drawn.map((edge) => (
        <path key={`${edge.from.id} ${edge.to.id}`} d={pathOf(edge, view, now)} data-strong={edge.strong} />
      ))}
    </svg>
  );
}

function edgesOf(
  bars: Bar[],
  places: Map<string, number>,
  first: number,
  last: number,
  selected: string,
): Edge[] {
  const edges: Edge[] = [];
  for (let toPlace = first; toPlace <= last; toPlace += 1) {
    const to = bars[toPlace];
    for (const id of to?.task.upstreamTaskRunIds ?? []) {
      const fromPlace = places.get(id);
      const from = fromPlace === undefined ? undefined : bars[fromPlace];
      if (!to || !from || fromPlace === undefined) continue;
      edges.push({ from, to, fromPlace, toPlace, strong: id === selected || to.id === selected });
    }
  }
  return edges;
}

function pathOf({ from, to, fromPlace, toPlace }: Edge, view: Span, now: number): string {
  const x1 = percentOf(from.end ?? now, view);
  const x2 = percentOf(to.start ?? now, view);
  const y1 = (fromPlace + 0.5) * ROW_PX;
  const y2 = (toPlace + 0.5) * ROW_PX;
  const bend = Math.max(0.6, Math.min(4, Math.abs(x2 - x1) / 2));
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}
