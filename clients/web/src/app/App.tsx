/** The screen: which page an address shows. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { Component, type ComponentType, type ReactNode, useEffect } from "react";
import { server } from "../api/clients";
import { isLost, onConnection } from "../api/connection";
import { errorText, isPassing } from "../api/errors";
import DeploymentPage from "../deployments/DeploymentPage";
import DeploymentsPage from "../deployments/DeploymentsPage";
import SchedulesPage from "../deployments/SchedulesPage";
import StartRunPage from "../deployments/StartRunPage";
import { ButtonLink } from "../design/Button";
import { Empty, PageHead } from "../design/blocks";
import FlowPage from "../flows/FlowPage";
import FlowsPage from "../flows/FlowsPage";
import OverviewPage from "../overview/OverviewPage";
import LeasesPage from "../pools/LeasesPage";
import PoolPage from "../pools/PoolPage";
import PoolsPage from "../pools/PoolsPage";
import WorkerPage from "../pools/WorkerPage";
import WorkersPage from "../pools/WorkersPage";
import RunPage from "../run/RunPage";
import RunsPage from "../runs/RunsPage";
import TaskRunPage from "../tasks/TaskRunPage";
import { matchPath, type PageProps, usePath } from "./router";
import { Shell } from "./Shell";

// All in one file: what a page has of its own is small beside what all share, and no page waits for its code.
const PAGES: [string, ComponentType<PageProps>][] = [
  ["/", OverviewPage],
  ["/runs", RunsPage],
  ["/runs/:id", RunPage],
  ["/task-runs/:id", TaskRunPage],
  ["/flows", FlowsPage],
  ["/flows/:name", FlowPage],
  ["/deployments", DeploymentsPage],
  ["/deployments/:id", DeploymentPage],
  ["/deployments/:id/run", StartRunPage],
  ["/schedules", SchedulesPage],
  ["/pools", PoolsPage],
  ["/pools/:name", PoolPage],
  ["/workers", WorkersPage],
  ["/workers/:id", WorkerPage],
  ["/leases", LeasesPage],
];

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
  for (const [pattern, Page] of PAGES) {
    const params = matchPath(pattern, path);
    if (params) return <Page key={path} params={params} />;
  }
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
