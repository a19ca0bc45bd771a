/** Icons: lines on a 16 × 16 grid. They decorate; what they mean is said in words beside them. */
const PATHS = {
  overview: "M2 9h4V2H2zM2 14h4v-2H2zM9 14h5V8H9zM9 2v3h5V2z",
  runs: "M2 4h7M5 8h9M3 12h6",
  flow: "M4 6V4.5M4 6a2 2 0 0 1 2 2h4M4 6v6M10 8a2 2 0 1 0 4 0 2 2 0 0 0-4 0zM2.5 3a1.5 1.5 0 1 0 3 0 1.5 1.5 0 0 0-3 0zM2.5 13a1.5 1.5 0 1 0 3 0 1.5 1.5 0 0 0-3 0z",
  deployment: "M8 1.5 14 5v6l-6 3.5L2 11V5zM2 5l6 3.5L14 5M8 8.5v6",
  pool: "M2.5 3h11v4h-11zM2.5 9h11v4h-11zM5 5h.01M5 11h.01",
  worker:
    "M8 5.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5zM8 1.5v2M8 12.5v2M1.5 8h2M12.5 8h2M3.4 3.4l1.4 1.4M11.2 11.2l1.4 1.4M3.4 12.6l1.4-1.4M11.2 4.8l1.4-1.4",
  lease: "M10.5 2a3.5 3.5 0 0 0-3.3 4.7L2 12v2h2.5v-1.5H6V11h1.5l1.3-1.3A3.5 3.5 0 1 0 10.5 2zM11.2 4.8h.01",
  schedule: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 5v3.2l2.2 1.6",
  play: "M4.5 2.8v10.4L13 8z",
  stop: "M4 4h8v8H4z",
  pause: "M5.5 3v10M10.5 3v10",
  retry: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5V5h-2.5",
  trash: "M2.5 4h11M6 4V2.5h4V4M4 4l.6 9.5h6.8L12 4M6.7 6.5v4.5M9.3 6.5v4.5",
  search: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.4 10.4 14 14",
  download: "M8 2v8.5M4.5 7.5 8 11l3.5-3.5M2.5 13.5h11",
  close: "M3.5 3.5l9 9M12.5 3.5l-9 9",
  down: "M4 6l4 4 4-4",
  right: "M6 4l4 4-4 4",
  up: "M4 10l4-4 4 4",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  check: "M3 8.5l3.2 3.2L13 4.8",
  cross: "M4 4l8 8M12 4l-8 8",
  bolt: "M9 1.5 3 9h4.5L7 14.5 13 7H8.5z",
  dots: "M4 8h.01M8 8h.01M12 8h.01",
  half: "M8 2a6 6 0 0 1 6 6",
  circle: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11z",
  slash: "M8 2.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM4.2 11.8l7.6-7.6",
  warning: "M8 2 1.5 13.5h13zM8 6.5v3.2M8 11.7h.01",
  menu: "M2 4h12M2 8h12M2 12h12",
  filter: "M2 3.5h12L9.5 9v4.5l-3-1.5V9z",
  copy: "M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3",
  wrap: "M2 4h12M2 8h9.5a2 2 0 0 1 0 4H8M9.5 10.5 8 12l1.5 1.5M2 12h3",
  link: "M6.5 9.5l3-3M7 4.5l1-1a3.2 3.2 0 0 1 4.5 4.5l-1 1M9 11.5l-1 1A3.2 3.2 0 0 1 3.5 8l1-1",
  edit: "M2.5 13.5l.8-3.2 7.5-7.5 2.4 2.4-7.5 7.5z",
} as const;

export type IconName = keyof typeof PATHS;

/** An icon of the set. */
export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
