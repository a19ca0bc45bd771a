/** What can be done with a run: cancel, retry, run again, delete. */
import { useRef, useState } from "react";
import { flowRuns } from "../api/clients";
import { errorText } from "../api/errors";
import { newRequestId } from "../api/requests";
import { isBad, isEnded, stateWord } from "../api/states";
import { navigate } from "../app/router";
import { Button, ButtonLink } from "../design/Button";
import { Dialog } from "../design/Dialog";
import { tell } from "../design/toasts";
import type { FlowRun } from "../gen/orch_proto/v1/flow_run_pb";
import type { TaskRun } from "../gen/orch_proto/v1/task_run_pb";

type ActionsProps = { run: FlowRun; onDone: () => void };

/** The buttons in the head of a run's page. */
export function RunActions({ run, onDone }: ActionsProps) {
  const [asked, setAsked] = useState<"cancel" | "retry" | "delete">();
  const ended = isEnded(run.state);
  const close = () => setAsked(undefined);
  return (
    <>
      {!ended && (
        <Button
          icon="stop"
          disabled={stateWord(run.state?.type) === "CANCELLING"}
          onClick={() => setAsked("cancel")}
        >
          Cancel
        </Button>
      )}
      {ended && (
        <Button
          icon="retry"
          kind={isBad(run.state) ? "primary" : "plain"}
          disabled={!canRetry(run)}
          title={noRetryReason(run)}
          onClick={() => setAsked("retry")}
        >
          Retry
        </Button>
      )}
      {run.deploymentId && run.deploymentName && (
        <ButtonLink icon="play" to={`/deployments/${run.deploymentId}/run?from=${run.flowRunId}`}>
          Run again
        </ButtonLink>
      )}
      {ended && (
        <Button icon="trash" kind="quiet" aria-label="Delete this run" onClick={() => setAsked("delete")} />
      )}
      {asked === "cancel" && <CancelDialog run={run} onClose={close} onDone={onDone} />}
      {asked === "retry" && <RetryDialog run={run} onClose={close} onDone={onDone} />}
      {asked === "delete" && <DeleteDialog run={run} onClose={close} />}
    </>
  );
}

/** Whether the control plane can queue it again: it needs a pool and a deployment. */
export const canRetry = (run: FlowRun): boolean =>
  isEnded(run.state) && run.workPoolName !== "" && run.deploymentId !== "" && run.deploymentName !== "";

/** Why it cannot, in words; undefined where it can. */
export function noRetryReason(run: FlowRun): string | undefined {
  if (canRetry(run)) return undefined;
  if (!isEnded(run.state)) return "It has not ended.";
  if (!run.workPoolName) return "Its own process started it: run the script again.";
  return "Its deployment is gone, and with it what says how it is started.";
}

async function attempt(what: string, call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    tell(what);
    return true;
  } catch (error) {
    tell(errorText(error), "FAILED");
    return false;
  }
}

/** The wish of one dialog: however often its button is pressed, it is done once. */
function useWish(): { requestId: string; busy: boolean; once: (call: () => Promise<void>) => Promise<void> } {
  const [requestId] = useState(newRequestId);
  const [busy, setBusy] = useState(false);
  const begun = useRef(false);
  const once = async (call: () => Promise<void>) => {
    if (begun.current) return;
    begun.current = true;
    setBusy(true);
    await call();
  };
  return { requestId, busy, once };
}

type DialogProps = { run: FlowRun; onClose: () => void; onDone: () => void };

function CancelDialog({ run, onClose, onDone }: DialogProps) {
  const [reason, setReason] = useState("");
  const { requestId, busy, once } = useWish();
  const go = async () => {
    const request = {
      flowRunId: run.flowRunId,
      requestId,
      reason: reason || "Cancelled on the screen",
    };
    if (await attempt(`${run.name} was asked to stop.`, () => flowRuns.cancelFlowRun(request))) onDone();
    onClose();
  };
  return (
    <Dialog
      title={`Cancel ${run.name}?`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Let it go on</Button>
          <Button kind="danger" disabled={busy} onClick={() => void once(go)}>
            Cancel the run
          </Button>
        </>
      }
    >
      <p>
        A run that waits is cancelled at once. One that goes on is asked to stop, and is stopped after its
        grace.
      </p>
      <div className="field">
        <label htmlFor="reason">Why (optional)</label>
        <input id="reason" type="text" value={reason} onChange={(event) => setReason(event.target.value)} />
      </div>
    </Dialog>
  );
}

/** Asks, then queues the run for one more attempt, from a task where one is given. */
export function RetryDialog({ run, from, onClose, onDone }: DialogProps & { from?: TaskRun }) {
  const { requestId, busy, once } = useWish();
  const go = async () => {
    const request = {
      flowRunId: run.flowRunId,
      requestId,
      fromTaskRunId: from?.taskRunId ?? "",
    };
    if (await attempt(`${run.name} is queued again.`, () => flowRuns.retryFlowRun(request))) onDone();
    onClose();
  };
  return (
    <Dialog
      title={from ? `Rerun ${run.name} from ${from.name}?` : `Retry ${run.name}?`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Leave it</Button>
          <Button kind="primary" disabled={busy} onClick={() => void once(go)}>
            {from ? "Rerun from here" : "Retry"}
          </Button>
        </>
      }
    >
      {from ? (
        <p>
          This task run and those that were created at the same time or later are done again. What earlier
          ones returned is taken again where the flow is durable; a flow that is not durable begins anew.
        </p>
      ) : (
        <p>
          The run is queued for one more attempt, with the same parameters. What its tasks returned is taken
          again where the flow is durable.
        </p>
      )}
    </Dialog>
  );
}

function DeleteDialog({ run, onClose }: { run: FlowRun; onClose: () => void }) {
  const { requestId, busy, once } = useWish();
  const go = async () => {
    const request = { flowRunId: run.flowRunId, requestId };
    if (await attempt(`${run.name} was deleted.`, () => flowRuns.deleteFlowRun(request))) navigate("/runs");
    else onClose();
  };
  return (
    <Dialog
      title={`Delete ${run.name}?`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Keep it</Button>
          <Button kind="danger" disabled={busy} onClick={() => void once(go)}>
            Delete
          </Button>
        </>
      }
    >
      <p>Its task runs and its log are deleted, too. This cannot be undone.</p>
    </Dialog>
  );
}
