/** One value of a form, entered as its schema says. */
import { createContext, useContext, useId, useState } from "react";
import { isObject, parseJson } from "../api/json";
import { Button } from "../design/Button";
import {
  blank,
  isRequired,
  kindOf,
  propertiesOf,
  resolved,
  type Schema,
  variantName,
  variantOf,
  variantsOf,
} from "./schema";

/** What every kind of field gets. */
export type FieldProps = {
  schema: Schema;
  root: Schema;
  value: unknown;
  onChange: (value: unknown) => void;
  /** The path of the value, as violations name it: "source.url". */
  path: string;
  /** What is wrong, by path. */
  errors: Map<string, string>;
  id: string;
  describedBy: string | undefined;
};

const FIELDS = {
  boolean: BooleanField,
  choice: ChoiceField,
  number: NumberField,
  date: DateField,
  moment: MomentField,
  text: TextField,
  list: ListField,
  object: ObjectField,
  variants: VariantsField,
  json: JsonField,
} as const;

/** In how many fields a field lies. A schema may hold itself: what lies deeper is entered as JSON. */
const Depth = createContext(0);
const DEEPEST = 8;

/** The field alone, without its label. */
export function ValueField(props: FieldProps) {
  const depth = useContext(Depth);
  const Kind = depth < DEEPEST ? FIELDS[kindOf(props.schema)] : JsonField;
  return (
    <Depth value={depth + 1}>
      <Kind {...props} />
    </Depth>
  );
}

/** A field with its label, its words and what is wrong with it. */
export function LabelledField({
  label,
  required,
  children,
  ...props
}: Omit<FieldProps, "id" | "describedBy"> & {
  label: string;
  required: boolean;
  children?: React.ReactNode;
}) {
  const id = useId();
  const hint = typeof props.schema.description === "string" ? props.schema.description : "";
  const error = props.errors.get(props.path);
  const kind = kindOf(props.schema);
  const isGroup = kind === "object" || kind === "list" || kind === "variants";
  const words = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ") || undefined;
  const field = <ValueField {...props} id={id} describedBy={words} />;
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: it has a label where it has a role
    <div
      className="field"
      data-invalid={Boolean(error)}
      role={isGroup ? "group" : undefined}
      aria-labelledby={isGroup ? `${id}-label` : undefined}
    >
      <div className="field-head">
        {isGroup ? (
          <span className="label" id={`${id}-label`}>
            {label}
          </span>
        ) : (
          <label className="label" htmlFor={id}>
            {label}
          </label>
        )}
        {required && <span className="muted">required</span>}
        {children}
      </div>
      {hint && (
        <span className="hint" id={`${id}-hint`}>
          {hint}
        </span>
      )}
      {field}
      {error && (
        <span className="error" id={`${id}-error`} role="alert">
          {error}
        </span>
      )}
    </div>
  );
}

function BooleanField({ value, onChange, id, describedBy }: FieldProps) {
  return (
    <span className="choice">
      <input
        id={id}
        type="checkbox"
        aria-describedby={describedBy}
        checked={value === true}
        onChange={(event) => onChange(event.target.checked)}
      />
      <span className="muted">{value === true ? "true" : "false"}</span>
    </span>
  );
}

function ChoiceField({ schema, value, onChange, id, describedBy }: FieldProps) {
  const choices: unknown[] = Array.isArray(schema.enum) ? schema.enum : [schema.const];
  const chosen = choices.findIndex((one) => JSON.stringify(one) === JSON.stringify(value));
  return (
    <select
      id={id}
      aria-describedby={describedBy}
      value={chosen}
      onChange={(event) => onChange(choices[Number(event.target.value)])}
    >
      {chosen < 0 && <option value={-1}>Choose…</option>}
      {choices.map((one, index) => (
        <option key={JSON.stringify(one)} value={index}>
          {typeof one === "string" ? one : JSON.stringify(one)}
        </option>
      ))}
    </select>
  );
}

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

function NumberField({ schema, value, onChange, id, describedBy }: FieldProps) {
  const [text, setText] = useState<string>();
  const change = (typed: string) => {
    setText(typed);
    // What is no number is sent as it was typed: the control plane says what is wrong with it.
    onChange(NUMBER.test(typed.trim()) ? parseJson(typed) : typed);
  };
  const bounds = [bound("at least", schema.minimum), bound("at most", schema.maximum)]
    .filter(Boolean)
    .join(", ");
  return (
    <>
      <input
        id={id}
        type="text"
        inputMode="decimal"
        aria-describedby={describedBy}
        value={text?.trim() === asText(value).trim() ? text : asText(value)}
        onChange={(event) => change(event.target.value)}
      />
      {bounds && <span className="hint">{bounds}</span>}
    </>
  );
}

const bound = (words: string, value: unknown): string =>
  value === undefined ? "" : `${words} ${asText(value)}`;

const asText = (value: unknown): string =>
  typeof value === "string" ? value : value === undefined || value === null ? "" : JSON.stringify(value);

