/** All work pools, and whether somebody serves them. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { workers, workPools } from "../api/clients";
import { Link } from "../app/router";
import { Button } from "../design/Button";
import { Card, Failed, PageHead, Skeleton } from "../design/blocks";
import type { WorkPool } from "../gen/orch_proto/v1/work_pool_pb";
import { type Worker, WorkerStatus } from "../gen/orch_proto/v1/worker_pb";
import { PoolDialog } from "./PoolDialog";
import "./pools.css";
import { Table } from "../design/Table";

async function loadPools() {
  const [pools, found] = await Promise.all([
    workPools.listWorkPools({ pageSize: 1000 }),
    workers.listWorkers({ pageSize: 1000 }),
  ]);
  return { pools: pools.workPools, workers: Map.groupBy(found.workers, (worker) => worker.workPoolName) };
}

/** The page of work pools. */
export default function PoolsPage() {
  const [asked, setAsked] = useState(false);
  const found = useQuery({ queryKey: ["pools"], queryFn: loadPools, refetchInterval: 5000 });
  return (
    <div className="page">
      <PageHead
        title="Work pools"
        actions={
          <Button icon="plus" onClick={() => setAsked(true)}>
            New pool
          </Button>
        }
      />
      {asked && <PoolDialog onClose={() => setAsked(false)} />}
      {found.isPending && <Skeleton lines={4} />}
      {found.isError && (
        <Failed error={found.error} what="list of work pools" again={() => void found.refetch()} />
      )}
      {found.data && (
        <Card title={`${found.data.pools.length} ${found.data.pools.length === 1 ? "pool" : "pools"}`}>
          <Table columns={["Pool", "Type", "Workers", "Runs held", "Limit"]}>
            {found.data.pools.map((pool) => (
              <Row key={pool.name} pool={pool} workers={found.data.workers.get(pool.name) ?? []} />
            ))}
          </Table>
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
