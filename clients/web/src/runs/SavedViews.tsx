/** Views with a name: filters that this browser remembers. What they are stands in the address. */
import { useState } from "react";
import { navigate, useQueryString } from "../app/router";
import { Button } from "../design/Button";
import { Menu } from "../design/Menu";
import { filterKey } from "./filter";

const KEY = "orch.views";
type View = { name: string; query: string };

const ALWAYS: View[] = [
  { name: "All runs", query: "" },
  { name: "Going on", query: "state=running&state=pending&state=cancelling&state=paused" },
  { name: "Failed in the last day", query: "state=failed&state=crashed&since=24h" },
  { name: "Late", query: "state=Late" },
  { name: "Waiting", query: "state=scheduled" },
];

function readViews(): View[] {
  try {
    const found: unknown = JSON.parse(window.localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter(isView) : [];
  } catch {
    return []; // no storage here, or somebody else's text
  }
}

const isView = (value: unknown): value is View =>
  typeof value === "object" && value !== null && "name" in value && "query" in value;

function writeViews(views: View[]): void {
  try {
    window.localStorage.setItem(KEY, JSON.stringify(views));
  } catch {
    // no storage here: the views last as long as the page
  }
}

/** The menu of views. */
export function SavedViews() {
  const [query] = useQueryString();
  const [views, setViews] = useState(readViews);
  const keep = (next: View[]) => {
    setViews(next);
    writeViews(next);
  };
  return (
    <Menu label="Views" side="right">
      {(close) => (
        <>
          {[...ALWAYS, ...views].map((view, index) => (
            <div className="view-item" key={view.name}>
              <button
                type="button"
                className="item"
                onClick={() => {
                  navigate(`/runs${view.query && `?${view.query}`}`);
                  close();
                }}
              >
                {view.name}
              </button>
              {index >= ALWAYS.length && (
                <Button
                  kind="quiet"
                  size="small"
                  icon="trash"
                  aria-label={`Forget the view ${view.name}`}
                  onClick={() => keep(views.filter((one) => one !== view))}
                />
              )}
            </div>
          ))}
          <KeepView
            onKeep={(name) =>
              keep([...views.filter((one) => one.name !== name), { name, query: filterKey(query) }])
            }
          />
        </>
      )}
    </Menu>
  );
}

function KeepView({ onKeep }: { onKeep: (name: string) => void }) {
  const [name, setName] = useState("");
  return (
    <form
      className="view-keep"
      onSubmit={(event) => {
        event.preventDefault();
        if (name.trim()) onKeep(name.trim());
        setName("");
      }}
    >
      <input
        type="text"
        placeholder="Keep this filter as…"
        aria-label="Keep this filter as"
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <Button size="small" type="submit">
        Keep
      </Button>
    </form>
  );
}
