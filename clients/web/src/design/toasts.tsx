/** Short news in the corner: what was done, what went wrong. Said aloud by screen readers. */
import { useSyncExternalStore } from "react";
import type { StateWord } from "../api/states";
import { Button } from "./Button";
import { StateMark } from "./StateBadge";

type Toast = { id: number; text: string; state: StateWord };

const SHOWN_MS = 7000;
let toasts: Toast[] = [];
let newest = 0;
const listeners = new Set<() => void>();

function set(next: Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/** Tell people something. Bad news stays until it is closed. */
export function tell(text: string, state: "COMPLETED" | "FAILED" = "COMPLETED"): void {
  newest += 1;
  const id = newest;
  set([...toasts.slice(-4), { id, text, state }]);
  if (state === "COMPLETED") window.setTimeout(() => dismiss(id), SHOWN_MS);
}

function dismiss(id: number): void {
  set(toasts.filter((toast) => toast.id !== id));
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Where news appear. */
export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((toast) => (
        <div className="toast" key={toast.id}>
          <StateMark word={toast.state} />
          <p>{toast.text}</p>
          <Button
            kind="quiet"
            size="small"
            icon="close"
            aria-label="Dismiss"
            onClick={() => dismiss(toast.id)}
          />
        </div>
      ))}
    </div>
  );
}
