/** Pausing and resuming what fires and grants. */
import { deployments, schedules } from "../api/clients";
import { errorText } from "../api/errors";
import { newRequestId } from "../api/requests";
import { tell } from "../design/toasts";
import type { Deployment } from "../gen/orch_proto/v1/deployment_pb";
import type { Schedule } from "../gen/orch_proto/v1/schedule_pb";

/** Do it, and tell how it went. Answers whether it went well. */
export async function attempt(said: string, call: () => Promise<unknown>): Promise<boolean> {
  try {
    await call();
    tell(said);
    return true;
  } catch (error) {
    tell(errorText(error), "FAILED");
    return false;
  }
}

/** Pause a schedule, or let it go on. */
export function pauseSchedule({ scheduleId, name }: Schedule, paused: boolean): Promise<boolean> {
  const said = `The schedule ${name} ${paused ? "is paused" : "goes on"}.`;
  return attempt(said, () =>
    schedules.updateSchedule({
      requestId: newRequestId(),
      schedule: { scheduleId, paused },
      updateMask: { paths: ["paused"] },
    }),
  );
}

/** Pause all schedules of a deployment, or let them go on. */
export function pauseDeployment({ deploymentId, name }: Deployment, paused: boolean): Promise<boolean> {
  const said = paused ? `${name} is paused: no schedule of it fires.` : `${name} goes on.`;
  return attempt(said, () =>
    deployments.updateDeployment({
      requestId: newRequestId(),
      deployment: { deploymentId, paused },
      updateMask: { paths: ["paused"] },
    }),
  );
}
