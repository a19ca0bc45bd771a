/** One work pool: its queues, its workers, what they hold, what waits. */
import { useQuery } from "@tanstack/react-query";
import { workers, workPools, workQueues } from "../api/clients";
import { newRequestId } from "../api/requests";
import { seconds } from "../api/times";
import { Moment } from "../app/clock";
import type { PageProps } from "../app/router";
import { attempt } from "../deployments/pausing";
import { Button } from "../design/Button";
import { Card, Empty, Fact, Failed, Json, PageHead, Skeleton } from "../design/blocks";
import type { WorkPool } from "../gen/orch_proto/v1/work_pool_pb";
import type { WorkQueue } from "../gen/orch_proto/v1/work_queue_pb";
import { RecentRuns } from "../runs/RecentRuns";
import { LeaseCard } from "./leaseTable";
import { WorkerTable } from "./workerTable";
import "./pools.css";
import { Table } from "../design/Table";

const REFRESH_MS = 4000;

/** The page of a work pool. */
export default function PoolPage({ params }: PageProps) {
  const name = params.name ?? "";
  const found = useQuery({
    queryKey: ["pool", name],
    queryFn: () => workPools.getWorkPool({ name }),
    refetchInterval: REFRESH_MS,
  });
  const pool = found.data?.workPool;
  const again = () => void found.refetch();
  return (
    <div className="page">
      <PageHead
        title={name}
        crumbs={[{ label: "Work pools", to: "/pools" }]}
        beside={
          pool && (
            <>
              <span className="tag">{pool.type}</span>
              {pool.paused && <span className="tag">paused</span>}
            </>
          )
        }
        actions={pool && <PauseButton pool={pool} onDone={again} />}
      />
      {found.isPending && <Skeleton lines={5} />}
      {found.isError && <Failed error={found.error} what="work pool" again={again} />}
      {pool && (
        <>
          {pool.description && <p className="muted">{pool.description}</p>}
          <Queues pool={name} />
          <Workers pool={name} />
          <LeaseCard title="Held now" pool={name} empty="Nothing of this pool is going on." />
          <RecentRuns
            title="Waiting"
            query={`pool=${encodeURIComponent(name)}&state=scheduled`}
            empty="Nothing waits."
            count={5}
          />
          <Facts pool={pool} />
        </>
      )}
    </div>
  );
}

function PauseButton({ pool, onDone }: { pool: WorkPool; onDone: () => void }) {
  const { name, paused } = pool;
  const go = async () => {
    const said = paused ? `${name} starts runs again.` : `${name} is paused: it starts nothing.`;
    const call = () =>
      workPools.updateWorkPool({
        requestId: newRequestId(),
        workPool: { name, paused: !paused },
        updateMask: { paths: ["paused"] },
      });
    if (await attempt(said, call)) onDone();
  };
  return (
    <Button icon={paused ? "play" : "pause"} onClick={go}>
      {paused ? "Resume" : "Pause"}
    </Button>
  );
}

function Queues({ pool }: { pool: string }) {
  const found = useQuery({
    queryKey: ["queues", pool],
    queryFn: () => workQueues.listWorkQueues({ workPoolName: pool, pageSize: 1000 }),
    refetchInterval: REFRESH_MS,
  });
  return (
    <Card title="Queues">
      {found.isPending && <Skeleton lines={2} />}
      {found.isError && <Failed error={found.error} what="list of queues" />}
      {found.data && (
        <Table columns={["Queue", "Priority", "Limit"]} actions="Actions">
          {found.data.workQueues.map((queue) => (
            <QueueRow key={queue.name} queue={queue} onDone={() => void found.refetch()} />
          ))}
        </Table>
      )}
    </Card>
  );
}

function QueueRow({ queue, onDone }: { queue: WorkQueue; onDone: () => void }) {
  const { name, workPoolName, paused } = queue;
  const go = async () => {
    const said = paused ? `${name} starts runs again.` : `${name} is paused: it starts nothing.`;
    const call = () =>
      workQueues.updateWorkQueue({
        requestId: newRequestId(),
        workQueue: { name, workPoolName, paused: !paused },
        updateMask: { paths: ["paused"] },
      });
    if (await attempt(said, call)) onDone();
  };
  return (
    <tr>
      <td>
        <span className="strong">{name}</span> {paused && <span className="tag">paused</span>}
        {queue.description && <div className="muted">{queue.description}</div>}
      </td>
      <td className="numeric">{queue.priority}</td>
      <td className="numeric">{queue.concurrencyLimit ?? <span className="muted">none</span>}</td>
      <td className="end">
        <Button
          size="small"
          icon={paused ? "play" : "pause"}
          aria-label={`${paused ? "Resume" : "Pause"} the queue ${name}`}
          onClick={go}
        >
          {paused ? "Resume" : "Pause"}
        </Button>
      </td>
    </tr>
  );
}

function Workers({ pool }: { pool: string }) {
  const found = useQuery({
    queryKey: ["workers of", pool],
    queryFn: () => workers.listWorkers({ workPoolName: pool, pageSize: 1000 }),
    refetchInterval: REFRESH_MS,
  });
  return (
    <Card title="Workers">
      {found.isPending && <Skeleton lines={2} />}
      {found.isError && <Failed error={found.error} what="list of workers" />}
      {found.data?.workers.length === 0 && (
        <Empty title="Nobody serves this pool.">
          <pre>{`orch worker start --pool ${pool}`}</pre>
        </Empty>
      )}
      {found.data && found.data.workers.length > 0 && <WorkerTable workers={found.data.workers} />}
    </Card>
  );
}

function Facts({ pool }: { pool: WorkPool }) {
  return (
    <Card title="How it is set" padded>
      <dl className="facts">
        <Fact label="Limit">{pool.concurrencyLimit ?? "none"}</Fact>
        <Fact label="A lease lasts">{seconds(pool.leaseTtl) ?? 15} s without a heartbeat</Fact>
        <Fact label="Created">
          <Moment time={pool.createTime} />
        </Fact>
        {pool.jobTemplateJson && pool.jobTemplateJson !== "{}" && (
          <Fact label="Job template" wide>
            <Json label="Job template" text={pool.jobTemplateJson} />
          </Fact>
        )}
      </dl>
    </Card>
  );
}
