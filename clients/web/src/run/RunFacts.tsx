/** What there is to know of a run, beside its timeline and log. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { flowRuns } from "../api/clients";
import { plainText } from "../api/plainText";
import { seconds } from "../api/times";
import { Ago, Length, Moment } from "../app/clock";
import { Link } from "../app/router";
import { Button } from "../design/Button";
import { Card, Fact, Json, Tags } from "../design/blocks";
import { StateBadge } from "../design/StateBadge";
import { tell } from "../design/toasts";
import type { FlowRun } from "../gen/orch_proto/v1/flow_run_pb";
import { ResultView } from "./ResultView";
import { RunStates } from "./StateHistory";
import { TagsDialog } from "./TagsDialog";

/** The strip below the head: where from, when, how often, by whom. */
export function RunStrip({ run, onChange }: { run: FlowRun; onChange: () => void }) {
  const [asked, setAsked] = useState(false);
  return (
    <dl className="strip">
      <Fact label="Flow">
        <Link to={`/flows/${encodeURIComponent(run.flowName)}`}>{run.flowName}</Link>
      </Fact>
      {run.deploymentId && (
        <Fact label="Deployment">
          <Link to={`/deployments/${run.deploymentId}`}>{run.deploymentName || "deleted"}</Link>
          <span className="muted"> v{String(run.deploymentVersion)}</span>
        </Fact>
      )}
      <Fact label="Started">
        {run.startTime ? <Ago time={run.startTime} /> : <span className="muted">not yet</span>}
      </Fact>
      <Fact label="Took">
        <Length from={run.startTime} to={run.endTime} />
      </Fact>
      <Fact label="Attempt">{attemptText(run)}</Fact>
      <Fact label={run.workPoolName ? "Pool / queue" : "Process"}>
        {run.workPoolName ? (
          <Link to={`/pools/${encodeURIComponent(run.workPoolName)}`}>
            {run.workPoolName} / {run.workQueueName}
          </Link>
        ) : (
          run.holderName || "its own"
        )}
      </Fact>
      <Fact label="Tags">
        <span className="field-row">
          <Tags tags={run.tags} />
          <Button kind="quiet" size="small" aria-label="Change the tags" onClick={() => setAsked(true)}>
            {run.tags.length > 0 ? "Change" : "Add"}
          </Button>
        </span>
        {asked && <TagsDialog run={run} onClose={() => setAsked(false)} onDone={onChange} />}
      </Fact>
    </dl>
  );
}

function attemptText(run: FlowRun): string {
  if (run.attempt === 0) return "–";
  const spent = [
    run.retriesUsed > 0 && `${run.retriesUsed} ${run.retriesUsed === 1 ? "retry" : "retries"}`,
    run.crashRestartsUsed > 0 && `${run.crashRestartsUsed} after crashes`,
  ].filter(Boolean);
  return spent.length > 0 ? `${run.attempt} (${spent.join(", ")})` : String(run.attempt);
}

/** The cards beside the timeline. */
export function RunSide({ run }: { run: FlowRun }) {
  return (
    <>
      <Card
        title="Parameters"
        padded
        actions={<CopyButton text={run.parametersJson || "{}"} what="parameters" />}
      >
        <Json label="Parameters" text={run.parametersJson || "{}"} />
      </Card>
      {run.result && (
        <Card title="Result" padded>
          <ResultView result={run.result} />
        </Card>
      )}
      <Card title="States" padded>
        <RunStates flowRunId={run.flowRunId} version={run.version} />
      </Card>
      <ChildRuns flowRunId={run.flowRunId} version={run.version} />
      <Card title="More" padded>
        <dl className="facts">
          <Fact label="Id" wide>
            <code>{run.flowRunId}</code> <CopyButton text={run.flowRunId} what="id" />
          </Fact>
          <Fact label="Created">
            <Moment time={run.createTime} />
          </Fact>
          <Fact label="Scheduled for">
            <Moment time={run.scheduledTime} />
          </Fact>
          <Fact label="Began">
            <Moment time={run.startTime} />
          </Fact>
          <Fact label="Ended">
            <Moment time={run.endTime} />
          </Fact>
          <Fact label="Retries">{retryText(run)}</Fact>
          <Fact label="After a crash">{recoveryText(run)}</Fact>
          {run.flowVersion && <Fact label="Version of the code">{run.flowVersion}</Fact>}
          {run.idempotencyKey && <Fact label="Idempotency key">{run.idempotencyKey}</Fact>}
          {run.nominalTime && (
            <Fact label="Nominal time">
              <Moment time={run.nominalTime} />
            </Fact>
          )}
          {traceId(run) && (
            <Fact label="Trace id" wide>
              <code>{traceId(run)}</code> <CopyButton text={traceId(run)} what="trace id" />
            </Fact>
          )}
          {run.jobVariablesJson && run.jobVariablesJson !== "{}" && (
            <Fact label="Job variables" wide>
              <Json label="Job variables" text={run.jobVariablesJson} />
            </Fact>
          )}
        </dl>
      </Card>
    </>
  );
}

const traceId = (run: FlowRun): string => run.traceContext?.traceparent.split("-")[1] ?? "";

function retryText(run: FlowRun): string {
  const policy = run.retryPolicy;
  if (!policy?.maxRetries) return "none";
  const delays = policy.delays.map((delay) => `${seconds(delay)} s`).join(", ");
  return `up to ${policy.maxRetries}${delays ? `, after ${delays}` : ""}`;
}

function recoveryText(run: FlowRun): string {
  const policy = run.recoveryPolicy;
  const parts = [
    policy?.durable && "durable",
    policy?.crashRestarts && `${policy.crashRestarts} restarts`,
    policy?.exclusive && "exclusive",
  ].filter(Boolean);
  return parts.length > 0 ? parts.join(", ") : "it stays crashed";
}

function CopyButton({ text, what }: { text: string; what: string }) {
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      tell(`The ${what} was copied.`);
    } catch {
      tell("This browser does not allow copying here: the page is not served over HTTPS.", "FAILED");
    }
  };
  return <Button kind="quiet" size="small" icon="copy" aria-label={`Copy the ${what}`} onClick={copy} />;
}

const CHILDREN = 20;

function ChildRuns({ flowRunId, version }: { flowRunId: string; version: bigint }) {
  const children = useQuery({
    queryKey: ["children", flowRunId, String(version)],
    queryFn: () => flowRuns.listFlowRuns({ filter: { parentFlowRunId: flowRunId }, pageSize: CHILDREN }),
    placeholderData: (before) => before,
  });
  if (!children.data || children.data.flowRuns.length === 0) return null;
  return (
    <Card title="Subflows" actions={<Link to={`/runs?parent=${flowRunId}`}>All</Link>}>
      <ul className="mini-list">
        {children.data.flowRuns.map((child) => (
          <li key={child.flowRunId}>
            <StateBadge state={child.state} />
            <Link className="name-link cut" to={`/runs/${child.flowRunId}`}>
              {plainText(child.name)}
            </Link>
            <span className="muted">
              <Length from={child.startTime} to={child.endTime} />
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
