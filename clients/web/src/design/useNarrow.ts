/** Whether the window is as narrow as a phone's. */
import { useSyncExternalStore } from "react";

const NARROW = window.matchMedia("(max-width: 760px)");

function subscribe(listener: () => void): () => void {
  NARROW.addEventListener("change", listener);
  return () => NARROW.removeEventListener("change", listener);
}

/** The same width at which the style sheets change. */
export const useNarrow = (): boolean => useSyncExternalStore(subscribe, () => NARROW.matches);
