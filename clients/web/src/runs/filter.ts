/** The filter of runs, as it stands in the address: ?state=failed&flow=etl&since=24h … */
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { stateType } from "../api/states";
import type { FlowRunFilterSchema } from "../gen/orch_proto/v1/flow_run_service_pb";

/** Spans that can be chosen, and how they are called. */
export const SPANS: [string, string, number][] = [
  ["15m", "Last 15 minutes", 900_000],
  ["1h", "Last hour", 3_600_000],
  ["24h", "Last 24 hours", 86_400_000],
  ["7d", "Last 7 days", 7 * 86_400_000],
  ["30d", "Last 30 days", 30 * 86_400_000],
];

/** The names in the address that belong to the filter. */
export const FILTER_NAMES = [
  "name",
  "state",
  "flow",
  "deployment",
  "pool",
  "tag",
  "since",
  "from",
  "to",
  "parent",
  "schedule",
] as const;

/** What the control plane is asked for. "Since 24 h" is counted from `now`. */
export function filterOf(query: URLSearchParams, now: number): MessageInitShape<typeof FlowRunFilterSchema> {
  const states = query.getAll("state");
  const types = states.map(stateType).filter((type) => type !== undefined);
  const span = SPANS.find(([key]) => key === query.get("since"))?.[2];
  const from = span === undefined ? moment(query.get("from")) : now - span;
  const to = moment(query.get("to"));
  return {
    flowNames: query.getAll("flow"),
    deploymentIds: query.getAll("deployment"),
    stateTypes: types,
    stateNames: states.filter((word) => stateType(word) === undefined),
    tags: query.getAll("tag"),
    namePrefix: query.get("name") ?? "",
    workPoolNames: query.getAll("pool"),
    parentFlowRunId: query.get("parent") ?? "",
    scheduleId: query.get("schedule") ?? "",
    ...(from === undefined ? {} : { createTimeFrom: timestampFromMs(from) }),
    ...(to === undefined ? {} : { createTimeTo: timestampFromMs(to) }),
  };
}

function moment(text: string | null): number | undefined {
  const at = text ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

/** Whether anything is filtered. */
export const isFiltered = (query: URLSearchParams): boolean => FILTER_NAMES.some((name) => query.has(name));

/** The filter alone, in one order: what tells two filters apart. */
export function filterKey(query: URLSearchParams): string {
  return FILTER_NAMES.flatMap((name) => query.getAll(name).map((value) => `${name}=${value}`)).join("&");
}
