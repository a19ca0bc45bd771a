/** All deployments. */
import { useQuery } from "@tanstack/react-query";
import { deployments, schedules } from "../api/clients";
import { allPages } from "../api/requests";
import { Ago } from "../app/clock";
import { Link, useQueryString } from "../app/router";
import { ButtonLink } from "../design/Button";
import { Card, Empty, Failed, PageHead, Skeleton, Tags } from "../design/blocks";
import { ListSearch } from "../design/ListSearch";
import { Table } from "../design/Table";
import type { Deployment } from "../gen/orch_proto/v1/deployment_pb";
import type { Schedule } from "../gen/orch_proto/v1/schedule_pb";
import { nextMs, specText } from "./scheduleText";

/** The page of deployments. */
export default function DeploymentsPage() {
  const [query, change] = useQueryString();
  const text = query.get("q") ?? "";
  const found = useQuery({ queryKey: ["deployments"], queryFn: loadAll, refetchInterval: 10_000 });
  const shown = (found.data?.deployments ?? []).filter((one) =>
    `${one.flowName}/${one.name}`.toLowerCase().includes(text.toLowerCase()),
  );
  return (
    <div className="page">
      <PageHead
        title="Deployments"
        actions={<ListSearch label="Find a deployment" value={text} onChange={(q) => change({ q })} />}
      />
      {found.isPending && <Skeleton lines={6} />}
      {found.isError && (
        <Failed error={found.error} what="list of deployments" again={() => void found.refetch()} />
      )}
      {found.data &&
        shown.length === 0 &&
        (text ? <Empty icon="search" title="No deployment has such a name." /> : <None />)}
      {shown.length > 0 && (
        <Card title={`${shown.length} ${shown.length === 1 ? "deployment" : "deployments"}`}>
          <DeploymentTable deployments={shown} schedules={found.data?.schedules ?? new Map()} />
        </Card>
      )}
    </div>
  );
}

function None() {
  return (
    <Empty icon="deployment" title="Nothing is deployed yet.">
      <p>A deployment is a flow with everything that is needed to run it elsewhere.</p>
      <pre>orch deploy etl.py:etl</pre>
    </Empty>
  );
}

async function loadAll() {
  const [found, all] = await Promise.all([
    allPages(async (pageToken) => {
      const page = await deployments.listDeployments({ pageSize: 1000, pageToken });
      return { items: page.deployments, nextPageToken: page.nextPageToken };
    }),
    allPages(async (pageToken) => {
      const page = await schedules.listSchedules({ pageSize: 1000, pageToken });
      return { items: page.schedules, nextPageToken: page.nextPageToken };
    }),
  ]);
  return { deployments: found, schedules: Map.groupBy(all, (schedule) => schedule.deploymentId) };
}

function DeploymentTable({
  deployments: list,
  schedules: of,
}: {
  deployments: Deployment[];
  schedules: Map<string, Schedule[]>;
}) {
  return (
    <Table columns={["Deployment", "Schedules", "Next", "Pool / queue", "Tags"]} actions="Run">
      {list.map((one) => (
        <Row key={one.deploymentId} deployment={one} schedules={of.get(one.deploymentId) ?? []} />
      ))}
    </Table>
  );
}

function Row({ deployment, schedules: own }: { deployment: Deployment; schedules: Schedule[] }) {
  const nexts = own.map(nextMs).filter((at) => at !== undefined);
  return (
    <tr>
      <td>
        <Link className="name-link" to={`/deployments/${deployment.deploymentId}`}>
          {deployment.name}
        </Link>{" "}
        {deployment.paused && <span className="tag">paused</span>}
        <div className="muted">
          <Link to={`/flows/${encodeURIComponent(deployment.flowName)}`}>{deployment.flowName}</Link>
        </div>
      </td>
      <td>
        {own.length === 0 && <span className="muted">–</span>}
        {own.slice(0, 3).map((schedule) => (
          <div key={schedule.scheduleId}>
            <code>{specText(schedule)}</code> {schedule.paused && <span className="tag">paused</span>}
          </div>
        ))}
        {own.length > 3 && <span className="muted">and {own.length - 3} more</span>}
      </td>
      <td>
        {deployment.paused ? (
          <span className="muted">–</span>
        ) : (
          <Ago time={nexts.length > 0 ? Math.min(...nexts) : undefined} />
        )}
      </td>
      <td>
        <Link to={`/pools/${encodeURIComponent(deployment.workPoolName)}`}>{deployment.workPoolName}</Link>
        <span className="muted"> / {deployment.workQueueName}</span>
      </td>
      <td>
        <Tags tags={deployment.tags} />
      </td>
      <td className="end">
        <ButtonLink size="small" icon="play" to={`/deployments/${deployment.deploymentId}/run`}>
          Run
        </ButtonLink>
      </td>
    </tr>
  );
}
