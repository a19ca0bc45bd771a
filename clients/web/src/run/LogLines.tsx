/** The lines themselves: only those in sight are drawn, and the newest is followed until somebody scrolls up. */
import { useVirtualizer } from "@tanstack/react-virtual";
import { memo, type ReactNode, type RefObject, useEffect, useLayoutEffect, useRef, useState } from "react";
import { plainText } from "../api/plainText";
import { clockText, momentText } from "../app/clock";
import { clocks, wrapping } from "../app/preferences";
import { Button } from "../design/Button";
import { type LogEntry, LogLevel } from "../gen/orch_proto/v1/log_pb";
import type { LogFeed, LogStart, LogView } from "./logFeed";
import { entryMs, levelWord } from "./logLines";

const LINE_PX = 18;
const PADDING_PX = 6;
const NEAR_END_PX = 40;
/** So near to an edge the next page is read. */
const NEAR_PAGE_PX = 1500;

type LogLinesProps = {
  feed: LogFeed;
  view: LogView;
  start: LogStart;
  onStart: (start: LogStart) => void;
  text: string;
  taskName: (taskRunId: string) => string;
  onTask: ((taskRunId: string) => void) | undefined;
};

/** All lines that are held. */
export function LogLines({ feed, view, start, onStart, text, taskName, onTask }: LogLinesProps) {
  const frame = useRef<HTMLDivElement>(null);
  const wraps = wrapping.use() === "on";
  const zone = clocks.use();
  const [following, setFollowing] = useState(start === "end");
  const { entries } = view;
  const virtual = useVirtualizer({
    count: entries.length,
    getScrollElement: () => frame.current,
    estimateSize: (index) => LINE_PX * linesIn(entries[index]) + PADDING_PX,
    getItemKey: (index) => keyOf(entries[index], index),
    overscan: 8,
  });
  useStillness(frame, keyOf(entries[0], 0), virtual.getTotalSize());
  const newest = keyOf(entries.at(-1), entries.length);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the newest line is what is followed
  useEffect(() => {
    if (following && entries.length > 0) virtual.scrollToIndex(entries.length - 1, { align: "end" });
  }, [following, newest, virtual]);
  const onScroll = () => {
    const element = frame.current;
    if (!element) return;
    const below = element.scrollHeight - element.scrollTop - element.clientHeight;
    setFollowing(below < NEAR_END_PX && !view.newer);
    if (element.scrollTop < NEAR_PAGE_PX) feed.loadOlder();
    if (below < NEAR_PAGE_PX) feed.loadNewer();
  };
  return (
    <>
      <div
        className="log"
        ref={frame}
        data-wrap={wraps}
        role="log"
        aria-label="Lines"
        aria-live="off"
        tabIndex={0}
        onScroll={onScroll}
      >
        <div style={{ height: virtual.getTotalSize(), position: "relative" }}>
          {virtual.getVirtualItems().map((item) => {
            const entry = entries[item.index];
            return (
              entry && (
                <div
                  key={item.key}
                  ref={virtual.measureElement}
                  data-index={item.index}
                  className="log-place"
                  style={{ transform: `translateY(${item.start}px)` }}
                >
                  <Line
                    entry={entry}
                    text={text}
                    zone={zone}
                    name={taskName(entry.record?.taskRunId ?? "")}
                    onTask={onTask}
                  />
                </div>
              )
            );
          })}
        </div>
      </div>
      <Foot
        view={view}
        following={following}
        onEnd={() => (view.newer ? onStart("end") : setFollowing(true))}
        onBeginning={() => onStart("beginning")}
      />
    </>
  );
}

/** What is in sight stays where it is when lines come above it. */
function useStillness(
  frame: RefObject<HTMLDivElement | null>,
  firstKey: string | number,
  height: number,
): void {
  const before = useRef({ firstKey, height });
  useLayoutEffect(() => {
    const { firstKey: oldKey, height: oldHeight } = before.current;
    if (frame.current && oldKey !== firstKey && height > oldHeight)
      frame.current.scrollTop += height - oldHeight;
    before.current = { firstKey, height };
  }, [frame, firstKey, height]);
}

const keyOf = (entry: LogEntry | undefined, index: number): string | number =>
  entry ? `${entry.stream}\u0000${entry.offset}` : index;

function linesIn(entry: LogEntry | undefined): number {
  const message = entry?.record?.message ?? "";
  let count = 1;
  for (let at = message.indexOf("\n"); at >= 0 && at < message.length - 1; at = message.indexOf("\n", at + 1))
    count += 1;
  return count;
}

type FootProps = { view: LogView; following: boolean; onEnd: () => void; onBeginning: () => void };

function Foot({ view, following, onEnd, onBeginning }: FootProps) {
  const isPart = view.older !== "none" || view.newer;
  return (
    <div className="log-foot muted numeric">
      <span>
        {isPart && (view.newer ? "The first " : "The last ")}
        {view.entries.length.toLocaleString("en")} {view.entries.length === 1 ? "line" : "lines"}
      </span>
      {view.phase === "reading" && <span>Searching…</span>}
      {view.phase === "live" && !view.newer && <span className="live">Live</span>}
      <span className="push">
        {view.older !== "none" && (
          <Button kind="quiet" size="small" icon="up" onClick={onBeginning}>
            To the beginning
          </Button>
        )}
        {(!following || view.newer) && (
          <Button kind="quiet" size="small" icon="down" onClick={onEnd}>
            To the end
          </Button>
        )}
      </span>
    </div>
  );
}

type LineProps = {
  entry: LogEntry;
  text: string;
  zone: string;
  name: string;
  onTask: ((taskRunId: string) => void) | undefined;
};

const Line = memo(function Line({ entry, text, zone, name, onTask }: LineProps) {
  const record = entry.record;
  const level = levelWord(record?.level ?? LogLevel.INFO);
  const at = entryMs(entry);
  const taskRunId = record?.taskRunId ?? "";
  return (
    <div className="log-line" data-level={level}>
      <time
        dateTime={new Date(at).toISOString()}
        title={`${momentText(at, zone)}, ${record?.logger || entry.stream}`}
      >
        {clockText(at, zone)}
      </time>
      <span className="log-level">{level}</span>
      {taskRunId && onTask ? (
        <button type="button" className="log-task cut" onClick={() => onTask(taskRunId)} title={name}>
          {name || "task"}
        </button>
      ) : (
        <span className="log-task cut" title={record?.logger}>
          {name}
        </span>
      )}
      <span className="log-message">{marked(plainText(record?.message ?? ""), text)}</span>
    </div>
  );
});

/** The message, with what is searched for marked. */
function marked(message: string, text: string): ReactNode {
  if (!text) return message;
  const lower = message.toLowerCase();
  const wanted = text.toLowerCase();
  const parts: ReactNode[] = [];
  let done = 0;
  for (let at = lower.indexOf(wanted); at >= 0; at = lower.indexOf(wanted, done)) {
    parts.push(message.slice(done, at), <mark key={at}>{message.slice(at, at + wanted.length)}</mark>);
    done = at + wanted.length;
  }
  return [...parts, message.slice(done)];
}
