/** One deployment: how it runs, when, and how its runs went. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { deployments } from "../api/clients";
import { newRequestId } from "../api/requests";
import { seconds } from "../api/times";
import { Ago, Moment } from "../app/clock";
import type { PageProps } from "../app/router";
import { Link, navigate } from "../app/router";
import { Button, ButtonLink } from "../design/Button";
import { Card, Fact, Failed, Json, PageHead, Skeleton, Tags } from "../design/blocks";
import { Dialog } from "../design/Dialog";
import { ConcurrencyPolicy, type Deployment } from "../gen/orch_proto/v1/deployment_pb";
import { RecentRuns } from "../runs/RecentRuns";
import { attempt, pauseDeployment } from "./pausing";
import { ScheduleCards } from "./ScheduleCards";
import { launchText, Versions } from "./Versions";
import "./deployments.css";

/** The page of a deployment. */
export default function DeploymentPage({ params }: PageProps) {
  const deploymentId = params.id ?? "";
  const found = useQuery({
    queryKey: ["deployment", deploymentId],
    queryFn: () => deployments.getDeployment({ deploymentId }),
    refetchInterval: 10_000,
  });
  const deployment = found.data?.deployment;
  const again = () => void found.refetch();
  if (!deployment) {
    return (
      <div className="page">
        <PageHead title="Deployment" crumbs={[{ label: "Deployments", to: "/deployments" }]} />
        {found.isError ? (
          <Failed error={found.error} what="deployment" again={again} />
        ) : (
          <Skeleton lines={6} />
        )}
      </div>
    );
  }
  return (
    <div className="page">
      <PageHead
        title={deployment.name}
        crumbs={[
          { label: "Deployments", to: "/deployments" },
          { label: deployment.flowName, to: `/flows/${encodeURIComponent(deployment.flowName)}` },
        ]}
        beside={deployment.paused ? <span className="tag">paused</span> : undefined}
        actions={<Actions deployment={deployment} onChange={again} />}
      />
      {deployment.description && <p className="muted description">{deployment.description}</p>}
      <RecentRuns
        title="Newest runs"
        query={`deployment=${deploymentId}`}
        empty="It has not run yet."
        count={8}
      />
      <div className="grid">
        <ScheduleCards
          deploymentId={deploymentId}
          deploymentName={`${deployment.flowName}/${deployment.name}`}
        />
        <Facts deployment={deployment} />
      </div>
      <Versions deployment={deployment} onChange={again} />
    </div>
  );
}

function Actions({ deployment, onChange }: { deployment: Deployment; onChange: () => void }) {
  const [asked, setAsked] = useState(false);
  const pause = async () => {
    if (await pauseDeployment(deployment, !deployment.paused)) onChange();
  };
  const remove = async () => {
    const { deploymentId, name } = deployment;
    const done = await attempt(`${name} was deleted.`, () =>
      deployments.deleteDeployment({ deploymentId, requestId: newRequestId() }),
    );
    setAsked(false);
    if (done) navigate("/deployments");
  };
  return (
    <>
      <ButtonLink kind="primary" icon="play" to={`/deployments/${deployment.deploymentId}/run`}>
        Run
      </ButtonLink>
      <Button icon={deployment.paused ? "play" : "pause"} onClick={pause}>
        {deployment.paused ? "Resume schedules" : "Pause schedules"}
      </Button>
      <Button icon="trash" kind="quiet" aria-label="Delete this deployment" onClick={() => setAsked(true)} />
      {asked && (
        <Dialog
          title={`Delete ${deployment.flowName}/${deployment.name}?`}
          onClose={() => setAsked(false)}
          footer={
            <>
              <Button onClick={() => setAsked(false)}>Keep it</Button>
              <Button kind="danger" onClick={remove}>
                Delete
              </Button>
            </>
          }
        >
          <p>Its schedules are deleted, too. Its runs stay; they cannot be retried any more.</p>
        </Dialog>
      )}
    </>
  );
}

const AT_LIMIT: Record<ConcurrencyPolicy, string> = {
  [ConcurrencyPolicy.UNSPECIFIED]: "others wait",
  [ConcurrencyPolicy.QUEUE]: "others wait",
  [ConcurrencyPolicy.SKIP]: "others are cancelled",
  [ConcurrencyPolicy.CANCEL_OLDEST]: "the oldest make way",
};

function Facts({ deployment }: { deployment: Deployment }) {
  const retry = deployment.retryPolicy;
  const recovery = deployment.recoveryPolicy;
  return (
    <Card title="How it runs" padded>
      <dl className="facts">
        <Fact label="Starts" wide>
          <code>{launchText(deployment.launchSpec)}</code>
        </Fact>
        <Fact label="Pool / queue">
          <Link to={`/pools/${encodeURIComponent(deployment.workPoolName)}`}>
            {deployment.workPoolName} / {deployment.workQueueName}
          </Link>
        </Fact>
        <Fact label="At once">
          {deployment.concurrencyLimit === undefined
            ? "any number"
            : `${deployment.concurrencyLimit}; ${AT_LIMIT[deployment.concurrencyPolicy]}`}
        </Fact>
        <Fact label="Retries">
          {retry?.maxRetries
            ? `${retry.maxRetries}, after ${retry.delays.map((delay) => `${seconds(delay)} s`).join(", ") || "0 s"}`
            : "none"}
        </Fact>
        <Fact label="After a crash">
          {recovery?.durable
            ? "goes on (durable)"
            : recovery?.crashRestarts
              ? `${recovery.crashRestarts} restarts`
              : "stays crashed"}
        </Fact>
        <Fact label="Version">{String(deployment.version)}</Fact>
        <Fact label="Created">
          <Moment time={deployment.createTime} />
        </Fact>
        <Fact label="Changed">
          <Ago time={deployment.updateTime} />
        </Fact>
        {deployment.tags.length > 0 && (
          <Fact label="Tags">
            <Tags tags={deployment.tags} />
          </Fact>
        )}
        <Fact label="Parameters" wide>
          <Json label="Parameters" text={deployment.parametersJson || "{}"} />
        </Fact>
      </dl>
    </Card>
  );
}
