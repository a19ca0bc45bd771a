/** Runs over time, a bar for each span, stacked by state. A click shows the runs of a bar. */
import { type KeyboardEvent, type PointerEvent, useState } from "react";
import { momentText } from "../app/clock";
import { clocks } from "../app/preferences";
import { navigate } from "../app/router";
import { type Bucket, STACK } from "./counts";

const HEIGHT = 148;
const LEAST_PX = 2;

/** The chart: pointed at with the mouse, or walked through with the arrow keys. */
export function RunsChart({ buckets }: { buckets: Bucket[] }) {
  const zone = clocks.use();
  const [pointed, setPointed] = useState<number>();
  const top = niceTop(Math.max(1, ...buckets.map((bucket) => bucket.total)));
  const last = buckets.length - 1;
  const at = pointed ?? last;
  const bucket = buckets[at];
  const show = () => bucket && !isEmpty(bucket) && navigate(runsOf(bucket));
  const onKey = (event: KeyboardEvent) => {
    const next = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: last }[event.key];
    if (next !== undefined) setPointed(Math.min(last, Math.max(0, next)));
    else if (event.key === "Enter") show();
    else return;
    event.preventDefault();
  };
  const onPointer = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    const share = (event.clientX - box.left) / box.width;
    setPointed(Math.min(last, Math.max(0, Math.floor(share * buckets.length))));
  };
  return (
    <div className="chart">
      <div className="chart-scale numeric muted" aria-hidden="true">
        <span>{top.toLocaleString("en")}</span>
        <span>{(top / 2).toLocaleString("en")}</span>
        <span>0</span>
      </div>
      <div
        className="chart-bars"
        style={{ height: HEIGHT }}
        role="slider"
        tabIndex={0}
        aria-label="Runs over time; Enter shows those of a span"
        aria-valuemin={0}
        aria-valuemax={Math.max(0, last)}
        aria-valuenow={Math.max(0, at)}
        aria-valuetext={bucket && bucketText(bucket, zone)}
        onKeyDown={onKey}
        onPointerMove={onPointer}
        onPointerDown={onPointer}
        onPointerLeave={() => setPointed(undefined)}
        onBlur={() => setPointed(undefined)}
        onClick={show}
      >
        {buckets.map((one, index) => (
          <Bar key={one.from} bucket={one} top={top} pointed={index === pointed} />
        ))}
      </div>
      <div className="chart-axis numeric muted" aria-hidden="true">
        {buckets[0] && <span>{momentText(buckets[0].from, zone).slice(0, 16)}</span>}
        <span className="chart-said">{bucket && pointed !== undefined ? bucketText(bucket, zone) : ""}</span>
        <span>now</span>
      </div>
    </div>
  );
}

function Bar({ bucket, top, pointed }: { bucket: Bucket; top: number; pointed: boolean }) {
  return (
    <span
      className="chart-bar"
      data-pointed={pointed}
      data-empty={isEmpty(bucket)}
      data-complete={bucket.complete}
    >
      {[...STACK].reverse().map((word) => {
        const count = bucket.counts[word];
        const height = count ? Math.max(LEAST_PX, (count / top) * HEIGHT) : 0;
        return count ? <span key={word} data-state={word} style={{ height }} /> : null;
      })}
    </span>
  );
}

const isEmpty = ({ total, complete }: Bucket): boolean => total === 0 && complete;

const runsOf = ({ from, to }: Bucket): string =>
  `/runs?from=${new Date(from).toISOString()}&to=${new Date(to).toISOString()}`;

function bucketText({ from, to, counts, total, complete }: Bucket, zone: string): string {
  const parts = STACK.flatMap((word) => (counts[word] ? `${counts[word]} ${word.toLowerCase()}` : []));
  const span = `${momentText(from, zone).slice(5, 16)} – ${momentText(to, zone).slice(11, 16)}`;
  const words = total > 0 ? parts.join(", ") : complete ? "no run" : "";
  return `${span}: ${[words, !complete && "not all are counted"].filter(Boolean).join("; ")}`;
}

/** The next even number above, so that the scale is easy to read. */
function niceTop(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most));
  const step = [1, 2, 4, 5, 8, 10].find((one) => one * power >= most) ?? 10;
  return Math.max(2, step * power);
}
