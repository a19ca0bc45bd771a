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

/** The object that a text holds; an empty one where it holds none. */
export function parseObject(text: string): Record<string, unknown> {
  if (!text) return {};
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : {};
  } catch {
    return {};
  }
}

/** Whether a value is a JSON object. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
