/** Runs for times of a schedule that lie in the past. */

import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { schedules } from "../api/clients";
import { errorText } from "../api/errors";
import { newRequestId } from "../api/requests";
import { localZone } from "../app/clock";
import { ChoiceField, Field, FormDialog } from "../design/FormDialog";
import { counted } from "../design/Table";
import { tell } from "../design/toasts";
import { OverlapPolicy, type Schedule } from "../gen/orch_proto/v1/schedule_pb";

/** The most runs that one call creates, and times that one call foretells. */
const MOST = 1000;
const ORDERS: [string, string][] = [
  [String(OverlapPolicy.QUEUE), "one after the other, oldest first"],
  [String(OverlapPolicy.ALLOW), "side by side, as far as workers have room"],
];

type BackfillDialogProps = { schedule: Schedule; onClose: () => void; onDone: () => void };

/** Asks for the span, says how many times lie in it, and creates a run for each that has none. */
export function BackfillDialog({ schedule, onClose, onDone }: BackfillDialogProps) {
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const [order, setOrder] = useState(String(OverlapPolicy.QUEUE));
  const send = async () => {
    const { created, existing, restFrom } = await backfill(schedule, from, until, Number(order));
    const parts = [`${counted(created, "run")} of ${schedule.name} created.`];
    if (existing > 0) parts.push(`${counted(existing, "time")} had one already.`);
    if (restFrom) parts.push(`There are more, from ${restFrom} on.`);
    tell(parts.join(" "));
    onDone();
  };
  return (
    <FormDialog title={`Backfill ${schedule.name}`} action="Create the runs" onSend={send} onClose={onClose}>
      <p className="muted">
        A run for each time of the schedule in this span that has none yet. Times on the clocks of{" "}
        {localZone()}.
      </p>
      <MomentField label="From" required value={from} onChange={setFrom} />
      <MomentField label="Until (without: now)" value={until} onChange={setUntil} />
      <ChoiceField label="Runs go" value={order} choices={ORDERS} onChange={setOrder} />
      <HowMany schedule={schedule} from={from} until={until} />
    </FormDialog>
  );
}

async function backfill(schedule: Schedule, from: string, until: string, overlapPolicy: OverlapPolicy) {
  const answer = await schedules.backfillSchedule({
    requestId: newRequestId(),
    scheduleId: schedule.scheduleId,
    fromTime: momentOf(from),
    ...(until ? { untilTime: momentOf(until) } : {}),
    maxRuns: MOST,
    overlapPolicy,
  });
  const rest = answer.nextFromTime;
  const restFrom = rest && new Date(Number(rest.seconds) * 1000).toISOString();
  return { created: answer.flowRunIds.length, existing: answer.existingRuns, restFrom };
}

/** Of a field's text, on this computer's clocks. */
const momentOf = (text: string) => timestampFromMs(new Date(text).getTime());

function MomentField({
  label,
  value,
  onChange,
  required = false,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  required?: boolean;
}) {
  return (
    <Field label={label}>
      {(id) => (
        <input
          id={id}
          type="datetime-local"
          step={1}
          required={required}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        />
      )}
    </Field>
  );
}

function HowMany({ schedule, from, until }: { schedule: Schedule; from: string; until: string }) {
  const found = useQuery({
    queryKey: ["times to backfill", schedule.scheduleId, from, until],
    queryFn: () =>
      schedules.previewSchedule({
        schedule,
        // "After" leaves its own moment out; the span does not.
        afterTime: timestampFromMs(new Date(from).getTime() - 1),
        untilTime: until ? momentOf(until) : timestampFromMs(Date.now()),
        count: MOST,
      }),
    enabled: from !== "",
    retry: false,
  });
  if (found.isError) return <p className="muted">{errorText(found.error)}</p>;
  if (!found.data) return null;
  const count = found.data.nominalTimes.length;
  return (
    <p role="status">
      {count === MOST
        ? `${MOST} times or more; the oldest ${MOST} are done now.`
        : `${counted(count, "time")}.`}
    </p>
  );
}
