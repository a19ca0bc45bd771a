/** All schedules, the next to fire first. */
import { useQuery } from "@tanstack/react-query";
import { deployments, schedules } from "../api/clients";
import { allPages } from "../api/requests";
import { Ago, Moment } from "../app/clock";
import { Link } from "../app/router";
import { Button } from "../design/Button";
import { Card, Empty, Failed, PageHead, Skeleton } from "../design/blocks";
import { Table } from "../design/Table";
import type { Deployment } from "../gen/orch_proto/v1/deployment_pb";
import type { Schedule } from "../gen/orch_proto/v1/schedule_pb";
import { pauseSchedule } from "./pausing";
import { nextMs, specText, zoneOf } from "./scheduleText";

/** All schedules with their deployments; the next to fire first. */
export async function loadSchedules() {
  const [list, found] = await Promise.all([
    allPages(async (pageToken) => {
      const page = await schedules.listSchedules({ pageSize: 1000, pageToken });
      return { items: page.schedules, nextPageToken: page.nextPageToken };
    }),
    allPages(async (pageToken) => {
      const page = await deployments.listDeployments({ pageSize: 1000, pageToken });
      return { items: page.deployments, nextPageToken: page.nextPageToken };
    }),
  ]);
  const byId = new Map(found.map((one) => [one.deploymentId, one]));
  const rows = list.map((schedule) => ({ schedule, deployment: byId.get(schedule.deploymentId) }));
  const next = (row: (typeof rows)[number]) =>
    row.deployment?.paused ? Number.POSITIVE_INFINITY : (nextMs(row.schedule) ?? Number.POSITIVE_INFINITY);
  return rows.sort((a, b) => (next(a) === next(b) ? 0 : next(a) - next(b)));
}

/** The page of schedules. */
export default function SchedulesPage() {
  const found = useQuery({ queryKey: ["all schedules"], queryFn: loadSchedules, refetchInterval: 5000 });
  const again = () => void found.refetch();
  return (
    <div className="page">
      <PageHead title="Schedules" />
      {found.isPending && <Skeleton lines={6} />}
      {found.isError && <Failed error={found.error} what="list of schedules" again={again} />}
      {found.data?.length === 0 && (
        <Empty icon="schedule" title="No deployment has a schedule.">
          <p>A schedule runs a deployment by itself: by a cron line, an interval or a recurrence rule.</p>
          <pre>{'orch schedule create etl/nightly --cron "0 2 * * *" --tz Europe/Berlin'}</pre>
        </Empty>
      )}
      {found.data && found.data.length > 0 && (
        <Card title={`${found.data.length} ${found.data.length === 1 ? "schedule" : "schedules"}`}>
          <Table columns={["Schedule", "When", "Next", "Last"]} actions="Actions">
            {found.data.map(({ schedule, deployment }) => (
              <Row key={schedule.scheduleId} schedule={schedule} deployment={deployment} onChange={again} />
            ))}
          </Table>
        </Card>
      )}
    </div>
  );
}

function Row({
  schedule,
  deployment,
  onChange,
}: {
  schedule: Schedule;
  deployment: Deployment | undefined;
  onChange: () => void;
}) {
  const pause = async () => {
    if (await pauseSchedule(schedule, !schedule.paused)) onChange();
  };
  const next = deployment?.paused ? undefined : nextMs(schedule);
  return (
    <tr>
      <td>
        <span className="strong">{schedule.name}</span>{" "}
        {(schedule.paused || deployment?.paused) && <span className="tag">paused</span>}
        <div className="muted">
          <Link to={`/deployments/${schedule.deploymentId}`}>
            {deployment ? `${deployment.flowName}/${deployment.name}` : "deployment"}
          </Link>
        </div>
      </td>
      <td>
        <code>{specText(schedule)}</code>
        <div className="muted">{zoneOf(schedule)}</div>
      </td>
      <td>
        <Ago time={next} />
        {next !== undefined && (
          <div className="muted">
            <Moment time={next} />
          </div>
        )}
      </td>
      <td>
        <Ago time={schedule.lastTime} />
      </td>
      <td className="end">
        <Button
          size="small"
          icon={schedule.paused ? "play" : "pause"}
          aria-label={`${schedule.paused ? "Resume" : "Pause"} ${schedule.name}`}
          onClick={pause}
        >
          {schedule.paused ? "Resume" : "Pause"}
        </Button>
      </td>
    </tr>
  );
}
