/** Whether the control plane answers. Pages need not care: calls are tried again, and what is shown stays. */
import { useSyncExternalStore } from "react";

type Listener = () => void;

let lost = false;
const listeners = new Set<Listener>();

/** Say what the newest call found. */
export function reportConnection(alive: boolean): void {
  if (lost === !alive) return;
  lost = !alive;
  for (const listener of listeners) listener();
}

/** Hear of each change; answers with what ends it. */
export function onConnection(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Whether the newest call found nobody. */
export const isLost = (): boolean => lost;

/** The same, for components. */
export const useConnectionLost = (): boolean => useSyncExternalStore(onConnection, isLost);
