/** Which tasks the timeline shows: by name, and by state. */
import { STATE_TYPES, type StateWord, stateWord, typeName } from "../api/states";
import { StateMark } from "../design/StateBadge";
import type { Bar } from "./timelineModel";

export type TaskFilter = { text: string; words: StateWord[]; superseded: boolean };

/** Every task but those that a rerun has superseded. */
export const NO_FILTER: TaskFilter = { text: "", words: [], superseded: false };

/** Whether a bar is shown. */
export function fitsFilter(bar: Bar, filter: TaskFilter): boolean {
  if (bar.task.superseded && !filter.superseded) return false;
  if (filter.words.length > 0 && !filter.words.includes(bar.word)) return false;
  return filter.text === "" || bar.name.toLowerCase().includes(filter.text.toLowerCase());
}

type Props = { bars: Bar[]; filter: TaskFilter; onChange: (filter: TaskFilter) => void };

/** A field for the name, and a button for each state that there is. */
export function TimelineFilter({ bars, filter, onChange }: Props) {
  const counts = new Map<StateWord, number>();
  for (const bar of bars)
    if (!bar.task.superseded || filter.superseded) counts.set(bar.word, (counts.get(bar.word) ?? 0) + 1);
  const toggle = (word: StateWord) =>
    onChange({
      ...filter,
      words: filter.words.includes(word)
        ? filter.words.filter((one) => one !== word)
        : [...filter.words, word],
    });
  const hasSuperseded = bars.some((bar) => bar.task.superseded);
  return (
    <>
      {STATE_TYPES.map((type) => {
        const word = stateWord(type);
        const count = counts.get(word);
        if (!count) return null;
        return (
          <button
            key={word}
            type="button"
            className="button count-button numeric"
            data-kind="quiet"
            data-size="small"
            aria-pressed={filter.words.includes(word)}
            title={typeName(type)}
            onClick={() => toggle(word)}
          >
            <StateMark word={word} />
            {count.toLocaleString("en")}
            <span className="visually-hidden">{typeName(type)}</span>
          </button>
        );
      })}
      {hasSuperseded && (
        <label className="choice muted">
          <input
            type="checkbox"
            checked={filter.superseded}
            onChange={() => onChange({ ...filter, superseded: !filter.superseded })}
          />
          Superseded
        </label>
      )}
      <input
        type="text"
        className="task-find"
        placeholder="Find a task…"
        aria-label="Find a task"
        value={filter.text}
        onChange={(event) => onChange({ ...filter, text: event.target.value })}
      />
    </>
  );
}
