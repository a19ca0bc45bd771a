/** What this browser remembers: theme, clocks, single-key shortcuts. */
import { useSyncExternalStore } from "react";

type Listener = () => void;

/** One remembered text. Where storage is forbidden, it lasts as long as the page. */
function preference(key: string, otherwise: string) {
  const listeners = new Set<Listener>();
  let value = read(key) ?? otherwise;
  const set = (next: string) => {
    value = next;
    write(key, next);
    for (const listener of listeners) listener();
  };
  const subscribe = (listener: Listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  return { get: () => value, set, use: () => useSyncExternalStore(subscribe, () => value) };
}

function read(key: string): string | null {
  try {
    return window.localStorage.getItem(key);
  } catch {
    return null; // storage is forbidden here
  }
}

function write(key: string, value: string): void {
  try {
    window.localStorage.setItem(key, value);
  } catch {
    // storage is forbidden here: the value lasts as long as the page
  }
}

/** "system", "light" or "dark". public/theme.js reads it before the first paint. */
export const theme = preference("orch.theme", "system");
/** Whose clocks: "local" or "utc". */
export const clocks = preference("orch.clocks", "local");
/** Whether single keys do things: "on" or "off". */
export const shortcuts = preference("orch.shortcuts", "on");
/** Whether long lines of logs are wrapped: "on" or "off". On a phone they are, unless somebody says otherwise. */
export const wrapping = preference(
  "orch.wrap",
  window.matchMedia("(max-width: 760px)").matches ? "on" : "off",
);

/** Show the theme that was chosen. */
export function applyTheme(chosen: string): void {
  const root = document.documentElement;
  if (chosen === "system") delete root.dataset.theme;
  else root.dataset.theme = chosen;
}
