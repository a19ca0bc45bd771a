/** All runs: filtered, live, as many as there are. */
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import {
  type MouseEvent,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore,
} from "react";
import { useQueryString } from "../app/router";
import { Button, ButtonLink } from "../design/Button";
import { Empty, Failed, PageHead, Skeleton, Trouble } from "../design/blocks";
import { useNarrow } from "../design/useNarrow";
import { useRepeated } from "../design/useVisible";
import type { FlowRun } from "../gen/orch_proto/v1/flow_run_pb";
import { BulkBar } from "./BulkBar";
import { FilterBar } from "./FilterBar";
import { filterKey, isFiltered } from "./filter";
import { RunRow } from "./RunRow";
import { RunList } from "./runList";
import "./runs.css";

const REFRESH_MS = 2000;
const ROW_PX = 58;
const NARROW_ROW_PX = 90;

/** The page of runs. */
export default function RunsPage() {
  const [query] = useQueryString();
  const key = filterKey(query);
  return (
    <div className="page">
      <PageHead
        title="Runs"
        actions={
          <ButtonLink to="/deployments" icon="play">
            Run a deployment
          </ButtonLink>
        }
      />
      <FilterBar />
      <LiveList key={key} query={query} />
    </div>
  );
}

function LiveList({ query }: { query: URLSearchParams }) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter makes another LiveList
  const list = useMemo(() => new RunList(query), []);
  const view = useSyncExternalStore(list.subscribe, list.current);
  const choice = useChoice(view.runs);
  const inSight = useRef<FlowRun[]>([]);
  useRepeated(() => list.refresh(inSight.current), REFRESH_MS);
  const again = () => void list.refresh(inSight.current);

  if (!view.loaded) {
    if (view.error) return <Failed error={view.error} what="list of runs" again={again} />;
    return <Skeleton lines={8} />;
  }
  const trouble = (
    <Trouble error={view.error} what="list of runs" again={() => void list.loadOlder().then(again)} />
  );
  if (view.runs.length === 0)
    return (
      <>
        {trouble}
        <NoRuns filtered={isFiltered(query)} />
      </>
    );
  return (
    <>
      {trouble}
      {choice.runs.length > 0 && (
        <BulkBar
          chosen={choice.runs}
          onClear={choice.clear}
          onDone={() => {
            choice.clear();
            again();
          }}
        />
      )}
      <div className="card run-table" role="table" aria-label="Runs" aria-rowcount={-1}>
        <Head choice={choice} />
        <Rows
          runs={view.runs}
          choice={choice}
          inSight={inSight}
          // After a refusal, only when somebody asks for it.
          onEnd={() => view.more && view.error === undefined && void list.loadOlder()}
        />
      </div>
      <p className="muted numeric" role="status">
        {view.more ? (
          <>
            The newest {view.runs.length.toLocaleString("en")} are shown.{" "}
            <Button size="small" onClick={() => void list.loadOlder()}>
              Show older ones
            </Button>
          </>
        ) : (
          `${view.runs.length.toLocaleString("en")} in all.`
        )}
      </p>
    </>
  );
}

function NoRuns({ filtered }: { filtered: boolean }) {
  if (filtered) {
    return (
      <Empty icon="filter" title="No run fits this filter.">
        <p>Take a condition away, or look at a longer time.</p>
        <ButtonLink to="/runs">Show all runs</ButtonLink>
      </Empty>
    );
  }
  return (
    <Empty icon="runs" title="Nothing has run yet.">
      <p>Deploy a flow and run it, or run a script with ORCH_API_URL set to this control plane.</p>
      <pre>{"orch deploy etl.py:etl\norch run etl/etl --watch"}</pre>
    </Empty>
  );
}

type Choice = {
  runs: FlowRun[];
  has: (run: FlowRun) => boolean;
  toggle: (run: FlowRun, event: MouseEvent) => void;
  all: boolean;
  toggleAll: () => void;
  clear: () => void;
};

/** Which rows are chosen; with Shift, all between two. */
function useChoice(runs: FlowRun[]): Choice {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const last = useRef("");
  const newest = useRef(runs);
  newest.current = runs;
  const chosen = useMemo(() => runs.filter((run) => ids.has(run.flowRunId)), [runs, ids]);
  // The same function for ever, so that rows need not be drawn anew.
  const toggle = useCallback(({ flowRunId }: FlowRun, event: MouseEvent) => {
    const range = event.shiftKey ? between(newest.current, last.current, flowRunId) : [flowRunId];
    last.current = flowRunId;
    setIds((before) => {
      const next = new Set(before);
      for (const id of range) before.has(flowRunId) ? next.delete(id) : next.add(id);
      return next;
    });
  }, []);
  const all = runs.length > 0 && chosen.length === runs.length;
  return {
    runs: chosen,
    has: (run) => ids.has(run.flowRunId),
    toggle,
    all,
    toggleAll: () => setIds(all ? new Set() : new Set(runs.map((run) => run.flowRunId))),
    clear: () => setIds(new Set()),
  };
}

function between(runs: FlowRun[], from: string, to: string): string[] {
  const ids = runs.map((run) => run.flowRunId);
  const places = [Math.max(0, ids.indexOf(from)), ids.indexOf(to)].sort((a, b) => a - b);
  return ids.slice(places[0], (places[1] ?? 0) + 1);
}

function Head({ choice }: { choice: Choice }) {
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (box.current) box.current.indeterminate = choice.runs.length > 0 && !choice.all;
  });
  return (
    <div role="rowgroup">
      <div className="run-row run-head" role="row" data-choosable="true">
        <span role="columnheader" className="choose">
          <input
            ref={box}
            type="checkbox"
            aria-label="Choose all shown"
            checked={choice.all}
            onChange={choice.toggleAll}
          />
        </span>
        <span role="columnheader" className="run-state">
          State
        </span>
        <span role="columnheader" className="run-what">
          Run
        </span>
        <span role="columnheader" className="run-why">
          Why
        </span>
        <span role="columnheader" className="run-when">
          Start, length
        </span>
      </div>
    </div>
  );
}

function Rows({
  runs,
  choice,
  inSight,
  onEnd,
}: {
  runs: FlowRun[];
  choice: Choice;
  inSight: { current: FlowRun[] };
  onEnd: () => void;
}) {
  const frame = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the bar above appears with the first choice
  useLayoutEffect(
    () => setTop((frame.current?.getBoundingClientRect().top ?? 0) + window.scrollY),
    [choice.runs.length === 0],
  );
  const rowPx = useNarrow() ? NARROW_ROW_PX : ROW_PX;
  const virtual = useWindowVirtualizer({
    count: runs.length,
    estimateSize: () => rowPx,
    overscan: 8,
    scrollMargin: top,
    getItemKey: (index) => runs[index]?.flowRunId ?? index,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: other heights are measured anew
  useEffect(() => virtual.measure(), [virtual, rowPx]);
  const items = virtual.getVirtualItems();
  const lastShown = items.at(-1)?.index ?? 0;
  useEffect(() => {
    inSight.current = items.flatMap(({ index }) => runs[index] ?? []);
    if (lastShown >= runs.length - 20) onEnd();
  });
  return (
    <div ref={frame} role="rowgroup" style={{ position: "relative", height: virtual.getTotalSize() }}>
      {items.map((item) => {
        const run = runs[item.index];
        if (!run) return null;
        return (
          <RunRow
            key={item.key}
            run={run}
            chosen={choice.has(run)}
            onChoose={choice.toggle}
            top={item.start - top}
            height={item.size}
          />
        );
      })}
    </div>
  );
}