function TextField({ value, onChange, id, describedBy }: FieldProps) {
  const text = asText(value);
  if (text.includes("\n")) {
    return (
      <textarea
        id={id}
        rows={4}
        aria-describedby={describedBy}
        value={text}
        onChange={(event) => onChange(event.target.value)}
      />
    );
  }
  return (
    <input
      id={id}
      type="text"
      aria-describedby={describedBy}
      value={text}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

function DateField(props: FieldProps) {
  const { value, onChange, id, describedBy } = props;
  if (typeof value === "string" && value !== "" && !DAY.test(value)) return <TextField {...props} />;
  return (
    <input
      id={id}
      type="date"
      aria-describedby={describedBy}
      value={asText(value)}
      onChange={(event) => onChange(event.target.value)}
    />
  );
}

/** A moment is entered on this computer's clocks, and sent in UTC. */
function MomentField({ value, onChange, id, describedBy }: FieldProps) {
  const at = typeof value === "string" ? Date.parse(value) : Number.NaN;
  return (
    <>
      <input
        id={id}
        type="datetime-local"
        step="1"
        aria-describedby={describedBy}
        value={Number.isNaN(at) ? "" : localInput(at)}
        onChange={(event) => onChange(event.target.value ? new Date(event.target.value).toISOString() : "")}
      />
      {typeof value === "string" && value && <span className="hint">{value}</span>}
    </>
  );
}

/** A moment as the browser's own field takes it. */
export function localInput(at: number): string {
  const moment = new Date(at);
  return new Date(at - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function ListField({ schema, root, value, onChange, path, errors }: FieldProps) {
  const items = Array.isArray(value) ? value : [];
  const item = resolved(isObject(schema.items) ? schema.items : {}, root);
  const replace = (index: number, next: unknown) =>
    onChange(items.map((one, at) => (at === index ? next : one)));
  return (
    <div className="list-field">
      {items.map((one, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a list's values are told apart by their place alone
        <div className="list-item" key={index}>
          <LabelledField
            label={`${index + 1}`}
            required={false}
            schema={item}
            root={root}
            value={one}
            path={`${path}.${index}`}
            errors={errors}
            onChange={(next) => replace(index, next)}
          />
          <Button
            kind="quiet"
            size="small"
            icon="close"
            aria-label={`Take away ${index + 1}`}
            onClick={() => onChange(items.filter((_, at) => at !== index))}
          />
        </div>
      ))}
      <Button size="small" icon="plus" onClick={() => onChange([...items, blank(item, root)])}>
        Add
      </Button>
    </div>
  );
}

function ObjectField({ schema, root, value, onChange, path, errors }: FieldProps) {
  const given = isObject(value) ? value : {};
  return (
    <fieldset className="form">
      {propertiesOf(schema, root).map(([name, property]) => {
        const held = given[name] ?? property.default;
        const change = (next: unknown) => onChange({ ...given, [name]: next });
        const required = isRequired(schema, name);
        if (held === undefined && !required && isNested(property))
          return <AbsentField key={name} name={name} onGive={() => change(blank(property, root))} />;
        return (
          <LabelledField
            key={name}
            label={name}
            required={required}
            schema={property}
            root={root}
            value={held}
            path={`${path}.${name}`}
            errors={errors}
            onChange={change}
          />
        );
      })}
    </fieldset>
  );
}

const isNested = (schema: Schema): boolean => ["object", "variants"].includes(kindOf(schema));

/** A part that may be left out: its fields are there once it is given. */
function AbsentField({ name, onGive }: { name: string; onGive: () => void }) {
  return (
    <div className="field-row">
      <span className="label">{name}</span>
      <Button size="small" icon="plus" aria-label={`Give ${name}`} onClick={onGive}>
        Give
      </Button>
    </div>
  );
}

function VariantsField(props: FieldProps) {
  const { schema, root, value, onChange, id } = props;
  const variants = variantsOf(schema, root);
  const chosen = variantOf(value ?? null, variants);
  const variant = variants[chosen];
  if (!variant) return <JsonField {...props} />;
  return (
    <div className="variants">
      <select
        aria-label="Kind of value"
        value={chosen}
        onChange={(event) => {
          const next = variants[Number(event.target.value)];
          if (next) onChange(next.type === "null" ? null : blank(next, root));
        }}
      >
        {variants.map((one, index) => (
          <option key={JSON.stringify(one)} value={index}>
            {variantName(one)}
          </option>
        ))}
      </select>
      {variant.type !== "null" && <LabelledVariant {...props} schema={variant} id={id} />}
    </div>
  );
}

function LabelledVariant(props: FieldProps) {
  return (
    <div className="field">
      <label className="visually-hidden" htmlFor={props.id}>
        Value
      </label>
      <ValueField {...props} />
    </div>
  );
}

function JsonField({ value, onChange, id, describedBy }: FieldProps) {
  const [text, setText] = useState(() => (value === undefined ? "" : JSON.stringify(value, null, 2)));
  const [wrong, setWrong] = useState("");
  const change = (typed: string) => {
    setText(typed);
    try {
      onChange(parseJson(typed));
      setWrong("");
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      <textarea
        id={id}
        rows={3}
        spellCheck={false}
        aria-describedby={describedBy}
        value={text}
        onChange={(event) => change(event.target.value)}
      />
      {wrong && <span className="error">This is not JSON yet: {wrong}</span>}
    </>
  );
}
