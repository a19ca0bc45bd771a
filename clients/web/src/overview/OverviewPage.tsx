/** The first look: what ran, what failed, what is late, who is there, what comes next. */
import { useQuery } from "@tanstack/react-query";
import { Link, useQueryString } from "../app/router";
import { ButtonLink } from "../design/Button";
import { Card, Failed, PageHead, Skeleton } from "../design/blocks";
import { StateMark } from "../design/StateBadge";
import { RecentRuns } from "../runs/RecentRuns";
import { countRuns, PERIODS, type RunCounts, STACK } from "./counts";
import { NextCard } from "./NextCard";
import { RunsChart } from "./RunsChart";
import { WorkersCard } from "./WorkersCard";
import "./overview.css";

/** How often the counts of a day are read anew; those of longer spans less often. */
const REFRESH_MS = 5000;
const LONGEST_REFRESH_MS = 60_000;
const DAY_MS = 86_400_000;
const DEFAULT_PERIOD = "24h";

/** The page that opens first. */
export default function OverviewPage() {
  const [query, change] = useQueryString();
  const key = query.get("period") ?? DEFAULT_PERIOD;
  return (
    <div className="page">
      <PageHead
        title="Overview"
        actions={
          <>
            <select
              aria-label="Time"
              value={key}
              onChange={(event) => change({ period: event.target.value })}
            >
              {PERIODS.map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
            <ButtonLink to="/deployments" icon="play" kind="primary">
              Run a deployment
            </ButtonLink>
          </>
        }
      />
      <RunsOverTime period={key} />
      <div className="grid two">
        <RecentRuns
          title="Failed lately"
          query="state=failed&state=crashed"
          empty="Nothing has failed."
          count={6}
        />
        <RecentRuns
          title="Going on"
          query="state=running&state=pending&state=cancelling&state=paused"
          empty="Nothing runs at the moment."
          count={6}
        />
      </div>
      <div className="grid two">
        <RecentRuns title="Late" query="state=Late" empty="Nothing is late." count={5} />
        <NextCard />
      </div>
      <WorkersCard />
    </div>
  );
}

function RunsOverTime({ period }: { period: string }) {
  const [, label, length, width] = PERIODS.find(([key]) => key === period) ?? [
    "24h",
    "Last 24 hours",
    86_400_000,
    1_800_000,
  ];
  const found = useQuery({
    queryKey: ["counts", period],
    queryFn: () => countRuns(length, width),
    // Counting a month takes a moment, and five seconds do not change it.
    refetchInterval: Math.min(LONGEST_REFRESH_MS, REFRESH_MS * Math.max(1, length / DAY_MS)),
  });
  return (
    <Card title={`Runs, ${label.toLowerCase()}`} padded>
      {found.isPending && <Skeleton lines={4} />}
      {found.isError && <Failed error={found.error} what="counts" again={() => void found.refetch()} />}
      {found.data && (
        <>
          <Totals counts={found.data} />
          <RunsChart buckets={found.data.buckets} />
        </>
      )}
    </Card>
  );
}

function Totals({ counts }: { counts: RunCounts }) {
  const from = `from=${new Date(counts.from).toISOString()}`;
  const text = (count: number) => `${counts.truncated ? "≥ " : ""}${count.toLocaleString("en")}`;
  return (
    <ul className="totals">
      <li>
        <Link to={`/runs?${from}`}>
          <strong className="numeric">{text(counts.total)}</strong>
          <span>created</span>
        </Link>
      </li>
      {STACK.filter((word) => counts.counts[word]).map((word) => (
        <li key={word} data-state={word}>
          <Link to={`/runs?state=${word.toLowerCase()}&${from}`}>
            <strong className="numeric">{text(counts.counts[word] ?? 0)}</strong>
            <span>
              <StateMark word={word} /> {word.toLowerCase()}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
