/** Buttons, and links that look like them. */
import type { ButtonHTMLAttributes, ReactNode } from "react";
import { Link } from "../app/router";
import { Icon, type IconName } from "./Icon";

type Look = { kind?: "plain" | "primary" | "danger" | "quiet"; size?: "small" | "normal"; icon?: IconName };

type ButtonProps = Look & ButtonHTMLAttributes<HTMLButtonElement>;

/** A button. One without text needs an aria-label, which is its tooltip, too. */
export function Button({ kind = "plain", size = "normal", icon, children, title, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      className="button"
      data-kind={kind}
      data-size={size}
      title={title ?? rest["aria-label"]}
      {...rest}
    >
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

/** A link that looks like a button. */
export function ButtonLink({
  kind = "plain",
  size = "normal",
  icon,
  to,
  children,
}: Look & { to: string; children: ReactNode }) {
  return (
    <Link to={to} className="button" data-kind={kind} data-size={size}>
      {icon && <Icon name={icon} />}
      {children}
    </Link>
  );
}
