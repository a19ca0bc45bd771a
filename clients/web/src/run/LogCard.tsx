/** The log of a run: live, searched, filtered, downloaded. */
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { errorText } from "../api/errors";
import { wrapping } from "../app/preferences";
import { Button } from "../design/Button";
import { Empty, Failed, Skeleton, Trouble } from "../design/blocks";
import { tell } from "../design/toasts";
import { useTyped } from "../design/useTyped";
import { useVisible } from "../design/useVisible";
import { LogLevel } from "../gen/orch_proto/v1/log_pb";
import { downloadLog } from "./downloadLog";
import { LogLines } from "./LogLines";
import { LogFeed, type LogFilter, type LogStart } from "./logFeed";
import { LEVELS } from "./logLines";
import "./log.css";

type LogCardProps = {
  flowRunId: string;
  runName: string;
  /** Only lines of this task run; empty: of all. */
  taskRunId: string;
  taskName: (taskRunId: string) => string;
  onTask?: (taskRunId: string) => void;
  onAllTasks?: () => void;
  /** When the task run was created: its lines are found faster. */
  taskTime?: Timestamp | undefined;
  /** Of the run: another attempt goes on with a log that had ended. */
  attempt: number;
};

/** The card with the log. */
export function LogCard({
  flowRunId,
  runName,
  taskRunId,
  taskName,
  onTask,
  onAllTasks,
  taskTime,
  attempt,
}: LogCardProps) {
  const [start, setStart] = useState<LogStart>("end");
  const [level, setLevel] = useState<LogLevel>(LogLevel.DEBUG);
  const [text, setText] = useState("");
  const [typed, type] = useTyped(text, setText);
  const filter = useMemo<LogFilter>(
    () => ({ minLevel: level, text, taskRunId, ...(taskRunId && taskTime ? { timeFrom: taskTime } : {}) }),
    [level, text, taskRunId, taskTime],
  );
  const isFiltered = level !== LogLevel.DEBUG || text !== "" || taskRunId !== "";
  return (
    <section className="card log-card" aria-label="Log">
      <div className="card-head">
        <h2>Log</h2>
        {taskRunId && onAllTasks && (
          <Button size="small" icon="close" aria-label="Show the lines of all tasks" onClick={onAllTasks}>
            <span className="cut log-only">{taskName(taskRunId) || "one task"}</span>
          </Button>
        )}
        <input
          type="search"
          className="log-search"
          placeholder="Search the log…"
          aria-label="Search the log"
          value={typed}
          onChange={(event) => type(event.target.value)}
        />
        <select
          data-size="small"
          aria-label="Level"
          value={level}
          onChange={(event) => setLevel(Number(event.target.value))}
        >
          {LEVELS.map(([value, label]) => (
            <option key={value} value={value}>
              {value === LogLevel.DEBUG ? "All levels" : `${label} and above`}
            </option>
          ))}
        </select>
        <WrapButton />
        <DownloadButton
          wish={{ flowRunId, filter, taskName, fileName: `${runName.replace(/[^\w-]+/g, "_")}.log` }}
          isFiltered={isFiltered}
        />
      </div>
      <LiveLines
        key={`${start} ${level} ${attempt} ${taskRunId} ${text}`}
        flowRunId={flowRunId}
        start={start}
        onStart={setStart}
        filter={filter}
        isFiltered={isFiltered}
        text={text}
        taskName={taskName}
        onTask={onTask}
      />
    </section>
  );
}

function WrapButton() {
  const on = wrapping.use() === "on";
  return (
    <Button
      kind="quiet"
      size="small"
      icon="wrap"
      aria-label="Wrap long lines"
      aria-pressed={on}
      onClick={() => wrapping.set(on ? "off" : "on")}
    />
  );
}

type Wish = Omit<Parameters<typeof downloadLog>[0], "onProgress">;

function DownloadButton({ wish, isFiltered }: { wish: Wish; isFiltered: boolean }) {
  const [lines, setLines] = useState<number>();
  const go = async () => {
    setLines(0);
    try {
      await downloadLog({ ...wish, onProgress: setLines });
    } catch (error) {
      tell(`The log could not be downloaded. ${errorText(error)}`, "FAILED");
    }
    setLines(undefined);
  };
  const label = isFiltered ? "Download the lines that are found" : "Download the log";
  return (
    <Button
      kind="quiet"
      size="small"
      icon="download"
      aria-label={label}
      disabled={lines !== undefined}
      onClick={go}
    >
      {lines !== undefined && <span className="numeric">{lines.toLocaleString("en")}</span>}
    </Button>
  );
}

type LiveLinesProps = {
  flowRunId: string;
  start: LogStart;
  onStart: (start: LogStart) => void;
  filter: LogFilter;
  isFiltered: boolean;
  text: string;
  taskName: (taskRunId: string) => string;
  onTask: ((taskRunId: string) => void) | undefined;
};

function LiveLines({
  flowRunId,
  start,
  onStart,
  filter,
  isFiltered,
  text,
  taskName,
  onTask,
}: LiveLinesProps) {
  // biome-ignore lint/correctness/useExhaustiveDependencies: another filter makes another LiveLines
  const feed = useMemo(() => new LogFeed(flowRunId, filter, start), [flowRunId, start]);
  const view = useSyncExternalStore(feed.subscribe, feed.current);
  const visible = useVisible();
  useEffect(() => (visible ? feed.start() : undefined), [feed, visible]);

  if (view.entries.length > 0) {
    return (
      <>
        <LogLines
          feed={feed}
          view={view}
          start={start}
          onStart={onStart}
          text={text}
          taskName={taskName}
          onTask={onTask}
        />
        <Trouble error={view.error} what="log" again={feed.goOn} />
      </>
    );
  }
  if (view.error !== undefined) return <Failed error={view.error} what="log" again={feed.goOn} />;
  if (view.phase === "reading") return <Skeleton lines={5} />;
  if (isFiltered) return <Empty title={view.phase === "ended" ? "No line fits." : "No line fits so far."} />;
  return (
    <Empty title={view.phase === "ended" ? "This run has no log." : "Nothing has been said yet."}>
      <p>
        {view.phase === "ended"
          ? "Flows write one with get_run_logger(), or log_prints=True."
          : "Lines appear here as they come."}
      </p>
    </Empty>
  );
}
