/** JSON Schemas of parameters, as far as a form can be made from them. */
import { isNumber, isObject } from "../api/json";

/** A schema, loosely: what it says is looked up where it is needed. */
export type Schema = Record<string, unknown>;

/** How a value is entered. Whatever is none of these is entered as JSON. */
export type Kind =
  | "boolean"
  | "choice"
  | "number"
  | "date"
  | "moment"
  | "text"
  | "list"
  | "object"
  | "variants"
  | "json";

const MOST_REFERENCES = 20;

/** The schema that a reference leads to ("#/$defs/Source"), with what stands beside the reference laid over it. */
export function resolved(schema: Schema, root: Schema): Schema {
  return led(schema, root, MOST_REFERENCES);
}

/** References that lead in a circle lead to a schema that says nothing. */
function led(schema: Schema, root: Schema, hops: number): Schema {
  if (hops === 0) return {};
  if (typeof schema.$ref === "string") {
    const { $ref, ...beside } = schema;
    return led({ ...lookup(String($ref), root), ...beside }, root, hops - 1);
  }
  const [only] = Array.isArray(schema.allOf) && schema.allOf.length === 1 ? schema.allOf : [];
  return isObject(only) ? { ...led(only, root, hops - 1), ...schema, allOf: undefined } : schema;
}

function lookup(reference: string, root: Schema): Schema | undefined {
  if (!reference.startsWith("#")) return undefined;
  let place: unknown = root;
  for (const part of reference.slice(1).split("/").filter(Boolean)) {
    const name = decoded(part).replaceAll("~1", "/").replaceAll("~0", "~");
    place = isObject(place) ? place[name] : undefined;
  }
  return isObject(place) ? place : undefined;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The variants of a schema that allows several, each resolved. */
export function variantsOf(schema: Schema, root: Schema): Schema[] {
  const given = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(given)) return given.filter(isObject).map((one) => resolved(one, root));
  if (Array.isArray(schema.type)) return schema.type.map((type) => ({ ...schema, type }));
  return [];
}

/** How a value of this schema is entered. */
export function kindOf(schema: Schema): Kind {
  if (schema.enum !== undefined || schema.const !== undefined) return "choice";
  if (schema.anyOf !== undefined || schema.oneOf !== undefined || Array.isArray(schema.type))
    return "variants";
  if (schema.type === "boolean") return "boolean";
  if (schema.type === "integer" || schema.type === "number") return "number";
  if (schema.type === "string") return textKind(schema.format);
  if (schema.type === "array") return isObject(schema.items) ? "list" : "json";
  if (schema.type === "object" || schema.properties) return isObject(schema.properties) ? "object" : "json";
  return "json";
}

function textKind(format: unknown): Kind {
  if (format === "date") return "date";
  return format === "date-time" ? "moment" : "text";
}

/** The properties of an object's schema, in the order in which they are written. */
export function propertiesOf(schema: Schema, root: Schema): [string, Schema][] {
  const given = isObject(schema.properties) ? schema.properties : {};
  const entries = Object.entries(given).filter((entry): entry is [string, Schema] => isObject(entry[1]));
  const placed = entries.map(([name, value]) => [name, resolved(value, root)] as [string, Schema]);
  return placed.sort((a, b) => position(a[1]) - position(b[1]));
}

const position = (schema: Schema): number => (typeof schema.position === "number" ? schema.position : 0);

/** Whether a property has to be given. */
export const isRequired = (schema: Schema, name: string): boolean =>
  Array.isArray(schema.required) && schema.required.includes(name);

/** A schema may hold itself, and ask for itself: what is deeper than this begins as nothing. */
const DEEPEST_BLANK = 4;

/** What a new value of this schema begins as. */
export function blank(schema: Schema, root: Schema, depth = 0): unknown {
  if (schema.default !== undefined) return schema.default;
  if (depth > DEEPEST_BLANK) return null;
  switch (kindOf(schema)) {
    case "boolean":
      return false;
    case "number":
      return 0;
    case "list":
      return [];
    case "object":
      return Object.fromEntries(
        propertiesOf(schema, root)
          .filter(([name]) => isRequired(schema, name))
          .map(([name, value]) => [name, blank(value, root, depth + 1)]),
      );
    case "choice":
      return Array.isArray(schema.enum) ? schema.enum[0] : schema.const;
    case "variants": {
      const first = variantsOf(schema, root).find((one) => one.type !== "null");
      return first ? blank(first, root, depth + 1) : null;
    }
    case "json":
      return schema.type === "array" ? [] : schema.type === "null" ? null : {};
    default:
      return "";
  }
}

/** Which variant a value belongs to: the first whose type fits. */
export function variantOf(value: unknown, variants: Schema[]): number {
  const found = variants.findIndex((schema) => fits(value, schema));
  return Math.max(0, found);
}

function fits(value: unknown, schema: Schema): boolean {
  if (Array.isArray(schema.enum))
    return schema.enum.some((one) => JSON.stringify(one) === JSON.stringify(value));
  switch (schema.type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    case "integer":
    case "number":
      return isNumber(value);
    default:
      return typeof value === (schema.type ?? "object");
  }
}

/** What a variant is called. */
export function variantName(schema: Schema): string {
  if (schema.type === "null") return "nothing";
  if (typeof schema.title === "string") return schema.title;
  return typeof schema.format === "string" ? schema.format : String(schema.type ?? "other");
}
