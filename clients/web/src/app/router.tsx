/** Addresses, over the History API: where we are, and how to go elsewhere. */
import {
  type AnchorHTMLAttributes,
  type MouseEvent,
  type ReactNode,
  useCallback,
  useMemo,
  useSyncExternalStore,
} from "react";

const CHANGED = "orch:navigated";

/** Go to an address of this screen. */
export function navigate(to: string, options: { replace?: boolean } = {}): void {
  if (to === window.location.pathname + window.location.search) return;
  window.history[options.replace ? "replaceState" : "pushState"](null, "", to);
  window.dispatchEvent(new Event(CHANGED));
}

function onAddress(listener: () => void): () => void {
  window.addEventListener("popstate", listener);
  window.addEventListener(CHANGED, listener);
  return () => {
    window.removeEventListener("popstate", listener);
    window.removeEventListener(CHANGED, listener);
  };
}

/** The path of the address. */
export const usePath = (): string => useSyncExternalStore(onAddress, () => window.location.pathname);

/** The query of the address, and how to change it: an empty value takes a name away. */
export function useQueryString(): [URLSearchParams, (changes: Record<string, string | string[]>) => void] {
  const search = useSyncExternalStore(onAddress, () => window.location.search);
  const params = useMemo(() => new URLSearchParams(search), [search]);
  const change = useCallback((changes: Record<string, string | string[]>) => {
    const next = new URLSearchParams(window.location.search);
    for (const [name, value] of Object.entries(changes)) {
      next.delete(name);
      for (const one of Array.isArray(value) ? value : [value]) if (one) next.append(name, one);
    }
    const query = next.toString();
    navigate(window.location.pathname + (query ? `?${query}` : ""), { replace: true });
  }, []);
  return [params, change];
}

type LinkProps = { to: string; children: ReactNode } & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href">;

/** A link within the screen: a real one, that a new tab can open. */
export function Link({ to, onClick, children, ...rest }: LinkProps) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event);
    const elsewhere = event.metaKey || event.ctrlKey || event.shiftKey || event.altKey || event.button !== 0;
    if (event.defaultPrevented || elsewhere) return;
    event.preventDefault();
    navigate(to);
  };
  return (
    <a href={to} onClick={follow} {...rest}>
      {children}
    </a>
  );
}

/** What a page gets: the values in its address. */
export type PageProps = { params: Record<string, string> };

/** The values of a pattern's names ("/runs/:id") in a path; undefined where it does not fit. */
export function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split("/");
  const given = path.replace(/\/+$/, "").split("/");
  if (wanted.length !== Math.max(given.length, wanted.length) || given.length !== wanted.length) {
    return pattern === "/" && given.join("") === "" ? {} : undefined;
  }
  const values: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? "";
    if (part.startsWith(":")) values[part.slice(1)] = decoded(value);
    else if (part !== value) return undefined;
  }
  return values;
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // somebody typed a lone "%"
  }
}
