/** Larger parts of pages: head, card, facts, tables' frames, empty and error states. */
import { type ReactNode, useEffect, useRef } from "react";
import { useConnectionLost } from "../api/connection";
import { errorText, isBroken, isNotFound } from "../api/errors";
import { indentJson } from "../api/json";
import { plainText } from "../api/plainText";
import { Link } from "../app/router";
import { Button } from "./Button";
import { Icon, type IconName } from "./Icon";

type Crumb = { label: string; to?: string };

/** The head of a page: where it lies, its title, what can be done. Sets the window's title, too. */
export function PageHead({
  title: named,
  crumbs = [],
  beside,
  actions,
}: {
  title: string;
  crumbs?: Crumb[];
  beside?: ReactNode;
  actions?: ReactNode;
}) {
  const title = plainText(named);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = title === "Orch" ? title : `${title} · Orch`;
  }, [title]);
  return (
    <>
      {crumbs.length > 0 && (
        <nav aria-label="Breadcrumb">
          <ol className="crumbs">
            {crumbs.map((crumb) => (
              <li key={crumb.label}>{crumb.to ? <Link to={crumb.to}>{crumb.label}</Link> : crumb.label}</li>
            ))}
          </ol>
        </nav>
      )}
      <header className="page-head">
        <div className="title">
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {beside}
        </div>
        {actions && <div className="actions">{actions}</div>}
      </header>
    </>
  );
}

/** A framed part of a page with a heading. */
export function Card({
  title,
  actions,
  children,
  padded = false,
}: {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
  padded?: boolean;
}) {
  return (
    <section className="card" aria-label={title}>
      <div className="card-head">
        <h2>{title}</h2>
        {actions}
      </div>
      {padded ? <div className="card-body">{children}</div> : children}
    </section>
  );
}

/** One fact of a list of facts. */
export function Fact({
  label,
  children,
  wide = false,
}: {
  label: string;
  children: ReactNode;
  wide?: boolean;
}) {
  return (
    <div className={wide ? "wide" : undefined}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** What is said where there is nothing: why, and what to do. */
export function Empty({ icon, title, children }: { icon?: IconName; title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      {icon && <Icon name={icon} />}
      <h3>{title}</h3>
      {children}
    </div>
  );
}

/** What is said where a page could not be had. */
export function Failed({ error, what, again }: { error: unknown; what: string; again?: () => void }) {
  const gone = isNotFound(error);
  return (
    <div className="notice" data-state={gone ? "CANCELLED" : "FAILED"} role="alert">
      <Icon name="warning" />
      <div>
        <strong>{gone ? `There is no such ${what}.` : `The ${what} could not be loaded.`}</strong>
        <span>{gone ? "It may have been deleted, or the address is wrong." : errorText(error)}</span>
        {again && !gone && (
          <span>
            <Button size="small" icon="retry" onClick={again}>
              Try again
            </Button>
          </span>
        )}
      </div>
    </div>
  );
}

/** The same beside what is known already, as long as there is an error that no line at the top tells of. */
export function Trouble({ error, what, again }: { error: unknown; what: string; again: () => void }) {
  const lost = useConnectionLost();
  if (error === undefined || lost || isBroken(error)) return null;
  return <Failed error={error} what={what} again={again} />;
}

const WIDTHS = ["62%", "84%", "48%", "73%", "55%"];

/** Grey lines where text will be. */
export function Skeleton({ lines = 4 }: { lines?: number }) {
  return (
    <div className="card-body" aria-busy="true" style={{ display: "grid", gap: 14 }}>
      <span className="visually-hidden">Loading</span>
      {Array.from({ length: lines }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: they are all alike
        <span className="skeleton" key={index} style={{ width: WIDTHS[index % WIDTHS.length] }} />
      ))}
    </div>
  );
}

/** Tags of a run or deployment. */
export function Tags({ tags }: { tags: string[] }) {
  if (tags.length === 0) return null;
  return (
    <span className="tags">
      {tags.map((tag) => (
        <span className="tag" key={tag} title={tag}>
          {plainText(tag)}
        </span>
      ))}
    </span>
  );
}

/** JSON that came as text, indented; as it is, where it is not JSON. */
export function Json({ text, label }: { text: string; label: string }) {
  return (
    <pre className="json" tabIndex={0} role="region" aria-label={label}>
      {indentJson(text)}
    </pre>
  );
}
