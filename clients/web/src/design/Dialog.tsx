/** Dialogs: the browser's own, which keep the keyboard inside and give it back. */
import { type ReactNode, useEffect, useId, useRef } from "react";
import { Button } from "./Button";

type DialogProps = {
  title: string;
  onClose: () => void;
  children: ReactNode;
  /** What can be done, right below. */
  footer?: ReactNode;
  size?: "normal" | "wide";
};

/** A dialog that is open as long as it is rendered. Escape and the cross close it. */
export function Dialog({ title, onClose, children, footer, size = "normal" }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  const label = useId();
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    if (dialog && !dialog.open) dialog.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={element}
      className="dialog"
      data-size={size}
      aria-labelledby={label}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <div className="dialog-head">
        <h2 id={label}>{title}</h2>
        <Button kind="quiet" icon="close" aria-label="Close" onClick={onClose} />
      </div>
      <div className="dialog-body">{children}</div>
      {footer && <div className="dialog-foot">{footer}</div>}
    </dialog>
  );
}
