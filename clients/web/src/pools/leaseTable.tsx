/** Who holds which run, since when, and for how much longer. */
import { useQuery } from "@tanstack/react-query";
import { flowRuns, leases } from "../api/clients";
import { allPages } from "../api/requests";
import { lengthText, seconds } from "../api/times";
import { Ago } from "../app/clock";
import { Link } from "../app/router";
import { Card, Empty, Failed, Skeleton } from "../design/blocks";
import { Table } from "../design/Table";
import { type LeaseInfo, LeasePhase } from "../gen/orch_proto/v1/lease_pb";

const REFRESH_MS = 2000;
const MOST = 2000;

const PHASES: Record<LeasePhase, string> = {
  [LeasePhase.UNSPECIFIED]: "starting",
  [LeasePhase.STARTING]: "starting",
  [LeasePhase.RUNNING]: "running",
  [LeasePhase.STOPPING]: "stopping",
};

type LeaseCardProps = {
  title: string;
  /** Only of this pool; undefined: of all. */
  pool?: string;
  /** Only of this session. */
  session?: string;
  empty: string;
};

/** A live card of leases. */
export function LeaseCard({ title, pool = "", session = "", empty }: LeaseCardProps) {
  const found = useQuery({
    queryKey: ["leases", pool, session],
    queryFn: () =>
      allPages(async (pageToken) => {
        const page = await leases.listLeases({
          pageSize: 1000,
          pageToken,
          workPoolName: pool,
          sessionId: session,
        });
        return { items: page.leases, nextPageToken: page.nextPageToken };
      }, MOST),
    refetchInterval: REFRESH_MS,
  });
  const list = found.data ?? [];
  return (
    <Card title={list.length > 0 ? `${title} (${list.length})` : title}>
      {found.isPending && <Skeleton lines={3} />}
      {found.isError && (
        <Failed error={found.error} what="list of leases" again={() => void found.refetch()} />
      )}
      {found.data && list.length === 0 && <Empty title={empty} />}
      {list.length > 0 && <LeaseTable leases={list} />}
    </Card>
  );
}

const NAMED = 500;

/** Names of runs by their ids. They do not change often: asked for once for each set of runs. */
function useRunNames(ids: string[]): Map<string, string> {
  const asked = ids.slice(0, NAMED);
  const found = useQuery({
    queryKey: ["run names", asked.join()],
    queryFn: () => flowRuns.listFlowRuns({ pageSize: 1000, filter: { flowRunIds: asked } }),
    enabled: asked.length > 0,
    placeholderData: (before) => before,
    staleTime: 60_000,
  });
  return new Map(found.data?.flowRuns.map((run) => [run.flowRunId, run.name]));
}

function LeaseTable({ leases: list }: { leases: LeaseInfo[] }) {
  const names = useRunNames(list.map((lease) => lease.flowRunId));
  return (
    <Table columns={["Run", "Holder", "Pool", "Phase", "Granted", "Left without a heartbeat", "Token"]}>
      {list.map((lease) => (
        <tr key={lease.flowRunId}>
          <td>
            <Link className="name-link" to={`/runs/${lease.flowRunId}`}>
              {names.get(lease.flowRunId) ?? lease.flowRunId}
            </Link>
          </td>
          <td>
            {lease.sessionId ? (
              <Link to={`/workers/${lease.sessionId}`}>{lease.workerName || "worker"}</Link>
            ) : (
              lease.holderName || "its own process"
            )}
            {lease.adopted && <div className="muted">adopted by the run's process</div>}
          </td>
          <td>
            {lease.workPoolName ? (
              <Link to={`/pools/${encodeURIComponent(lease.workPoolName)}`}>{lease.workPoolName}</Link>
            ) : (
              <span className="muted">none</span>
            )}
          </td>
          <td>{PHASES[lease.phase] ?? "starting"}</td>
          <td>
            <Ago time={lease.grantTime} />
          </td>
          <td className="numeric">
            <Remaining left={seconds(lease.remaining) ?? 0} />
          </td>
          <td className="numeric">{String(lease.token)}</td>
        </tr>
      ))}
    </Table>
  );
}

function Remaining({ left }: { left: number }) {
  if (left >= 0) return lengthText(left * 1000);
  return (
    <span className="state" data-state="CRASHED">
      overdue by {lengthText(-left * 1000)}
    </span>
  );
}
