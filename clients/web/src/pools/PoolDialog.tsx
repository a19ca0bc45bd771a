/** A new work pool. */
import { useState } from "react";
import { workPools } from "../api/clients";
import { newRequestId } from "../api/requests";
import { navigate } from "../app/router";
import { FormDialog, TextField } from "../design/FormDialog";
import { tell } from "../design/toasts";

const TYPES = ["process", "docker", "kubernetes"];

/** The form; it leads to the pool that it made. */
export function PoolDialog({ onClose }: { onClose: () => void }) {
  const [wish, setWish] = useState({
    name: "",
    type: "process",
    description: "",
    limit: "",
    jobTemplateJson: "",
  });
  const change = (part: Partial<typeof wish>) => setWish((before) => ({ ...before, ...part }));
  const send = async () => {
    const { limit, ...rest } = wish;
    const name = wish.name.trim();
    await workPools.createWorkPool({
      requestId: newRequestId(),
      workPool: { ...rest, name, ...(limit.trim() ? { concurrencyLimit: wholeNumber(limit) } : {}) },
    });
    tell(`The pool ${name} was created.`);
    navigate(`/pools/${encodeURIComponent(name)}`);
  };
  return (
    <FormDialog title="New work pool" action="Create the pool" onSend={send} onClose={onClose}>
      <TextField label="Name" required value={wish.name} onChange={(name) => change({ name })} />
      <TextField
        label="Type"
        hint="How its workers start runs."
        required
        proposals={TYPES}
        value={wish.type}
        onChange={(type) => change({ type })}
      />
      <TextField
        label="Description"
        value={wish.description}
        onChange={(description) => change({ description })}
      />
      <TextField
        label="Runs at once"
        hint="Empty: any number."
        value={wish.limit}
        onChange={(limit) => change({ limit })}
      />
      <TextField
        label="Job template, as JSON"
        hint="What workers are told of every run of this pool."
        placeholder="{}"
        lines={3}
        value={wish.jobTemplateJson}
        onChange={(jobTemplateJson) => change({ jobTemplateJson })}
      />
    </FormDialog>
  );
}

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text.trim())) throw new Error(`"${text}" is no whole number.`);
  return Number(text);
}
