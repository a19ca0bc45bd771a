/** All workers. */
import { useQuery } from "@tanstack/react-query";
import { workers } from "../api/clients";
import { useQueryString } from "../app/router";
import { Card, Empty, Failed, PageHead, Skeleton } from "../design/blocks";
import { WorkerTable } from "./workerTable";
import "./pools.css";

/** The page of workers. */
export default function WorkersPage() {
  const [query, change] = useQueryString();
  const includeClosed = query.get("all") === "1";
  const found = useQuery({
    queryKey: ["workers", includeClosed],
    queryFn: () => workers.listWorkers({ pageSize: 1000, includeClosed }),
    refetchInterval: 3000,
  });
  const list = found.data?.workers ?? [];
  return (
    <div className="page">
      <PageHead
        title="Workers"
        actions={
          <label className="choice">
            <input
              type="checkbox"
              checked={includeClosed}
              onChange={() => change({ all: includeClosed ? "" : "1" })}
            />
            Those that are gone, too
          </label>
        }
      />
      {found.isPending && <Skeleton lines={5} />}
      {found.isError && (
        <Failed error={found.error} what="list of workers" again={() => void found.refetch()} />
      )}
      {found.data && list.length === 0 && (
        <Empty icon="worker" title="No worker is there.">
          <p>Runs of deployments wait until a worker takes them. Start one where they should run:</p>
          <pre>orch worker start --pool default</pre>
        </Empty>
      )}
      {list.length > 0 && (
        <Card title={`${list.length} ${list.length === 1 ? "worker" : "workers"}`}>
          <WorkerTable workers={list} />
        </Card>
      )}
    </div>
  );
}
