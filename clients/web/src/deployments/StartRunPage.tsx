/** Run a deployment: parameters, name, tags, time. */
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { useQuery } from "@tanstack/react-query";
import { type FormEvent, useRef, useState } from "react";
import { deployments, flowRuns } from "../api/clients";
import { errorText, violations } from "../api/errors";
import { parseObject } from "../api/json";
import { newRequestId } from "../api/requests";
import { localZone } from "../app/clock";
import type { PageProps } from "../app/router";
import { navigate, useQueryString } from "../app/router";
import { Button, ButtonLink } from "../design/Button";
import { Card, Failed, PageHead, Skeleton } from "../design/blocks";
import { Icon } from "../design/Icon";
import { tell } from "../design/toasts";
import type { Deployment } from "../gen/orch_proto/v1/deployment_pb";
import { ParameterForm, type Values } from "./ParameterForm";
import "./deployments.css";

/** The page: the deployment, and the run whose parameters are taken (?from=). */
export default function StartRunPage({ params }: PageProps) {
  const [query] = useQueryString();
  const deploymentId = params.id ?? "";
  const from = query.get("from") ?? "";
  const loaded = useQuery({
    queryKey: ["start", deploymentId, from],
    queryFn: async () => {
      const [{ deployment }, model] = await Promise.all([
        deployments.getDeployment({ deploymentId }),
        from ? flowRuns.getFlowRun({ flowRunId: from }) : undefined,
      ]);
      return { deployment, model: model?.flowRun };
    },
    staleTime: Number.POSITIVE_INFINITY,
  });
  const deployment = loaded.data?.deployment;
  const name = deployment ? `${deployment.flowName}/${deployment.name}` : "deployment";
  return (
    <div className="page narrow">
      <PageHead
        title={`Run ${name}`}
        crumbs={[
          { label: "Deployments", to: "/deployments" },
          { label: name, to: `/deployments/${deploymentId}` },
        ]}
      />
      {loaded.isError && (
        <Failed error={loaded.error} what="deployment" again={() => void loaded.refetch()} />
      )}
      {loaded.isPending && <Skeleton lines={6} />}
      {deployment && (
        <StartForm deployment={deployment} model={parseObject(loaded.data?.model?.parametersJson ?? "")} />
      )}
    </div>
  );
}

const FIELD = /^parameters_json\.?/;

function StartForm({ deployment, model }: { deployment: Deployment; model: Values }) {
  const [values, setValues] = useState<Values>(model);
  const [extras, setExtras] = useState<Extras>(NO_EXTRAS);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  // The same wish, sent twice because its answer was lost, makes one run.
  const wish = useRef({ body: "", requestId: "" });
  const wrong = violations(error);
  const parameterErrors = new Map(
    [...wrong].filter(([path]) => FIELD.test(path)).map(([path, text]) => [path.replace(FIELD, ""), text]),
  );
  const start = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      const request = requestOf(deployment, values, extras);
      const body = JSON.stringify([values, extras]);
      if (wish.current.body !== body) wish.current = { body, requestId: newRequestId() };
      const { flowRun } = await flowRuns.createFlowRun({ ...request, requestId: wish.current.requestId });
      if (flowRun) {
        tell(`${flowRun.name} was created.`);
        navigate(`/runs/${flowRun.flowRunId}`);
      }
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <form onSubmit={start} className="form">
      {deployment.description && <p className="muted description">{deployment.description}</p>}
      <Card title="Parameters" padded>
        <ParameterForm
          schemaJson={deployment.parameterSchemaJson}
          defaults={parseObject(deployment.parametersJson)}
          values={values}
          onChange={setValues}
          errors={parameterErrors}
        />
      </Card>
      <ExtraFields extras={extras} onChange={setExtras} deployment={deployment} />
      {error !== undefined && (
        <div className="notice" data-state="FAILED" role="alert">
          <Icon name="warning" />
          <div>
            <strong>The run was not created.</strong>
            <span>{errorText(error)}</span>
          </div>
        </div>
      )}
      <div className="field-row">
        <Button kind="primary" icon="play" type="submit" disabled={busy}>
          {busy ? "Creating…" : extras.at ? "Schedule the run" : "Run"}
        </Button>
        <ButtonLink to={`/deployments/${deployment.deploymentId}`}>Back</ButtonLink>
      </div>
    </form>
  );
}

type Extras = { name: string; tags: string; at: string; queue: string; jobVariables: string };

const NO_EXTRAS: Extras = { name: "", tags: "", at: "", queue: "", jobVariables: "" };

function requestOf(deployment: Deployment, values: Values, extras: Extras) {
  const at = extras.at ? Date.parse(extras.at) : Number.NaN;
  return {
    target: { case: "deploymentId", value: deployment.deploymentId } as const,
    name: extras.name,
    parametersJson: Object.keys(values).length > 0 ? JSON.stringify(values) : "",
    tags: extras.tags
      .split(",")
      .map((tag) => tag.trim())
      .filter(Boolean),
    workQueueName: extras.queue,
    jobVariablesJson: extras.jobVariables.trim(),
    ...(Number.isNaN(at) ? {} : { scheduledTime: timestampFromMs(at) }),
  };
}

function ExtraFields({
  extras,
  onChange,
  deployment,
}: {
  extras: Extras;
  onChange: (extras: Extras) => void;
  deployment: Deployment;
}) {
  const field = (name: keyof Extras) => ({
    id: `extra-${name}`,
    value: extras[name],
    onChange: (event: { target: { value: string } }) => onChange({ ...extras, [name]: event.target.value }),
  });
  return (
    <details className="card extras">
      <summary className="card-head">
        <h2>Name, tags, time, queue</h2>
      </summary>
      <div className="card-body form">
        <div className="field">
          <label htmlFor="extra-name">Name</label>
          <input type="text" placeholder="One is made" {...field("name")} />
        </div>
        <div className="field">
          <label htmlFor="extra-tags">Tags, with commas between</label>
          <input type="text" {...field("tags")} />
          {deployment.tags.length > 0 && (
            <span className="hint">Beside those of the deployment: {deployment.tags.join(", ")}</span>
          )}
        </div>
        <div className="field">
          <label htmlFor="extra-at">Begin at ({localZone()})</label>
          <input type="datetime-local" {...field("at")} />
          <span className="hint">Empty: at once.</span>
        </div>
        <div className="field">
          <label htmlFor="extra-queue">Work queue</label>
          <input type="text" placeholder={deployment.workQueueName} {...field("queue")} />
        </div>
        <div className="field">
          <label htmlFor="extra-jobVariables">Job variables, a JSON object</label>
          <textarea
            rows={3}
            spellCheck={false}
            placeholder='{"env": {"TZ": "UTC"}}'
            {...field("jobVariables")}
          />
        </div>
      </div>
    </details>
  );
}
