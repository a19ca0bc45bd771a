/** Who is there to do the work. */
import { useQuery } from "@tanstack/react-query";
import { workers, workPools } from "../api/clients";
import { Link } from "../app/router";
import { Card, Empty, Failed, Skeleton } from "../design/blocks";
import { Icon } from "../design/Icon";
import { WorkerStatus } from "../gen/orch_proto/v1/worker_pb";
import { WorkerTable } from "../pools/workerTable";
import "../pools/pools.css";

const SHOWN = 8;

async function loadWorkers() {
  const [found, pools] = await Promise.all([
    workers.listWorkers({ pageSize: 1000 }),
    workPools.listWorkPools({ pageSize: 1000 }),
  ]);
  const served = new Set(
    found.workers.filter(({ status }) => status === WorkerStatus.ONLINE).map((one) => one.workPoolName),
  );
  return {
    workers: found.workers,
    unserved: pools.workPools.map(({ name }) => name).filter((name) => !served.has(name)),
  };
}

/** Workers, and the pools that nobody serves. */
export function WorkersCard() {
  const found = useQuery({ queryKey: ["workers and pools"], queryFn: loadWorkers, refetchInterval: 5000 });
  return (
    <Card title="Workers" actions={<Link to="/workers">All</Link>}>
      {found.isPending && <Skeleton lines={3} />}
      {found.isError && <Failed error={found.error} what="list of workers" />}
      {found.data && found.data.unserved.length > 0 && (
        <div className="card-body">
          <div className="notice" data-state="PENDING">
            <Icon name="warning" />
            <div>
              <span>
                Nobody serves{" "}
                {found.data.unserved.slice(0, 5).map((name, index) => (
                  <span key={name}>
                    {index > 0 && ", "}
                    <Link to={`/pools/${encodeURIComponent(name)}`}>{name}</Link>
                  </span>
                ))}
                {found.data.unserved.length > 5 && ` and ${found.data.unserved.length - 5} more`}: runs that
                go there wait.
              </span>
            </div>
          </div>
        </div>
      )}
      {found.data?.workers.length === 0 && (
        <Empty icon="worker" title="No worker is there.">
          <pre>orch worker start --pool default</pre>
        </Empty>
      )}
      {found.data && found.data.workers.length > 0 && (
        <WorkerTable workers={found.data.workers.slice(0, SHOWN)} />
      )}
    </Card>
  );
}
