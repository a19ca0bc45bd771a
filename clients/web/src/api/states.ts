/** States, as rules and people see them. */
import { type State, StateType } from "../gen/orch_proto/v1/state_pb";

/** A state's type, without the contract's prefix. */
export type StateWord =
  | "SCHEDULED"
  | "PENDING"
  | "RUNNING"
  | "PAUSED"
  | "CANCELLING"
  | "COMPLETED"
  | "FAILED"
  | "CANCELLED"
  | "CRASHED";

const WORDS: Record<StateType, StateWord> = {
  [StateType.UNSPECIFIED]: "SCHEDULED",
  [StateType.SCHEDULED]: "SCHEDULED",
  [StateType.PENDING]: "PENDING",
  [StateType.RUNNING]: "RUNNING",
  [StateType.PAUSED]: "PAUSED",
  [StateType.CANCELLING]: "CANCELLING",
  [StateType.COMPLETED]: "COMPLETED",
  [StateType.FAILED]: "FAILED",
  [StateType.CANCELLED]: "CANCELLED",
  [StateType.CRASHED]: "CRASHED",
};

/** All types, in the order in which a run may have them. */
export const STATE_TYPES: StateType[] = [
  StateType.SCHEDULED,
  StateType.PENDING,
  StateType.RUNNING,
  StateType.PAUSED,
  StateType.CANCELLING,
  StateType.COMPLETED,
  StateType.FAILED,
  StateType.CANCELLED,
  StateType.CRASHED,
];

/** The word of a type; a type that this screen does not know is taken for SCHEDULED. */
export const stateWord = (type: StateType | undefined): StateWord =>
  WORDS[type ?? StateType.UNSPECIFIED] ?? "SCHEDULED";

/** The type of a word, in any case. */
export const stateType = (word: string): StateType | undefined =>
  STATE_TYPES.find((type) => WORDS[type] === word.toUpperCase());

/** "Completed": how a type is called where a state has no name of its own. */
export const typeName = (type: StateType): string => {
  const word = stateWord(type);
  return word.charAt(0) + word.slice(1).toLowerCase();
};

/** What people call a state. */
export const stateName = (state: State | undefined): string =>
  state?.name || typeName(state?.type ?? StateType.UNSPECIFIED);

const ENDED = new Set([StateType.COMPLETED, StateType.FAILED, StateType.CANCELLED, StateType.CRASHED]);

/** Whether nothing more will happen by itself. */
export const isEnded = (state: State | undefined): boolean => ENDED.has(state?.type ?? StateType.UNSPECIFIED);

/** Whether it ended badly. */
export const isBad = (state: State | undefined): boolean =>
  state?.type === StateType.FAILED || state?.type === StateType.CRASHED;
