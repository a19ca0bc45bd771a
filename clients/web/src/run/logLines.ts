/** Log entries as lines of text: for the screen, and for a file. */
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { plainText } from "../api/plainText";
import { type LogEntry, LogLevel } from "../gen/orch_proto/v1/log_pb";

/** Levels that can be chosen, and how they are called. */
export const LEVELS: [LogLevel, string][] = [
  [LogLevel.DEBUG, "Debug"],
  [LogLevel.INFO, "Info"],
  [LogLevel.WARNING, "Warning"],
  [LogLevel.ERROR, "Error"],
  [LogLevel.CRITICAL, "Critical"],
];

/** The word of a level; between two, the lower one's. */
export function levelWord(level: LogLevel): string {
  const value = level === LogLevel.UNSPECIFIED ? LogLevel.INFO : level;
  return (
    LEVELS.filter(([one]) => one <= value)
      .at(-1)?.[1]
      .toUpperCase() ?? "DEBUG"
  );
}

/** When an entry was said, in milliseconds since 1970. */
export const entryMs = ({ record }: LogEntry): number => (record?.time ? timestampMs(record.time) : 0);

/** A line of a downloaded log. */
export function fileLine(entry: LogEntry, taskName: string): string {
  const { record } = entry;
  const time = new Date(entryMs(entry)).toISOString();
  const who = taskName || record?.logger || entry.stream;
  return `${time} ${levelWord(record?.level ?? LogLevel.INFO).padEnd(8)} ${who}: ${plainText(record?.message ?? "")}\n`;
}
