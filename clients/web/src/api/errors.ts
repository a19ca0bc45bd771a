/** Errors of calls, in words, and the fields that they name. */
import { Code, ConnectError } from "@connectrpc/connect";
import { BadRequestSchema } from "../gen/google/rpc/error_details_pb";

/** What went wrong, as people read it. */
export function errorText(error: unknown): string {
  if (error instanceof ConnectError) return error.rawMessage || Code[error.code];
  return error instanceof Error ? error.message : String(error);
}

/** Whether trying the same again may help. */
export function isPassing(error: unknown): boolean {
  if (!(error instanceof ConnectError)) return false;
  return [Code.Unavailable, Code.DeadlineExceeded, Code.ResourceExhausted, Code.Aborted].includes(error.code);
}

/** Whether it is no answer of the control plane, but nobody's, or one that broke off. */
export const isBroken = (error: unknown): boolean =>
  !(error instanceof ConnectError) || error.cause !== undefined;

/** Whether what was asked for does not exist. */
export const isNotFound = (error: unknown): boolean =>
  error instanceof ConnectError && error.code === Code.NotFound;

/** What is wrong with each field, by the contract's name of the field ("parameters_json.day"). */
export function violations(error: unknown): Map<string, string> {
  if (!(error instanceof ConnectError)) return new Map();
  const found = error.findDetails(BadRequestSchema).flatMap((detail) => detail.fieldViolations);
  return new Map(found.map((violation) => [violation.field, violation.description]));
}
