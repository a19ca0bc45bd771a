/** One worker: what it is, and what it holds. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { workers } from "../api/clients";
import { newRequestId } from "../api/requests";
import { Ago, Moment } from "../app/clock";
import type { PageProps } from "../app/router";
import { Link } from "../app/router";
import { attempt } from "../deployments/pausing";
import { Button } from "../design/Button";
import { Card, Fact, Failed, PageHead, Skeleton } from "../design/blocks";
import { Dialog } from "../design/Dialog";
import { type Worker, WorkerStatus } from "../gen/orch_proto/v1/worker_pb";
import { LeaseCard } from "./leaseTable";
import { Slots, WorkerBadge } from "./workerTable";
import "./pools.css";

/** The page of a worker. */
export default function WorkerPage({ params }: PageProps) {
  const sessionId = params.id ?? "";
  const found = useQuery({
    queryKey: ["worker", sessionId],
    queryFn: () => workers.getWorker({ sessionId }),
    refetchInterval: 3000,
  });
  const worker = found.data?.worker;
  const again = () => void found.refetch();
  if (!worker) {
    return (
      <div className="page">
        <PageHead title="Worker" crumbs={[{ label: "Workers", to: "/workers" }]} />
        {found.isError ? <Failed error={found.error} what="worker" again={again} /> : <Skeleton lines={5} />}
      </div>
    );
  }
  return (
    <div className="page">
      <PageHead
        title={worker.name}
        crumbs={[{ label: "Workers", to: "/workers" }]}
        beside={<WorkerBadge status={worker.status} />}
        actions={worker.status === WorkerStatus.ONLINE && <Drain worker={worker} onDone={again} />}
      />
      <Card title="Worker" padded>
        <dl className="facts">
          <Fact label="Pool">
            <Link to={`/pools/${encodeURIComponent(worker.workPoolName)}`}>{worker.workPoolName}</Link>
          </Fact>
          <Fact label="Queues">{worker.workQueueNames.join(", ") || "all"}</Fact>
          <Fact label="Runs held">
            <Slots worker={worker} />
          </Fact>
          <Fact label="Last heard">
            <Ago time={worker.lastSeenTime} />
          </Fact>
          <Fact label="Came">
            <Moment time={worker.createTime} />
          </Fact>
          <Fact label="Version">{worker.version || "–"}</Fact>
          <Fact label="Can">{worker.capabilities.join(", ") || "–"}</Fact>
          <Fact label="Session" wide>
            <code>{worker.sessionId}</code>
          </Fact>
          {Object.entries(worker.labels).map(([name, value]) => (
            <Fact key={name} label={name}>
              {value}
            </Fact>
          ))}
        </dl>
      </Card>
      <LeaseCard title="Holds" session={sessionId} pool={worker.workPoolName} empty="It holds nothing." />
    </div>
  );
}

function Drain({ worker, onDone }: { worker: Worker; onDone: () => void }) {
  const [asked, setAsked] = useState(false);
  const go = async () => {
    const { sessionId, name } = worker;
    if (await attempt(`${name} drains.`, () => workers.drainWorker({ sessionId, requestId: newRequestId() })))
      onDone();
    setAsked(false);
  };
  return (
    <>
      <Button icon="pause" onClick={() => setAsked(true)}>
        Drain
      </Button>
      {asked && (
        <Dialog
          title={`Drain ${worker.name}?`}
          onClose={() => setAsked(false)}
          footer={
            <>
              <Button onClick={() => setAsked(false)}>Leave it</Button>
              <Button kind="primary" onClick={go}>
                Drain
              </Button>
            </>
          }
        >
          <p>
            It takes no more runs, finishes what it holds, and ends. It cannot be called back: start it again.
          </p>
        </Dialog>
      )}
    </>
  );
}
