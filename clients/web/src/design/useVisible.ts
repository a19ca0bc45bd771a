/** Whether anybody can see the page: nothing is asked for where nobody looks. */
import { useEffect, useRef, useSyncExternalStore } from "react";

function subscribe(listener: () => void): () => void {
  document.addEventListener("visibilitychange", listener);
  return () => document.removeEventListener("visibilitychange", listener);
}

/** Whether the tab is in front. */
export const useVisible = (): boolean => useSyncExternalStore(subscribe, () => !document.hidden);

/** Calls again and again while the tab is in front: the next call comes `pauseMs` after the one before has ended. */
export function useRepeated(call: () => Promise<void>, pauseMs: number, enabled = true): void {
  const visible = useVisible();
  const newest = useRef(call);
  newest.current = call;
  useEffect(() => {
    if (!visible || !enabled) return;
    let timer: number | undefined;
    let stopped = false;
    const run = async () => {
      await newest.current();
      if (!stopped) timer = window.setTimeout(run, pauseMs);
    };
    void run();
    return () => {
      stopped = true;
      window.clearTimeout(timer);
    };
  }, [visible, enabled, pauseMs]);
}
