/** Single keys: where to go, and what to look for. They can be turned off (WCAG 2.1.4). */
import { useEffect } from "react";
import { Dialog } from "../design/Dialog";
import { shortcuts } from "./preferences";
import { navigate } from "./router";

const PLACES: Record<string, [string, string]> = {
  o: ["/", "Overview"],
  r: ["/runs", "Runs"],
  f: ["/flows", "Flows"],
  d: ["/deployments", "Deployments"],
  s: ["/schedules", "Schedules"],
  p: ["/pools", "Work pools"],
  w: ["/workers", "Workers"],
  l: ["/leases", "Leases"],
};
const CHORD_MS = 1500;

/** Heed the keys as long as the frame is there. */
export function useShortcuts(onHelp: () => void): void {
  useEffect(() => {
    let going = 0;
    const onKey = (event: KeyboardEvent) => {
      if (shortcuts.get() !== "on" || isTyping(event)) return;
      if (event.key === "?") onHelp();
      else if (event.key === "/") focusSearch(event);
      else if (event.key === "g") going = event.timeStamp;
      else if (event.timeStamp - going < CHORD_MS) {
        going = 0;
        const place = PLACES[event.key];
        if (place) navigate(place[0]);
      }
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, [onHelp]);
}

function isTyping(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return true;
  const target = event.target;
  return (
    target instanceof HTMLElement && target.closest("input:not([type=checkbox]), textarea, select") !== null
  );
}

function focusSearch(event: KeyboardEvent): void {
  const field = document.querySelector<HTMLInputElement>("input[type=search]");
  if (!field) return;
  event.preventDefault();
  field.focus();
  field.select();
}

/** What the keys do, and the switch for them. */
export function ShortcutHelp({ onClose }: { onClose: () => void }) {
  const on = shortcuts.use() === "on";
  return (
    <Dialog title="Keyboard" onClose={onClose}>
      <table className="table">
        <tbody>
          {Object.entries(PLACES).map(([key, [, label]]) => (
            <tr key={key}>
              <td>
                <kbd>g</kbd> <kbd>{key}</kbd>
              </td>
              <td>{label}</td>
            </tr>
          ))}
          <tr>
            <td>
              <kbd>/</kbd>
            </td>
            <td>Search or filter this page</td>
          </tr>
          <tr>
            <td>
              <kbd>?</kbd>
            </td>
            <td>This list</td>
          </tr>
        </tbody>
      </table>
      <p className="muted">In the timeline: arrows move from task to task, + and − zoom, 0 shows all.</p>
      <label className="choice">
        <input type="checkbox" checked={on} onChange={() => shortcuts.set(on ? "off" : "on")} />
        Use single-key shortcuts
      </label>
    </Dialog>
  );
}
