/** The newest runs of something, as a card. */
import { useQuery } from "@tanstack/react-query";
import { flowRuns } from "../api/clients";
import { Link } from "../app/router";
import { Card, Empty, Failed, Skeleton } from "../design/blocks";
import { filterOf } from "./filter";
import { RunRow } from "./RunRow";
import "./runs.css";

const REFRESH_MS = 3000;
const NEWEST = 10;

type RecentRunsProps = {
  title: string;
  /** The filter, as it stands in the address of the list of runs. */
  query: string;
  empty: string;
  count?: number;
};

/** Live, with a link to all of them. */
export function RecentRuns({ title, query, empty, count = NEWEST }: RecentRunsProps) {
  const found = useQuery({
    queryKey: ["recent runs", query, count],
    queryFn: () =>
      flowRuns.listFlowRuns({ pageSize: count, filter: filterOf(new URLSearchParams(query), Date.now()) }),
    refetchInterval: REFRESH_MS,
  });
  const runs = found.data?.flowRuns ?? [];
  return (
    <Card title={title} actions={<Link to={`/runs?${query}`}>All</Link>}>
      {found.isPending && <Skeleton lines={3} />}
      {found.isError && <Failed error={found.error} what="list of runs" />}
      {found.data && runs.length === 0 && <Empty title={empty} />}
      {runs.length > 0 && (
        <div className="run-table in-flow" role="table" aria-label={title}>
          {runs.map((run) => (
            <RunRow key={run.flowRunId} run={run} />
          ))}
        </div>
      )}
    </Card>
  );
}
