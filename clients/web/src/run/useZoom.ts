/** Which part of the whole span a timeline shows: all of it, until somebody looks closer. */
import { type RefObject, useCallback, useEffect, useMemo, useState } from "react";
import { moved, type Span, zoomed } from "./timelineModel";

const WHEEL_FACTOR = 1.0022;
const PAN_SHARE = 0.15;

export type Zoom = {
  view: Span;
  isWhole: boolean;
  /** Show a span; undefined: all. */
  show: (span: Span | undefined) => void;
  /** Zoom by a factor around the middle, or around a moment. */
  by: (factor: number, around?: number) => void;
  /** Move by shares of what is shown. */
  pan: (share: number) => void;
};

/** The view on a span, with the ways to change it. */
export function useZoom(whole: Span): Zoom {
  const [chosen, setChosen] = useState<Span>();
  const view = useMemo(() => (chosen ? moved(chosen, whole, 0) : whole), [chosen, whole]);
  const by = useCallback(
    (factor: number, around = (view.from + view.to) / 2) => {
      const next = zoomed(view, whole, factor, around);
      setChosen(next.to - next.from >= whole.to - whole.from ? undefined : next);
    },
    [view, whole],
  );
  const pan = useCallback(
    (share: number) => setChosen((now) => now && moved(now, whole, share * (now.to - now.from))),
    [whole],
  );
  return { view, isWhole: chosen === undefined, show: setChosen, by, pan };
}

/** Ctrl or ⌘ and the wheel zoom; the wheel sideways, or with Shift, moves. */
export function useWheelZoom(track: RefObject<HTMLElement | null>, zoom: Zoom): void {
  useEffect(() => {
    const element = track.current;
    if (!element) return;
    const onWheel = (event: WheelEvent) => {
      const sideways = event.shiftKey ? event.deltaY : event.deltaX;
      if (event.ctrlKey || event.metaKey) {
        const box = element.getBoundingClientRect();
        const share = (event.clientX - box.left) / box.width;
        zoom.by(WHEEL_FACTOR ** event.deltaY, zoom.view.from + share * (zoom.view.to - zoom.view.from));
      } else if (Math.abs(sideways) > Math.abs(event.shiftKey ? 0 : event.deltaY) && !zoom.isWhole) {
        zoom.pan(sideways / element.clientWidth);
      } else return;
      event.preventDefault();
    };
    element.addEventListener("wheel", onWheel, { passive: false });
    return () => element.removeEventListener("wheel", onWheel);
  }, [track, zoom]);
}

/** + and − zoom, arrows sideways move, 0 shows all. Answers whether the key was one of them. */
export function zoomKey(key: string, zoom: Zoom): boolean {
  if (key === "+" || key === "=") zoom.by(0.5);
  else if (key === "-") zoom.by(2);
  else if (key === "0") zoom.show(undefined);
  else if (key === "ArrowLeft") zoom.pan(-PAN_SHARE);
  else if (key === "ArrowRight") zoom.pan(PAN_SHARE);
  else return false;
  return true;
}
