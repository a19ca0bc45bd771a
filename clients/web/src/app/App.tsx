/** The screen: which page an address shows. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { Component, type ReactNode, useEffect } from "react";
import { server } from "../api/clients";
import { isLost, onConnection } from "../api/connection";
import { errorText, isPassing } from "../api/errors";
import { ButtonLink } from "../design/Button";
import { Empty, PageHead } from "../design/blocks";
import { type LazyPage, lazyPage } from "./lazyPage";
import { matchPath, usePath } from "./router";
import { Shell } from "./Shell";

const PAGES: [string, LazyPage][] = [
  ["/", lazyPage(() => import("../overview/OverviewPage"))],
  ["/runs", lazyPage(() => import("../runs/RunsPage"))],
  ["/runs/:id", lazyPage(() => import("../run/RunPage"))],
  ["/task-runs/:id", lazyPage(() => import("../tasks/TaskRunPage"))],
  ["/flows", lazyPage(() => import("../flows/FlowsPage"))],
  ["/flows/:name", lazyPage(() => import("../flows/FlowPage"))],
  ["/deployments", lazyPage(() => import("../deployments/DeploymentsPage"))],
  ["/deployments/:id", lazyPage(() => import("../deployments/DeploymentPage"))],
  ["/deployments/:id/run", lazyPage(() => import("../deployments/StartRunPage"))],
  ["/schedules", lazyPage(() => import("../deployments/SchedulesPage"))],
  ["/pools", lazyPage(() => import("../pools/PoolsPage"))],
  ["/pools/:name", lazyPage(() => import("../pools/PoolPage"))],
  ["/workers", lazyPage(() => import("../pools/WorkersPage"))],
  ["/workers/:id", lazyPage(() => import("../pools/WorkerPage"))],
  ["/leases", lazyPage(() => import("../pools/LeasesPage"))],
];

function pageAt(path: string) {
  for (const [pattern, page] of PAGES) {
    const params = matchPath(pattern, path);
    if (params) return { page, params };
  }
  return undefined;
}

// The first page is on its way while the frame is drawn. Where it fails, the page says so when it is drawn.
pageAt(window.location.pathname)
  ?.page.fetch()
  .catch(() => undefined);

const MOST_RETRIES = 4;

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The browser's idea of being online says nothing of a control plane on the same machine.
      networkMode: "always",
      // While nobody answers, for ever: the line at the top tells of it. What the control plane says is said.
      retry: (count, error) => isPassing(error) && (isLost() || count < MOST_RETRIES),
      retryDelay: (attempt) => Math.min(500 * 2 ** attempt, 5000),
      // Messages hold 64-bit numbers, which the library's comparison does not know.
      structuralSharing: false,
      staleTime: 1000,
    },
    mutations: { networkMode: "always" },
  },
});

const PROBE_MS = 1500;
/** A connection that comes and goes does not make every page read everything each time. */
const HEAL_PAUSE_MS = 5000;

/** While the control plane is lost it is asked again and again; once it answers, everything is read anew. */
function useHealing(): void {
  useEffect(() => {
    let timer: number | undefined;
    let healed = Number.NEGATIVE_INFINITY;
    const probe = () => {
      timer = window.setTimeout(async () => {
        if (!document.hidden) await server.getServerInfo({}).catch(() => undefined);
        if (isLost()) probe();
      }, PROBE_MS);
    };
    const heal = () => {
      healed = Date.now();
      void queryClient.invalidateQueries();
    };
    return onConnection(() => {
      window.clearTimeout(timer);
      if (isLost()) probe();
      else timer = window.setTimeout(heal, Math.max(0, healed + HEAL_PAUSE_MS - Date.now()));
    });
  }, []);
}

function CurrentPage() {
  const path = usePath();
  useHealing();
  const found = pageAt(path);
  if (found) return <found.page.Page key={path} params={found.params} />;
  return (
    <div className="page">
      <PageHead title="Not found" />
      <Empty icon="search" title="There is no such page.">
        <ButtonLink to="/">Go to the overview</ButtonLink>
      </Empty>
    </div>
  );
}

/** A page that breaks says so, and leaves the navigation in place. */
class Guard extends Component<{ children: ReactNode; place: string }, { error: unknown }> {
  override state: { error: unknown } = { error: undefined };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override componentDidUpdate(before: { place: string }) {
    if (before.place !== this.props.place && this.state.error !== undefined)
      this.setState({ error: undefined });
  }

  override render() {
    if (this.state.error === undefined) return this.props.children;
    return (
      <div className="page">
        <PageHead title="This page broke" />
        <p>{errorText(this.state.error)}</p>
        <p className="muted">That is a fault of the screen. Loading it again may help.</p>
        <p>
          <button type="button" className="button" onClick={() => window.location.reload()}>
            Load again
          </button>
        </p>
      </div>
    );
  }
}

/** All of it. */
export function App() {
  return (
    <QueryClientProvider client={queryClient}>
      <Shell>
        <Guarded />
      </Shell>
    </QueryClientProvider>
  );
}

function Guarded() {
  return (
    <Guard place={usePath()}>
      <CurrentPage />
    </Guard>
  );
}
