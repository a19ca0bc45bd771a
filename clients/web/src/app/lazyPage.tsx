/** Pages whose code comes when they are first looked at. */
import { type ComponentType, useEffect, useState } from "react";
import { Skeleton } from "../design/blocks";

/** What a page gets: the values in its address. */
export type PageProps = { params: Record<string, string> };

type Page = ComponentType<PageProps>;

/** A page, and how to fetch its code before it is drawn. */
export type LazyPage = { Page: Page; fetch: () => Promise<void> };

/**
 * A page that is fetched once. Not by React's `lazy`: that goes on showing its placeholder for 300 ms, though the code
 * is there.
 */
export function lazyPage(load: () => Promise<{ default: Page }>): LazyPage {
  let found: Page | undefined;
  let underway: Promise<void> | undefined;
  const fetch = () => {
    underway ??= load().then(
      (module) => {
        found = module.default;
      },
      (error: unknown) => {
        underway = undefined; // to be tried again by the next look
        throw error;
      },
    );
    return underway;
  };
  const Page = (props: PageProps) => {
    const [, setDone] = useState(false);
    const [error, setError] = useState<unknown>();
    useEffect(() => {
      if (!found)
        fetch().then(
          () => setDone(true),
          (problem: unknown) => setError(problem),
        );
    }, []);
    if (error !== undefined) throw error;
    const Found = found;
    return Found ? <Found {...props} /> : <Skeleton lines={5} />;
  };
  return { Page, fetch };
}
