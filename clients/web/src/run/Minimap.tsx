/** The whole timeline at a glance, on a canvas: drag over it to look closer. */
import { type PointerEvent, useEffect, useRef, useState } from "react";
import { theme } from "../app/preferences";
import type { Bar, Span } from "./timelineModel";

const HEIGHT = 48;
const LEAST_DRAG_PX = 4;

type MinimapProps = {
  bars: Bar[];
  whole: Span;
  view: Span;
  now: number;
  onShow: (span: Span | undefined) => void;
};

/** All bars, small; what the timeline shows is bright. */
export function Minimap({ bars, whole, view, now, onShow }: MinimapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [drag, setDrag] = useState<{ from: number; to: number }>();
  const width = useWidth(canvas);
  const chosenTheme = theme.use();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another theme has other colours
  useEffect(() => {
    if (canvas.current && width > 0) draw(canvas.current, bars, whole, now, width);
  }, [bars, whole, now, width, chosenTheme]);

  const at = (event: PointerEvent) => {
    const box = event.currentTarget.getBoundingClientRect();
    return (
      whole.from + Math.min(1, Math.max(0, (event.clientX - box.left) / box.width)) * (whole.to - whole.from)
    );
  };
  const finish = () => {
    if (!drag) return;
    const span = { from: Math.min(drag.from, drag.to), to: Math.max(drag.from, drag.to) };
    const isDrag = ((span.to - span.from) / (whole.to - whole.from)) * width >= LEAST_DRAG_PX;
    onShow(isDrag ? span : undefined);
    setDrag(undefined);
  };
  const shown = drag ? { from: Math.min(drag.from, drag.to), to: Math.max(drag.from, drag.to) } : view;
  const share = (time: number) => `${((time - whole.from) / (whole.to - whole.from)) * 100}%`;
  return (
    <div
      className="minimap"
      title="Drag to look closer, click to see all"
      aria-hidden="true"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        setDrag({ from: at(event), to: at(event) });
      }}
      onPointerMove={(event) => drag && setDrag({ ...drag, to: at(event) })}
      onPointerUp={finish}
      onPointerCancel={() => setDrag(undefined)}
    >
      <canvas ref={canvas} height={HEIGHT} />
      <div className="minimap-dim" style={{ left: 0, width: share(shown.from) }} />
      <div className="minimap-dim" style={{ left: share(shown.to), right: 0 }} />
    </div>
  );
}

function useWidth(canvas: { current: HTMLCanvasElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const frame = canvas.current?.parentElement;
    if (!frame) return;
    const observer = new ResizeObserver(() => setWidth(frame.clientWidth));
    observer.observe(frame);
    return () => observer.disconnect();
  }, [canvas]);
  return width;
}

function draw(canvas: HTMLCanvasElement, bars: Bar[], whole: Span, now: number, width: number): void {
  const density = window.devicePixelRatio || 1;
  canvas.width = Math.round(width * density);
  canvas.height = Math.round(HEIGHT * density);
  const context = canvas.getContext("2d");
  if (!context) return;
  context.scale(density, density);
  const colours = stateColours(canvas);
  const scale = width / (whole.to - whole.from);
  const rowHeight = HEIGHT / Math.max(1, bars.length);
  const thick = Math.max(1, Math.min(6, rowHeight * 0.8));
  for (const [index, bar] of bars.entries()) {
    if (bar.start === undefined) continue;
    const left = (bar.start - whole.from) * scale;
    context.fillStyle = colours(bar.word);
    context.fillRect(left, index * rowHeight, Math.max(1, ((bar.end ?? now) - bar.start) * scale), thick);
  }
}

/** The theme's colours, resolved: a canvas does not know custom properties. */
function stateColours(canvas: HTMLCanvasElement): (word: string) => string {
  const probe = document.createElement("span");
  canvas.parentElement?.append(probe);
  const known = new Map<string, string>();
  const colour = (word: string) => {
    const found = known.get(word);
    if (found) return found;
    probe.dataset.state = word;
    probe.style.color = "var(--state)";
    const resolved = getComputedStyle(probe).color;
    known.set(word, resolved);
    return resolved;
  };
  for (const word of [
    "SCHEDULED",
    "PENDING",
    "RUNNING",
    "PAUSED",
    "CANCELLING",
    "COMPLETED",
    "FAILED",
    "CANCELLED",
    "CRASHED",
  ])
    colour(word);
  probe.remove();
  return colour;
}
