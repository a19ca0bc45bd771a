/** What comes next: schedules' next times, and runs that wait for theirs. */
import { useQuery } from "@tanstack/react-query";
import { flowRuns } from "../api/clients";
import { millis } from "../api/times";
import { Ago, Moment } from "../app/clock";
import { Link } from "../app/router";
import { loadSchedules } from "../deployments/SchedulesPage";
import { nextMs } from "../deployments/scheduleText";
import { Card, Empty, Failed, Skeleton } from "../design/blocks";
import { FlowRunOrder } from "../gen/orch_proto/v1/flow_run_service_pb";
import { StateType } from "../gen/orch_proto/v1/state_pb";

const SHOWN = 6;

type Upcoming = { key: string; at: number; to: string; title: string; note: string };

async function loadUpcoming(): Promise<Upcoming[]> {
  const [rows, page] = await Promise.all([
    loadSchedules(),
    flowRuns.listFlowRuns({
      pageSize: 50,
      order: FlowRunOrder.SCHEDULED_TIME,
      filter: { stateTypes: [StateType.SCHEDULED] },
    }),
  ]);
  const schedules = rows.flatMap(({ schedule, deployment }) => {
    const at = deployment?.paused ? undefined : nextMs(schedule);
    if (at === undefined || !deployment) return [];
    const title = `${deployment.flowName}/${deployment.name}`;
    return {
      key: schedule.scheduleId,
      at,
      to: `/deployments/${deployment.deploymentId}`,
      title,
      note: schedule.name,
    };
  });
  const runs = page.flowRuns.flatMap((run) => {
    const at = millis(run.scheduledTime) ?? 0;
    if (at < Date.now()) return [];
    return {
      key: run.flowRunId,
      at,
      to: `/runs/${run.flowRunId}`,
      title: run.name,
      note: run.state?.name || "scheduled run",
    };
  });
  return [...schedules, ...runs].sort((a, b) => a.at - b.at).slice(0, SHOWN);
}

/** The card of what comes next. */
export function NextCard() {
  const found = useQuery({ queryKey: ["upcoming"], queryFn: loadUpcoming, refetchInterval: 10_000 });
  return (
    <Card title="Next" actions={<Link to="/schedules">Schedules</Link>}>
      {found.isPending && <Skeleton lines={3} />}
      {found.isError && <Failed error={found.error} what="schedules" />}
      {found.data?.length === 0 && <Empty title="Nothing is scheduled." />}
      <ul className="plain-list">
        {found.data?.map((one) => (
          <li key={one.key}>
            <Link className="name-link cut" to={one.to}>
              {one.title}
            </Link>
            <span className="muted cut">{one.note}</span>
            <span className="push numeric">
              <Ago time={one.at} />{" "}
              <span className="muted wide-only">
                <Moment time={one.at} />
              </span>
            </span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
