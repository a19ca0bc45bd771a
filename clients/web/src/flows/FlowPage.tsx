/** One flow: its deployments, and how its runs went. */
import { useQuery } from "@tanstack/react-query";
import { deployments, flows } from "../api/clients";
import { Moment } from "../app/clock";
import type { PageProps } from "../app/router";
import { Link } from "../app/router";
import { ButtonLink } from "../design/Button";
import { Card, Empty, Failed, PageHead, Skeleton, Tags } from "../design/blocks";
import { RecentRuns } from "../runs/RecentRuns";

/** The page of a flow. */
export default function FlowPage({ params }: PageProps) {
  const name = params.name ?? "";
  const found = useQuery({
    queryKey: ["flow", name],
    queryFn: () => flows.getFlow({ key: { case: "name", value: name } }),
  });
  return (
    <div className="page">
      <PageHead title={name} crumbs={[{ label: "Flows", to: "/flows" }]} />
      {found.isError ? (
        <Failed error={found.error} what="flow" again={() => void found.refetch()} />
      ) : (
        <>
          {found.data?.flow && (
            <p className="muted">
              First seen <Moment time={found.data.flow.createTime} />.
            </p>
          )}
          <RecentRuns
            title="Newest runs"
            query={`flow=${encodeURIComponent(name)}`}
            empty="It has not run yet."
          />
          <Deployments flowName={name} />
        </>
      )}
    </div>
  );
}

function Deployments({ flowName }: { flowName: string }) {
  const found = useQuery({
    queryKey: ["deployments of", flowName],
    queryFn: () => deployments.listDeployments({ flowName, pageSize: 1000 }),
  });
  return (
    <Card title="Deployments">
      {found.isPending && <Skeleton lines={2} />}
      {found.isError && <Failed error={found.error} what="list of deployments" />}
      {found.data?.deployments.length === 0 && (
        <Empty title="It is not deployed.">
          <p>It runs where its script runs. To have workers run it:</p>
          <pre>{`orch deploy FILE.py:${flowName.replaceAll("-", "_")}`}</pre>
        </Empty>
      )}
      <ul className="plain-list">
        {found.data?.deployments.map((one) => (
          <li key={one.deploymentId}>
            <Link className="name-link" to={`/deployments/${one.deploymentId}`}>
              {one.name}
            </Link>
            <Tags tags={one.tags} />
            <span className="push">
              <ButtonLink size="small" icon="play" to={`/deployments/${one.deploymentId}/run`}>
                Run
              </ButtonLink>
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
