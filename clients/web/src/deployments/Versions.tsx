/** The versions of a deployment, and the way back to one. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { deployments } from "../api/clients";
import { newRequestId } from "../api/requests";
import { Ago } from "../app/clock";
import { Button } from "../design/Button";
import { Card, Failed, Json, Skeleton } from "../design/blocks";
import { Dialog } from "../design/Dialog";
import { Table } from "../design/Table";
import type { Deployment, DeploymentVersion } from "../gen/orch_proto/v1/deployment_pb";
import type { LaunchSpec } from "../gen/orch_proto/v1/launch_pb";
import { attempt } from "./pausing";

/** How a run is started, in a line. */
export const launchText = (spec: LaunchSpec | undefined): string =>
  spec?.entrypoint || (spec?.command ?? []).join(" ") || "–";

const PAGE = 100;

type VersionsProps = { deployment: Deployment; onChange: () => void };

/** All versions, newest first. */
export function Versions({ deployment, onChange }: VersionsProps) {
  const [shown, setShown] = useState<DeploymentVersion>();
  const { deploymentId } = deployment;
  const found = useInfiniteQuery({
    queryKey: ["versions", deploymentId, String(deployment.version)],
    queryFn: ({ pageParam }) =>
      deployments.listDeploymentVersions({ deploymentId, pageSize: PAGE, pageToken: pageParam }),
    initialPageParam: "",
    getNextPageParam: ({ nextPageToken }) => nextPageToken || undefined,
  });
  return (
    <Card title="Versions">
      {found.isPending && <Skeleton lines={2} />}
      {found.isError && <Failed error={found.error} what="versions" />}
      <Table columns={["Version", "Starts", "Made"]} actions="Actions">
        {found.data?.pages
          .flatMap(({ versions }) => versions)
          .map((version) => (
            <tr key={String(version.version)}>
              <td>
                {String(version.version)}{" "}
                {version.version === deployment.version && <span className="tag">in force</span>}
              </td>
              <td>
                <code>{launchText(version.launchSpec)}</code>
              </td>
              <td>
                <Ago time={version.createTime} />
              </td>
              <td className="end">
                <Button size="small" onClick={() => setShown(version)}>
                  Look
                </Button>
              </td>
            </tr>
          ))}
      </Table>
      {found.hasNextPage && (
        <div className="card-body">
          <Button size="small" disabled={found.isFetching} onClick={() => void found.fetchNextPage()}>
            Show older ones
          </Button>
        </div>
      )}
      {shown && (
        <VersionDialog
          deployment={deployment}
          version={shown}
          onClose={() => setShown(undefined)}
          onChange={onChange}
        />
      )}
    </Card>
  );
}

function VersionDialog({
  deployment,
  version,
  onClose,
  onChange,
}: VersionsProps & { version: DeploymentVersion; onClose: () => void }) {
  const isNewest = version.version === deployment.version;
  const rollBack = async () => {
    const { deploymentId } = deployment;
    const { launchSpec, parametersJson, parameterSchemaJson } = version;
    const done = await attempt(`${deployment.name} is as in version ${version.version} again.`, () =>
      deployments.updateDeployment({
        requestId: newRequestId(),
        deployment: {
          deploymentId,
          parametersJson,
          parameterSchemaJson,
          ...(launchSpec ? { launchSpec } : {}),
        },
        updateMask: { paths: ["launch_spec", "parameters_json", "parameter_schema_json"] },
      }),
    );
    if (done) onChange();
    onClose();
  };
  return (
    <Dialog
      title={`Version ${version.version}`}
      size="wide"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          {!isNewest && (
            <Button kind="primary" onClick={rollBack}>
              Roll back to this
            </Button>
          )}
        </>
      }
    >
      <h3>Starts</h3>
      <pre className="json">{launchText(version.launchSpec)}</pre>
      {version.launchSpec?.pullStepsJson && (
        <Json label="Pull steps" text={version.launchSpec.pullStepsJson} />
      )}
      {version.launchSpec?.jobVariablesJson && (
        <Json label="Job variables" text={version.launchSpec.jobVariablesJson} />
      )}
      <h3>Parameters</h3>
      <Json label="Parameters" text={version.parametersJson || "{}"} />
      <h3>Schema</h3>
      <Json label="Schema" text={version.parameterSchemaJson || "{}"} />
      {!isNewest && <p className="muted">Rolling back makes a new version that is like this one.</p>}
    </Dialog>
  );
}
