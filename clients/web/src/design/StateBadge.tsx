/** A state: word, colour and shape, so that none of them has to be seen alone. */
import { type StateWord, stateName, stateWord } from "../api/states";
import type { State } from "../gen/orch_proto/v1/state_pb";
import { Icon, type IconName } from "./Icon";

const SHAPES: Record<StateWord, IconName> = {
  SCHEDULED: "schedule",
  PENDING: "dots",
  RUNNING: "half",
  PAUSED: "pause",
  CANCELLING: "stop",
  COMPLETED: "check",
  FAILED: "cross",
  CANCELLED: "slash",
  CRASHED: "bolt",
};

/** The state of a run as a badge. */
export function StateBadge({ state }: { state: State | undefined }) {
  const word = stateWord(state?.type);
  return (
    <span className="state" data-state={word}>
      <Icon name={SHAPES[word]} />
      {stateName(state)}
    </span>
  );
}

/** A state's mark alone, for places where its word stands nearby. */
export function StateMark({ word }: { word: StateWord }) {
  return (
    <span className="state-mark" data-state={word}>
      <Icon name={SHAPES[word]} />
    </span>
  );
}
