/** Workers in a table. */

import type { StateWord } from "../api/states";
import { Ago } from "../app/clock";
import { Link } from "../app/router";
import { Table } from "../design/Table";
import { type Worker, WorkerStatus } from "../gen/orch_proto/v1/worker_pb";

const LOOKS: Record<WorkerStatus, [string, StateWord]> = {
  [WorkerStatus.UNSPECIFIED]: ["Unknown", "SCHEDULED"],
  [WorkerStatus.ONLINE]: ["Online", "COMPLETED"],
  [WorkerStatus.DRAINING]: ["Draining", "PENDING"],
  [WorkerStatus.OFFLINE]: ["Silent", "CRASHED"],
  [WorkerStatus.CLOSED]: ["Closed", "CANCELLED"],
};

/** Whether it is there, as a badge. */
export function WorkerBadge({ status }: { status: WorkerStatus }) {
  const [text, word] = LOOKS[status] ?? LOOKS[WorkerStatus.UNSPECIFIED];
  return (
    <span className="state dotted" data-state={word}>
      {text}
    </span>
  );
}

/** How full it is: runs held, of slots. */
export function Slots({ worker }: { worker: Worker }) {
  const share = worker.slots > 0 ? Math.min(1, worker.heldLeases / worker.slots) : 0;
  return (
    <span className="slots numeric">
      {worker.slots > 0 && (
        <span className="slots-bar" aria-hidden="true">
          <span style={{ width: `${share * 100}%` }} />
        </span>
      )}
      {worker.heldLeases}
      {worker.slots > 0 && ` of ${worker.slots}`}
    </span>
  );
}

/** The table. */
export function WorkerTable({ workers }: { workers: Worker[] }) {
  return (
    <Table columns={["Worker", "Status", "Pool", "Runs held", "Last heard", "Version"]}>
      {workers.map((worker) => (
        <tr key={worker.sessionId}>
          <td>
            <Link className="name-link" to={`/workers/${worker.sessionId}`}>
              {worker.name}
            </Link>
          </td>
          <td>
            <WorkerBadge status={worker.status} />
          </td>
          <td>
            <Link to={`/pools/${encodeURIComponent(worker.workPoolName)}`}>{worker.workPoolName}</Link>
            {worker.workQueueNames.length > 0 && (
              <span className="muted"> / {worker.workQueueNames.join(", ")}</span>
            )}
          </td>
          <td>
            <Slots worker={worker} />
          </td>
          <td>
            <Ago time={worker.lastSeenTime} />
          </td>
          <td className="muted">{worker.version || "–"}</td>
        </tr>
      ))}
    </Table>
  );
}
