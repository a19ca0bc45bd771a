/** The tags of a run, to be changed. */
import { useState } from "react";
import { flowRuns } from "../api/clients";
import { newRequestId } from "../api/requests";
import { FormDialog, TextField } from "../design/FormDialog";
import { tell } from "../design/toasts";
import type { FlowRun } from "../gen/orch_proto/v1/flow_run_pb";

type TagsDialogProps = { run: FlowRun; onClose: () => void; onDone: () => void };

/** One tag a line; somebody else's change in between is told, not overwritten. */
export function TagsDialog({ run, onClose, onDone }: TagsDialogProps) {
  const [text, setText] = useState(run.tags.join("\n"));
  const send = async () => {
    const { flowRunId, etag } = run;
    const tags = [...new Set(text.split("\n").map((line) => line.trim()))].filter(Boolean);
    await flowRuns.updateFlowRun({
      requestId: newRequestId(),
      flowRun: { flowRunId, tags, etag },
      updateMask: { paths: ["tags"] },
    });
    tell(`${run.name} has ${tags.length === 0 ? "no tags" : `the tags ${tags.join(", ")}`}.`);
    onDone();
  };
  return (
    <FormDialog title={`Tags of ${run.name}`} action="Save the tags" onSend={send} onClose={onClose}>
      <TextField label="Tags, one a line" lines={5} value={text} onChange={setText} />
    </FormDialog>
  );
}
