/** The frame of every page: navigation, preferences, the state of the connection. */
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { server } from "../api/clients";
import { useConnectionLost } from "../api/connection";
import { isObject } from "../api/json";
import { Button } from "../design/Button";
import { Icon, type IconName } from "../design/Icon";
import { Toasts } from "../design/toasts";
import { localZone } from "./clock";
import { applyTheme, clocks, theme } from "./preferences";
import { Link, usePath } from "./router";
import { ShortcutHelp, useShortcuts } from "./shortcuts";

const PLACES: { to: string; label: string; icon: IconName }[] = [
  { to: "/", label: "Overview", icon: "overview" },
  { to: "/runs", label: "Runs", icon: "runs" },
  { to: "/flows", label: "Flows", icon: "flow" },
  { to: "/deployments", label: "Deployments", icon: "deployment" },
  { to: "/schedules", label: "Schedules", icon: "schedule" },
  { to: "/pools", label: "Work pools", icon: "pool" },
  { to: "/workers", label: "Workers", icon: "worker" },
  { to: "/leases", label: "Leases", icon: "lease" },
];

/** The frame around a page. */
export function Shell({ children }: { children: ReactNode }) {
  const path = usePath();
  const [open, setOpen] = useState(false);
  const [help, setHelp] = useState(false);
  useShortcuts(() => setHelp(true));
  usePageStart(path, () => setOpen(false));
  return (
    <div className="shell">
      <a className="skip" href="#main">
        Skip to content
      </a>
      <div className="nav" data-open={open}>
        <Link to="/" className="nav-brand">
          <Brand /> Orch
        </Link>
        <span className="nav-toggle">
          <Button
            kind="quiet"
            icon="menu"
            aria-expanded={open}
            aria-label="Menu"
            onClick={() => setOpen(!open)}
          />
        </span>
        <Places path={path} />
        <Foot onHelp={() => setHelp(true)} />
      </div>
      <main className="main" id="main" tabIndex={-1}>
        <Connection />
        {children}
      </main>
      <Toasts />
      {help && <ShortcutHelp onClose={() => setHelp(false)} />}
    </div>
  );
}

/** Another page begins at its top, and screen readers begin at its heading; the first begins as browsers begin. */
function usePageStart(path: string, onStart: () => void): void {
  const begun = useRef(path);
  // biome-ignore lint/correctness/useExhaustiveDependencies: only another page is a start
  useEffect(() => {
    if (begun.current === path) return;
    begun.current = path;
    onStart();
    window.scrollTo(0, 0);
    const heading = document.querySelector("h1");
    if (document.activeElement === document.body || document.activeElement?.closest(".nav")) heading?.focus();
  }, [path]);
}

function Places({ path }: { path: string }) {
  return (
    <nav aria-label="Main">
      <ul className="nav-links">
        {PLACES.map(({ to, label, icon }) => {
          const here = to === "/" ? path === "/" : path === to || path.startsWith(`${to}/`);
          return (
            <li key={to}>
              <Link to={to} aria-current={here ? "page" : undefined}>
                <Icon name={icon} /> {label}
              </Link>
            </li>
          );
        })}
      </ul>
    </nav>
  );
}

function Foot({ onHelp }: { onHelp: () => void }) {
  const chosenTheme = theme.use();
  const chosenClocks = clocks.use();
  useEffect(() => applyTheme(chosenTheme), [chosenTheme]);
  return (
    <div className="nav-foot">
      <label className="field-inline">
        Theme
        <select data-size="small" value={chosenTheme} onChange={(event) => theme.set(event.target.value)}>
          <option value="system">System</option>
          <option value="light">Light</option>
          <option value="dark">Dark</option>
        </select>
      </label>
      <label className="field-inline">
        Times
        <select data-size="small" value={chosenClocks} onChange={(event) => clocks.set(event.target.value)}>
          <option value="local">{localZone()}</option>
          <option value="utc">UTC</option>
        </select>
      </label>
      <SignOut />
      <About onHelp={onHelp} />
    </div>
  );
}

type Session = { needed: boolean; known: boolean };

async function readSession(): Promise<Session> {
  const answer = await fetch("/session");
  const said: unknown = answer.ok ? await answer.json() : undefined;
  return isObject(said) ? { needed: said.needed === true, known: said.known === true } : NO_SESSION;
}

const NO_SESSION: Session = { needed: false, known: false };

/** Where a key is asked for: the way out. */
function SignOut() {
  const session = useQuery({
    queryKey: ["session"],
    queryFn: readSession,
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (!session.data?.needed || !session.data.known) return null;
  return (
    <form method="post" action="/logout">
      <Button kind="quiet" size="small" type="submit">
        Sign out
      </Button>
    </form>
  );
}

function About({ onHelp }: { onHelp: () => void }) {
  const info = useQuery({
    queryKey: ["server"],
    queryFn: () => server.getServerInfo({}),
    staleTime: 600_000,
  });
  return (
    <div className="nav-about">
      <span
        className="cut"
        title={info.data ? `Orch ${info.data.version} on ${info.data.database}` : undefined}
      >
        {info.data ? `${info.data.version} · ${info.data.database}` : "…"}
      </span>
      <Button kind="quiet" size="small" aria-label="Keyboard shortcuts" onClick={onHelp}>
        ?
      </Button>
    </div>
  );
}

function Connection() {
  const lost = useConnectionLost();
  return (
    <div role="status" aria-live="polite">
      {lost && (
        <div className="connection">
          <Icon name="warning" />
          The control plane does not answer. What you see is the last that was known; trying again…
        </div>
      )}
    </div>
  );
}

function Brand() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" fill="#5753c6" />
      <path d="M8 10h9M12 16h11M8 22h6" stroke="#fff" strokeWidth="3.2" strokeLinecap="round" />
      <circle cx="22" cy="10" r="2.2" fill="#8ce0c0" />
      <circle cx="19" cy="22" r="2.2" fill="#fff" opacity=".75" />
    </svg>
  );
}
