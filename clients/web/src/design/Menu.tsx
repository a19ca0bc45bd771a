/** A button that opens a panel: closed by Escape, a click elsewhere, or leaving it with the keyboard. */
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Icon, type IconName } from "./Icon";

type MenuProps = {
  label: ReactNode;
  icon?: IconName;
  side?: "left" | "right";
  /** Whether what is chosen inside differs from nothing. */
  active?: boolean;
  children: (close: () => void) => ReactNode;
};

/** A panel under a button. */
export function Menu({ label, icon, side = "left", active = false, children }: MenuProps) {
  const [open, setOpen] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return;
    const outside = (event: Event) => {
      if (event.target instanceof Node && !frame.current?.contains(event.target)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    document.addEventListener("focusin", outside);
    return () => {
      document.removeEventListener("pointerdown", outside);
      document.removeEventListener("focusin", outside);
    };
  }, [open]);
  const close = () => {
    setOpen(false);
    frame.current?.querySelector("button")?.focus();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape is heard from everything inside
    <div className="menu" ref={frame} onKeyDown={(event) => open && event.key === "Escape" && close()}>
      <button
        type="button"
        className="button"
        aria-expanded={open}
        aria-pressed={active || undefined}
        onClick={() => setOpen(!open)}
      >
        {icon && <Icon name={icon} />}
        {label}
        <Icon name="down" />
      </button>
      {open && (
        <div className="menu-panel" data-side={side}>
          {children(close)}
        </div>
      )}
    </div>
  );
}
