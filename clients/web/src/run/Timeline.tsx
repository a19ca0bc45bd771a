/** The timeline of a run: its tasks and subflows as bars, with what they waited for. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useEffect, useId, useMemo, useRef, useState } from "react";
import { isEnded } from "../api/states";
import { millis } from "../api/times";
import { useNow } from "../app/clock";
import { Button } from "../design/Button";
import { Empty, Skeleton } from "../design/blocks";
import type { FlowRun } from "../gen/orch_proto/v1/flow_run_pb";
import type { TaskRun } from "../gen/orch_proto/v1/task_run_pb";
import { Axis } from "./Axis";
import { Edges } from "./Edges";
import { Minimap } from "./Minimap";
import { fitsFilter, NO_FILTER, type TaskFilter, TimelineFilter } from "./TimelineFilter";
import { TimelineRow } from "./TimelineRow";
import { barsOf, spanOf } from "./timelineModel";
import { useWheelZoom, useZoom, zoomKey } from "./useZoom";
import "./timeline.css";

/** The height of a row, in pixels; timeline.css knows it, too. */
export const ROW_PX = 30;
const MINIMAP_FROM = 12;

type TimelineProps = {
  run: FlowRun;
  tasks: TaskRun[];
  loaded: boolean;
  selected: string;
  onSelect: (taskRunId: string) => void;
};

/** The card with the timeline. */
export function Timeline({ run, tasks, loaded, selected, onSelect }: TimelineProps) {
  const [filter, setFilter] = useState<TaskFilter>(NO_FILTER);
  const moment = useNow();
  const bars = useMemo(() => barsOf(tasks), [tasks]);
  const shown = useMemo(() => bars.filter((bar) => fitsFilter(bar, filter)), [bars, filter]);
  const over = isEnded(run.state);
  const runStart = millis(run.startTime);
  const runEnd = over ? millis(run.endTime) : moment;
  const whole = useMemo(() => spanOf(bars, runStart, runEnd), [bars, runStart, runEnd]);
  const zoom = useZoom(whole);
  const now = over ? whole.to : moment;
  return (
    <section className="card" aria-label="Timeline">
      <div className="card-head">
        <h2>Timeline</h2>
        <TimelineFilter bars={bars} filter={filter} onChange={setFilter} />
        <span className="zoom-buttons">
          <Button
            kind="quiet"
            size="small"
            icon="minus"
            aria-label="Zoom out"
            disabled={zoom.isWhole}
            onClick={() => zoom.by(2)}
          />
          <Button kind="quiet" size="small" icon="plus" aria-label="Zoom in" onClick={() => zoom.by(0.5)} />
          <Button kind="quiet" size="small" disabled={zoom.isWhole} onClick={() => zoom.show(undefined)}>
            Show all
          </Button>
        </span>
      </div>
      {bars.length === 0 ? (
        <NoTasks loaded={loaded} over={over} />
      ) : (
        <>
          {bars.length >= MINIMAP_FROM && (
            <Minimap bars={bars} whole={whole} view={zoom.view} now={now} onShow={zoom.show} />
          )}
          <Rows
            bars={shown}
            zoom={zoom}
            origin={whole.from}
            now={now}
            selected={selected}
            onSelect={onSelect}
          />
        </>
      )}
    </section>
  );
}

function NoTasks({ loaded, over }: { loaded: boolean; over: boolean }) {
  if (!loaded) return <Skeleton lines={3} />;
  return (
    <Empty title={over ? "This run had no tasks." : "No task has begun yet."}>
      <p>{over ? "What its flow did itself is in the log." : "Tasks appear here as they are called."}</p>
    </Empty>
  );
}

type RowsProps = {
  bars: ReturnType<typeof barsOf>;
  zoom: ReturnType<typeof useZoom>;
  origin: number;
  now: number;
  selected: string;
  onSelect: (taskRunId: string) => void;
};

function Rows({ bars, zoom, origin, now, selected, onSelect }: RowsProps) {
  const frame = useRef<HTMLDivElement>(null);
  const track = useRef<HTMLDivElement>(null);
  const label = useId();
  const places = useMemo(() => new Map(bars.map((bar, index) => [bar.id, index])), [bars]);
  const virtual = useVirtualizer({
    count: bars.length,
    getScrollElement: () => frame.current,
    estimateSize: () => ROW_PX,
    overscan: 5,
  });
  useWheelZoom(track, zoom);
  const place = places.get(selected);
  useEffect(() => {
    if (place !== undefined) virtual.scrollToIndex(place, { align: "auto" });
  }, [place, virtual]);

  const onKey = (event: KeyboardEvent) => {
    const next = nextPlace(event.key, place ?? -1, bars.length);
    const bar = next === undefined ? undefined : bars[next];
    if (bar) onSelect(bar.id);
    else if (event.ctrlKey || event.metaKey || !zoomKey(event.key, zoom)) return;
    event.preventDefault();
  };
  const items = virtual.getVirtualItems();
  return (
    <div className="timeline" ref={track}>
      <Axis view={zoom.view} origin={origin} />
      <div
        className="timeline-rows"
        ref={frame}
        role="listbox"
        aria-label={`Task runs, ${bars.length}`}
        tabIndex={0}
        aria-activedescendant={place === undefined ? undefined : `${label}-${place}`}
        onKeyDown={onKey}
      >
        <div role="presentation" style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {items.map((item) => {
            const bar = bars[item.index];
            return (
              bar && (
                <TimelineRow
                  key={bar.id}
                  id={`${label}-${item.index}`}
                  bar={bar}
                  view={zoom.view}
                  now={now}
                  top={item.start}
                  place={item.index + 1}
                  total={bars.length}
                  selected={bar.id === selected}
                  onSelect={onSelect}
                />
              )
            );
          })}
          <Edges
            bars={bars}
            places={places}
            first={items[0]?.index ?? 0}
            last={items.at(-1)?.index ?? 0}
            view={zoom.view}
            now={now}
            selected={selected}
          />
        </div>
      </div>
    </div>
  );
}

const PAGE_ROWS = 10;

function nextPlace(key: string, place: number, count: number): number | undefined {
  const wanted: Record<string, number> = {
    ArrowDown: place + 1,
    ArrowUp: Math.max(0, place - 1),
    PageDown: place + PAGE_ROWS,
    PageUp: Math.max(0, place - PAGE_ROWS),
    Home: 0,
    End: count - 1,
  };
  const next = wanted[key];
  return next === undefined ? undefined : Math.min(count - 1, next);
}
