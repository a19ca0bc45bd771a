/** All work pools, and whether somebody serves them. */
import { useQuery } from "@tanstack/react-query";
import { workers, workPools } from "../api/clients";
import { Link } from "../app/router";
import { Card, Failed, PageHead, Skeleton } from "../design/blocks";
import type { WorkPool } from "../gen/orch_proto/v1/work_pool_pb";
import { type Worker, WorkerStatus } from "../gen/orch_proto/v1/worker_pb";
import "./pools.css";

async function loadPools() {
  const [pools, found] = await Promise.all([
    workPools.listWorkPools({ pageSize: 1000 }),
    workers.listWorkers({ pageSize: 1000 }),
  ]);
  return { pools: pools.workPools, workers: Map.groupBy(found.workers, (worker) => worker.workPoolName) };
}

/** The page of work pools. */
export default function PoolsPage() {
  const found = useQuery({ queryKey: ["pools"], queryFn: loadPools, refetchInterval: 5000 });
  return (
    <div className="page">
      <PageHead title="Work pools" />
      {found.isPending && <Skeleton lines={4} />}
      {found.isError && (
        <Failed error={found.error} what="list of work pools" again={() => void found.refetch()} />
      )}
      {found.data && (
        <Card title={`${found.data.pools.length} ${found.data.pools.length === 1 ? "pool" : "pools"}`}>
          <div className="table-frame">
            <table className="table">
              <thead>
                <tr>
                  <th scope="col">Pool</th>
                  <th scope="col">Type</th>
                  <th scope="col">Workers</th>
                  <th scope="col">Runs held</th>
                  <th scope="col">Limit</th>
                </tr>
              </thead>
              <tbody>
                {found.data.pools.map((pool) => (
                  <Row key={pool.name} pool={pool} workers={found.data.workers.get(pool.name) ?? []} />
                ))}
              </tbody>
            </table>
          </div>
        </Card>
      )}
    </div>
  );
}

function Row({ pool, workers: own }: { pool: WorkPool; workers: Worker[] }) {
  const online = own.filter((worker) => worker.status === WorkerStatus.ONLINE).length;
  const held = own.reduce((sum, worker) => sum + worker.heldLeases, 0);
  return (
    <tr>
      <td>
        <Link className="name-link" to={`/pools/${encodeURIComponent(pool.name)}`}>
          {pool.name}
        </Link>{" "}
        {pool.paused && <span className="tag">paused</span>}
        {pool.description && <div className="muted">{pool.description}</div>}
      </td>
      <td>{pool.type}</td>
      <td>
        {online > 0 ? (
          <span className="state dotted" data-state="COMPLETED">
            {online} online
          </span>
        ) : (
          <span className="state dotted" data-state="CRASHED">
            nobody serves it
          </span>
        )}
      </td>
      <td className="numeric">{held}</td>
      <td className="numeric">{pool.concurrencyLimit ?? <span className="muted">none</span>}</td>
    </tr>
  );
}
