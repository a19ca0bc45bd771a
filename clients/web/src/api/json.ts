/** JSON as text: indented without being parsed, so that no number changes on its way to the screen. */

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;

/** The text, indented; as it is, where it is not JSON. */
export function indentJson(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  let depth = 0;
  let out = "";
  let fresh = false;
  const line = () => `\n${"  ".repeat(depth)}`;
  for (const token of text.match(TOKEN) ?? []) {
    if (token === "}" || token === "]") {
      depth -= 1;
      out += fresh ? token : line() + token;
      fresh = false;
      continue;
    }
    if (fresh) out += line();
    fresh = token === "{" || token === "[";
    if (fresh) depth += 1;
    out += token === ":" ? ": " : token;
    if (token === ",") out += line();
  }
  return out;
}

/** What newer engines offer, and the language's types do not know yet (ECMAScript's JSON.parse source text access). */
type RawJson = { rawJSON?: (text: string) => unknown; isRawJSON?: (value: unknown) => boolean };
type Reviver = (key: string, value: unknown, context?: { source?: string }) => unknown;

const { rawJSON, isRawJSON }: RawJson = JSON as RawJson;

/** As JSON.parse does, but a number that would be written in another way (1.0, 9007199254740993) stays as it is. */
export function parseJson(text: string): unknown {
  const keep: Reviver = (_key, value, context) => {
    const source = context?.source;
    const changes = typeof value === "number" && source !== undefined && String(value) !== source;
    return changes && rawJSON ? rawJSON(source) : value;
  };
  return JSON.parse(text, keep);
}

/** Whether a value is a number, also one that is kept as it was written. */
export const isNumber = (value: unknown): boolean => typeof value === "number" || isRaw(value);

const isRaw = (value: unknown): boolean => isRawJSON?.(value) ?? false;

/** The object that a text holds; an empty one where it holds none. */
export function parseObject(text: string): Record<string, unknown> {
  if (!text) return {};
  try {
    const value = parseJson(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** Whether a value is a JSON object. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !isRaw(value);
