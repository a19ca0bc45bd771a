/** A new schedule for a deployment, with the times that it would fire at. */
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { schedules } from "../api/clients";
import { errorText } from "../api/errors";
import { newRequestId } from "../api/requests";
import { millis } from "../api/times";
import { localZone, zonedText } from "../app/clock";
import { ChoiceField, FormDialog, TextField } from "../design/FormDialog";
import { tell } from "../design/toasts";
import { CatchUpPolicy, OverlapPolicy } from "../gen/orch_proto/v1/schedule_pb";
import { CATCH_UP, OVERLAP } from "./scheduleText";
import { type Kind, type ScheduleWish, scheduleOf } from "./scheduleWish";

const KINDS: [Kind, string][] = [
  ["cron", "a cron line"],
  ["interval", "an interval"],
  ["rrule", "a recurrence rule"],
];
const EXAMPLES: Record<Kind, string> = {
  cron: "0 2 * * *",
  interval: "15m",
  rrule: "FREQ=MONTHLY;BYDAY=-1FR;BYHOUR=18",
};
const PREVIEWED = 5;

type ScheduleDialogProps = { deploymentId: string; onClose: () => void; onDone: () => void };

/** The form. */
export function ScheduleDialog({ deploymentId, onClose, onDone }: ScheduleDialogProps) {
  const [wish, setWish] = useState<ScheduleWish>({
    name: "",
    kind: "cron",
    when: "",
    timeZone: localZone(),
    parametersJson: "",
    catchUpPolicy: CatchUpPolicy.LATEST,
    overlapPolicy: OverlapPolicy.ALLOW,
  });
  const change = (part: Partial<ScheduleWish>) => setWish((before) => ({ ...before, ...part }));
  const send = async () => {
    const schedule = scheduleOf(wish, deploymentId);
    await schedules.createSchedule({ requestId: newRequestId(), schedule });
    tell(`The schedule ${wish.name.trim()} was created.`);
    onDone();
  };
  return (
    <FormDialog title="New schedule" action="Create the schedule" onSend={send} onClose={onClose}>
      <TextField label="Name" required value={wish.name} onChange={(name) => change({ name })} />
      <ChoiceField
        label="Fires by"
        value={wish.kind}
        choices={KINDS}
        onChange={(kind) => change({ kind: KINDS.find(([one]) => one === kind)?.[0] ?? "cron" })}
      />
      <TextField
        label="When"
        required
        placeholder={EXAMPLES[wish.kind]}
        value={wish.when}
        onChange={(when) => change({ when })}
      />
      <TextField
        label="On the clocks of"
        value={wish.timeZone}
        proposals={Intl.supportedValuesOf("timeZone")}
        onChange={(timeZone) => change({ timeZone })}
      />
      <NextTimes wish={wish} deploymentId={deploymentId} />
      <TextField
        label="Parameters, as JSON"
        hint="Over those of the deployment."
        placeholder="{}"
        lines={2}
        value={wish.parametersJson}
        onChange={(parametersJson) => change({ parametersJson })}
      />
      <ChoiceField
        label="Of times that were missed"
        value={String(wish.catchUpPolicy)}
        choices={choicesOf(CATCH_UP)}
        onChange={(value) => change({ catchUpPolicy: Number(value) })}
      />
      <ChoiceField
        label="Where an earlier run goes on"
        value={String(wish.overlapPolicy)}
        choices={choicesOf(OVERLAP)}
        onChange={(value) => change({ overlapPolicy: Number(value) })}
      />
    </FormDialog>
  );
}

const choicesOf = (words: Record<number, string>): [string, string][] =>
  Object.entries(words).filter(([value]) => Number(value) !== 0);

function NextTimes({ wish, deploymentId }: { wish: ScheduleWish; deploymentId: string }) {
  const { kind, when, timeZone } = useDeferredValue(wish);
  const found = useQuery({
    queryKey: ["preview of a new schedule", kind, when, timeZone],
    queryFn: async () => {
      const schedule = scheduleOf({ ...wish, kind, when, timeZone, name: wish.name || "new" }, deploymentId);
      return schedules.previewSchedule({ schedule, count: PREVIEWED });
    },
    enabled: when.trim() !== "",
    retry: false,
    placeholderData: (before) => before,
  });
  if (when.trim() === "") return null;
  if (found.isError) return <p className="muted">{errorText(found.error)}</p>;
  const times = found.data?.nominalTimes ?? [];
  if (found.data && times.length === 0) return <p className="muted">It never fires.</p>;
  return (
    <ol className="preview" aria-label="Next times">
      {times.map((time) => {
        const at = millis(time) ?? 0;
        return <li key={at}>{zonedText(at, timeZone || "UTC")}</li>;
      })}
    </ol>
  );
}
