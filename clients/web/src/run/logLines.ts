/** Log entries as lines of text: for the screen, and for a file. */
import { timestampMs } from "@bufbuild/protobuf/wkt";
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

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const ESCAPE_SEQUENCES = /\u001b\[[0-9;?]*[ -/]*[@-~]/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** A message as harmless text: colours of terminals are dropped, other control characters shown. */
export function plainMessage(message: string): string {
  return message.replace(ESCAPE_SEQUENCES, "").replace(/\r\n?/g, "\n").replace(CONTROLS, picture);
}

const PICTURES = 0x2400;

function picture(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x20 ? String.fromCharCode(PICTURES + code) : "\ufffd";
}

/** When an entry was said, in milliseconds since 1970. */
export const entryMs = ({ record }: LogEntry): number => (record?.time ? timestampMs(record.time) : 0);

/** A line of a downloaded log. */
export function fileLine(entry: LogEntry, taskName: string): string {
  const { record } = entry;
  const time = new Date(entryMs(entry)).toISOString();
  const who = taskName || record?.logger || entry.stream;
  return `${time} ${levelWord(record?.level ?? LogLevel.INFO).padEnd(8)} ${who}: ${plainMessage(record?.message ?? "")}\n`;
}
