/** The schedules of a deployment: what they are, when they fire next, pausing them. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { schedules } from "../api/clients";
import { newRequestId } from "../api/requests";
import { millis } from "../api/times";
import { Ago, zonedText } from "../app/clock";
import { Link } from "../app/router";
import { Button } from "../design/Button";
import { Card, Empty, Failed, Json, Skeleton } from "../design/blocks";
import { Dialog } from "../design/Dialog";
import { FormDialog } from "../design/FormDialog";
import { tell } from "../design/toasts";
import type { Schedule } from "../gen/orch_proto/v1/schedule_pb";
import { BackfillDialog } from "./BackfillDialog";
import { pauseSchedule } from "./pausing";
import { ScheduleDialog } from "./ScheduleDialog";
import { policyText, specText, zoneOf } from "./scheduleText";

const REFRESH_MS = 5000;

/** All schedules of a deployment. */
export function ScheduleCards({
  deploymentId,
  deploymentName,
}: {
  deploymentId: string;
  deploymentName: string;
}) {
  const found = useQuery({
    queryKey: ["schedules", deploymentId],
    queryFn: () => schedules.listSchedules({ deploymentId, pageSize: 1000 }),
    refetchInterval: REFRESH_MS,
  });
  const [asked, setAsked] = useState(false);
  const list = found.data?.schedules ?? [];
  const again = () => void found.refetch();
  return (
    <Card
      title="Schedules"
      actions={
        <Button size="small" icon="plus" onClick={() => setAsked(true)}>
          New schedule
        </Button>
      }
    >
      {asked && <ScheduleDialog deploymentId={deploymentId} onClose={() => setAsked(false)} onDone={again} />}
      {found.isPending && <Skeleton lines={2} />}
      {found.isError && <Failed error={found.error} what="schedules" />}
      {found.data && list.length === 0 && (
        <Empty title="It runs only when somebody asks.">
          <pre>{`orch schedule create ${deploymentName} --cron "0 2 * * *"`}</pre>
        </Empty>
      )}
      {list.map((schedule) => (
        <ScheduleRow key={schedule.scheduleId} schedule={schedule} onChange={again} />
      ))}
    </Card>
  );
}

function ScheduleRow({ schedule, onChange }: { schedule: Schedule; onChange: () => void }) {
  const [asked, setAsked] = useState<"preview" | "backfill" | "delete">();
  const close = () => setAsked(undefined);
  const pause = async () => {
    if (await pauseSchedule(schedule, !schedule.paused)) onChange();
  };
  return (
    <div className="schedule-row">
      <div>
        <div className="field-row">
          <strong>{schedule.name}</strong>
          <code>{specText(schedule)}</code>
          <span className="muted">{zoneOf(schedule)}</span>
          {schedule.paused && <span className="tag">paused</span>}
        </div>
        <p className="muted">{policyText(schedule)}</p>
        <p>
          {schedule.nextTime && !schedule.paused ? (
            <>
              Next <Ago time={schedule.nextTime} />
            </>
          ) : (
            "Nothing next"
          )}
          {schedule.lastTime && (
            <span className="muted">
              , last <Ago time={schedule.lastTime} />
            </span>
          )}
          {" · "}
          <Link to={`/runs?schedule=${schedule.scheduleId}`}>Its runs</Link>
        </p>
      </div>
      <div className="actions">
        <Button size="small" onClick={() => setAsked("preview")}>
          Next times
        </Button>
        <Button size="small" onClick={() => setAsked("backfill")}>
          Backfill
        </Button>
        <Button size="small" icon={schedule.paused ? "play" : "pause"} onClick={pause}>
          {schedule.paused ? "Resume" : "Pause"}
        </Button>
        <Button
          size="small"
          kind="quiet"
          icon="trash"
          aria-label={`Delete the schedule ${schedule.name}`}
          onClick={() => setAsked("delete")}
        />
      </div>
      {asked === "preview" && <Preview schedule={schedule} onClose={close} />}
      {asked === "backfill" && <BackfillDialog schedule={schedule} onClose={close} onDone={onChange} />}
      {asked === "delete" && <DeleteDialog schedule={schedule} onClose={close} onDone={onChange} />}
    </div>
  );
}

type DialogProps = { schedule: Schedule; onClose: () => void; onDone: () => void };

function DeleteDialog({ schedule, onClose, onDone }: DialogProps) {
  const { scheduleId, name } = schedule;
  const send = async () => {
    await schedules.deleteSchedule({ requestId: newRequestId(), scheduleId });
    tell(`The schedule ${name} was deleted.`);
    onDone();
  };
  return (
    <FormDialog title={`Delete the schedule ${name}?`} action="Delete" onSend={send} onClose={onClose}>
      <p>It fires no more. The runs that it created stay.</p>
    </FormDialog>
  );
}

const PREVIEWED = 20;

function Preview({ schedule, onClose }: { schedule: Schedule; onClose: () => void }) {
  const found = useQuery({
    queryKey: ["preview", schedule.scheduleId, schedule.etag],
    queryFn: () => schedules.previewSchedule({ schedule, count: PREVIEWED }),
  });
  return (
    <Dialog title={`Next times of ${schedule.name}`} onClose={onClose}>
      <p className="muted">
        On the schedule's own clocks: {zoneOf(schedule)}.
        {schedule.paused && " It is paused, and fires at none of them."}
      </p>
      {found.isPending && <Skeleton lines={5} />}
      {found.isError && <Failed error={found.error} what="times" />}
      {found.data && found.data.nominalTimes.length === 0 && <p>It never fires again.</p>}
      <ol className="preview">
        {found.data?.nominalTimes.map((time) => {
          const at = millis(time) ?? 0;
          return (
            <li key={at}>
              {zonedText(at, zoneOf(schedule))}{" "}
              <span className="muted">
                <Ago time={at} />
              </span>
            </li>
          );
        })}
      </ol>
      {schedule.parametersJson && schedule.parametersJson !== "{}" && (
        <>
          <h3>Parameters</h3>
          <Json label="Parameters of the schedule" text={schedule.parametersJson} />
        </>
      )}
    </Dialog>
  );
}
