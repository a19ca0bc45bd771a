/** A dialog that is filled in and sent; what is wrong is said in it, and what was typed stays. */
import { type FormEvent, type ReactNode, useId, useState } from "react";
import { errorText, violations } from "../api/errors";
import { Button } from "./Button";
import { Dialog } from "./Dialog";
import { Icon } from "./Icon";

type FormDialogProps = {
  title: string;
  /** What the button says that sends it. */
  action: string;
  /** Sends it, and throws where it is refused. */
  onSend: () => Promise<void>;
  onClose: () => void;
  children: ReactNode;
};

/** The dialog. It closes once what was sent is taken. */
export function FormDialog({ title, action, onSend, onClose, children }: FormDialogProps) {
  const form = useId();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const send = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      await onSend();
      onClose();
    } catch (problem) {
      setError(problem);
      setBusy(false);
    }
  };
  return (
    <Dialog
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Close</Button>
          <Button kind="primary" type="submit" form={form} disabled={busy}>
            {busy ? "Working…" : action}
          </Button>
        </>
      }
    >
      <form id={form} className="form" onSubmit={send}>
        {children}
        {error !== undefined && <Refusal error={error} />}
      </form>
    </Dialog>
  );
}

function Refusal({ error }: { error: unknown }) {
  const wrong = [...violations(error)];
  return (
    <div className="notice" data-state="FAILED" role="alert">
      <Icon name="warning" />
      <div>
        {wrong.length === 0 && <span>{errorText(error)}</span>}
        {wrong.map(([field, text]) => (
          <span key={field}>
            <code>{field}</code>: {text}
          </span>
        ))}
      </div>
    </div>
  );
}

type FieldProps = {
  label: string;
  hint?: string;
  /** The control, which gets this id. */
  children: (id: string) => ReactNode;
};

/** A control with its label above. */
export function Field({ label, hint, children }: FieldProps) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {hint && <span className="hint">{hint}</span>}
      {children(id)}
    </div>
  );
}

type TextFieldProps = {
  label: string;
  value: string;
  onChange: (text: string) => void;
  hint?: string;
  placeholder?: string;
  required?: boolean;
  /** So many lines; one without. */
  lines?: number;
  /** What is proposed while typing. */
  proposals?: string[];
};

/** A field of text. */
export function TextField({ label, value, onChange, hint, lines, proposals, ...rest }: TextFieldProps) {
  const list = useId();
  return (
    <Field label={label} {...(hint ? { hint } : {})}>
      {(id) =>
        lines ? (
          <textarea
            id={id}
            rows={lines}
            value={value}
            onChange={(event) => onChange(event.target.value)}
            {...rest}
          />
        ) : (
          <>
            <input
              id={id}
              type="text"
              value={value}
              list={proposals && list}
              onChange={(event) => onChange(event.target.value)}
              {...rest}
            />
            {proposals && (
              <datalist id={list}>
                {proposals.map((one) => (
                  <option key={one} value={one} />
                ))}
              </datalist>
            )}
          </>
        )
      }
    </Field>
  );
}

type ChoiceFieldProps = {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** Values and how they are called. */
  choices: [string, string][];
};

/** A field of which one is chosen. */
export function ChoiceField({ label, value, onChange, choices }: ChoiceFieldProps) {
  return (
    <Field label={label}>
      {(id) => (
        <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
          {choices.map(([key, words]) => (
            <option key={key} value={key}>
              {words}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}
