/** The parameters of a run: a form made from the schema, or JSON for those who like it better. */
import { useState } from "react";
import { isObject, parseJson, parseObject } from "../api/json";
import { Button } from "../design/Button";
import { isRequired, propertiesOf, type Schema } from "./schema";
import { LabelledField } from "./ValueField";

export type Values = Record<string, unknown>;

type ParameterFormProps = {
  schemaJson: string;
  /** What the deployment gives. */
  defaults: Values;
  /** What is given here, over the deployment's. */
  values: Values;
  onChange: (values: Values) => void;
  /** What is wrong, by path. */
  errors: Map<string, string>;
};

/** The form. Only what is changed here is sent. */
export function ParameterForm({ schemaJson, defaults, values, onChange, errors }: ParameterFormProps) {
  const schema: Schema = parseObject(schemaJson);
  const hasSchema = isObject(schema.properties);
  const [asJson, setAsJson] = useState(!hasSchema);
  return (
    <div className="form">
      {hasSchema && (
        <div className="field-row" role="group" aria-label="How to enter the parameters">
          <Button size="small" aria-pressed={!asJson} onClick={() => setAsJson(false)}>
            Form
          </Button>
          <Button size="small" aria-pressed={asJson} onClick={() => setAsJson(true)}>
            JSON
          </Button>
        </div>
      )}
      {asJson ? (
        <ValuesAsJson values={values} defaults={defaults} onChange={onChange} errors={errors} />
      ) : (
        <Fields schema={schema} defaults={defaults} values={values} onChange={onChange} errors={errors} />
      )}
    </div>
  );
}

function Fields({
  schema,
  defaults,
  values,
  onChange,
  errors,
}: Omit<ParameterFormProps, "schemaJson"> & { schema: Schema }) {
  const properties = propertiesOf(schema, schema);
  const known = new Set(properties.map(([name]) => name));
  const others = [...errors].filter(([path]) => !known.has(path.split(".")[0] ?? ""));
  if (properties.length === 0) return <p className="muted">This flow takes no parameters.</p>;
  return (
    <>
      {properties.map(([name, property]) => {
        const given = name in values;
        return (
          <LabelledField
            key={name}
            label={name}
            required={isRequired(schema, name) && !(name in defaults)}
            schema={property}
            root={schema}
            value={given ? values[name] : (defaults[name] ?? property.default)}
            path={name}
            errors={errors}
            onChange={(value) => onChange({ ...values, [name]: value })}
          >
            {given ? (
              <Button
                kind="quiet"
                size="small"
                aria-label={`Take the default of ${name}`}
                onClick={() =>
                  onChange(Object.fromEntries(Object.entries(values).filter(([key]) => key !== name)))
                }
              >
                Take the default
              </Button>
            ) : (
              <span className="muted">
                {name in defaults ? "as deployed" : "default" in property ? "default" : ""}
              </span>
            )}
          </LabelledField>
        );
      })}
      {others.map(([path, text]) => (
        <p className="field error" role="alert" key={path}>
          {path ? `${path}: ` : ""}
          {text}
        </p>
      ))}
    </>
  );
}

function ValuesAsJson({ values, defaults, onChange, errors }: Omit<ParameterFormProps, "schemaJson">) {
  const [text, setText] = useState(() => JSON.stringify(values, null, 2));
  const [wrong, setWrong] = useState("");
  const change = (typed: string) => {
    setText(typed);
    try {
      const value = parseJson(typed || "{}");
      if (!isObject(value)) throw new Error("the parameters are an object: {…}");
      onChange(value);
      setWrong("");
    } catch (error) {
      setWrong(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <div className="field" data-invalid={wrong !== "" || errors.size > 0}>
      <label htmlFor="parameters-json">Parameters as JSON</label>
      <span className="hint">Laid over what is deployed: {JSON.stringify(defaults)}</span>
      <textarea
        id="parameters-json"
        rows={10}
        spellCheck={false}
        value={text}
        onChange={(event) => change(event.target.value)}
      />
      {wrong && <span className="error">This is not JSON yet: {wrong}</span>}
      {[...errors].map(([path, text]) => (
        <span className="error" role="alert" key={path}>
          {path ? `${path}: ` : ""}
          {text}
        </span>
      ))}
    </div>
  );
}
