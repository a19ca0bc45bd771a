/** One run in a list. */
import { type MouseEvent, memo } from "react";
import { plainText } from "../api/plainText";
import { isBad, stateWord } from "../api/states";
import { Ago, Length } from "../app/clock";
import { Link } from "../app/router";
import { Tags } from "../design/blocks";
import { StateBadge } from "../design/StateBadge";
import type { FlowRun } from "../gen/orch_proto/v1/flow_run_pb";

/** Where a run came from: its flow, and its deployment where it has one. */
export function Origin({ run }: { run: FlowRun }) {
  return (
    <span className="cut muted">
      <Link to={`/flows/${encodeURIComponent(run.flowName)}`}>{run.flowName}</Link>
      {run.deploymentId && (
        <>
          {" / "}
          <Link to={`/deployments/${run.deploymentId}`}>{run.deploymentName || "deleted deployment"}</Link>
        </>
      )}
    </span>
  );
}

/** Why the run is where it is: an error's own words first. */
export function reason(run: FlowRun): string {
  const failure = run.state?.failure;
  if (!failure?.type) return plainText(run.state?.message ?? "");
  return plainText(failure.message ? `${failure.type}: ${failure.message}` : failure.type);
}

type RowProps = {
  run: FlowRun;
  chosen?: boolean;
  onChoose?: (run: FlowRun, event: MouseEvent<HTMLInputElement>) => void;
  /** Where it lies in a list of which only a part is drawn, in pixels. */
  top?: number;
  height?: number;
};

/** A row of the list. Scrolling draws only those anew that come into sight. */
export const RunRow = memo(function RunRow({ run, chosen, onChoose, top, height }: RowProps) {
  return (
    <div
      className="run-row"
      role="row"
      style={top === undefined ? undefined : { height, transform: `translateY(${top}px)` }}
      data-bad={isBad(run.state)}
      data-choosable={Boolean(onChoose)}
    >
      {onChoose && (
        <span role="cell" className="choose">
          <input
            type="checkbox"
            aria-label={`Choose ${run.name}`}
            checked={chosen}
            readOnly
            onClick={(event) => onChoose(run, event)}
          />
        </span>
      )}
      <span role="cell" className="run-state">
        <StateBadge state={run.state} />
      </span>
      <span role="cell" className="run-what">
        <span className="run-name">
          <Link className="name-link cut" to={`/runs/${run.flowRunId}`}>
            {plainText(run.name)}
          </Link>
          <Tags tags={run.tags.slice(0, 4)} />
        </span>
        <Origin run={run} />
      </span>
      <span role="cell" className="run-why cut" data-state={stateWord(run.state?.type)} title={reason(run)}>
        {reason(run)}
      </span>
      <span role="cell" className="run-when">
        <Ago time={run.startTime ?? run.scheduledTime ?? run.createTime} />
        <span className="muted">
          <Length from={run.startTime} to={run.endTime} />
        </span>
      </span>
    </div>
  );
});
