/** What can be done with the chosen runs. */
import { useState } from "react";
import { Button } from "../design/Button";
import { Dialog } from "../design/Dialog";
import { tell } from "../design/toasts";
import type { FlowRun } from "../gen/orch_proto/v1/flow_run_pb";
import { BULK_ACTIONS, type BulkAction, doToAll, runCount } from "./bulk";

/** The bar above the list, as long as something is chosen. */
export function BulkBar({
  chosen,
  onDone,
  onClear,
}: {
  chosen: FlowRun[];
  onDone: () => void;
  onClear: () => void;
}) {
  const [asked, setAsked] = useState<BulkAction>();
  return (
    <div className="bulk" role="region" aria-label="Chosen runs">
      <strong className="numeric">{runCount(chosen.length)} chosen</strong>
      {BULK_ACTIONS.map((action) => (
        <Button
          key={action.name}
          size="small"
          icon={action.name === "cancel" ? "stop" : action.name === "retry" ? "retry" : "trash"}
          disabled={!chosen.some(action.fits)}
          onClick={() => setAsked(action)}
        >
          {action.label}
        </Button>
      ))}
      <Button kind="quiet" size="small" onClick={onClear}>
        Choose none
      </Button>
      {asked && (
        <Confirm
          action={asked}
          runs={chosen}
          onClose={() => setAsked(undefined)}
          onDone={() => {
            setAsked(undefined);
            onDone();
          }}
        />
      )}
    </div>
  );
}

function Confirm({
  action,
  runs,
  onClose,
  onDone,
}: {
  action: BulkAction;
  runs: FlowRun[];
  onClose: () => void;
  onDone: () => void;
}) {
  const [busy, setBusy] = useState(false);
  const fitting = runs.filter(action.fits);
  const others = runs.length - fitting.length;
  const go = async () => {
    setBusy(true);
    const { done, failures } = await doToAll(action, fitting);
    if (done) tell(`${action.done}: ${runCount(done)}.`);
    if (failures.length)
      tell(`${runCount(failures.length)} left as they were. ${failures.slice(0, 3).join(" ")}`, "FAILED");
    onDone();
  };
  return (
    <Dialog
      title={`${action.label} ${runCount(fitting.length)}?`}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Leave them</Button>
          <Button kind={action.name === "retry" ? "primary" : "danger"} disabled={busy} onClick={go}>
            {busy ? "Working…" : `${action.label} ${runCount(fitting.length)}`}
          </Button>
        </>
      }
    >
      <p>{action.warning}</p>
      {others > 0 && (
        <p className="muted">
          {runCount(others)} of the chosen {others === 1 ? "is" : "are"} left out:{" "}
          {action.name === "cancel" ? "ended already." : "not ended yet."}
        </p>
      )}
    </Dialog>
  );
}
