/** The filter of the list: every choice stands in the address, so that a view can be kept and sent. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { deployments, flows, workPools } from "../api/clients";
import { allPages } from "../api/requests";
import { STATE_TYPES, stateWord, typeName } from "../api/states";
import { useQueryString } from "../app/router";
import { Button } from "../design/Button";
import { Menu } from "../design/Menu";
import { StateMark } from "../design/StateBadge";
import { useTyped } from "../design/useTyped";
import { FILTER_NAMES, isFiltered, SPANS } from "./filter";
import { SavedViews } from "./SavedViews";

/** All controls of the filter. */
export function FilterBar() {
  const [query, change] = useQueryString();
  return (
    <div className="filters" role="search" aria-label="Filter runs">
      <NameField />
      <StateMenu />
      <ChoiceMenu label="Flow" name="flow" load={loadFlows} />
      <ChoiceMenu label="Deployment" name="deployment" load={loadDeployments} />
      <ChoiceMenu label="Pool" name="pool" load={loadPools} />
      <TagMenu />
      <select
        aria-label="Created"
        value={query.get("since") ?? ""}
        onChange={(event) => change({ since: event.target.value, from: "", to: "" })}
      >
        <option value="">{query.has("from") || query.has("to") ? "Chosen time" : "Any time"}</option>
        {SPANS.map(([key, label]) => (
          <option key={key} value={key}>
            {label}
          </option>
        ))}
      </select>
      {isFiltered(query) && (
        <Button
          kind="quiet"
          icon="close"
          onClick={() => change(Object.fromEntries(FILTER_NAMES.map((n) => [n, ""])))}
        >
          Clear
        </Button>
      )}
      <SavedViews />
      <Remarks query={query} />
    </div>
  );
}

function Remarks({ query }: { query: URLSearchParams }) {
  const parts = [
    query.has("parent") && "Only child runs of one run.",
    query.has("schedule") && "Only runs of one schedule.",
  ].filter(Boolean);
  return parts.length > 0 ? <span className="muted">{parts.join(" ")}</span> : null;
}

function NameField() {
  const [query, change] = useQueryString();
  const [text, type] = useTyped(query.get("name") ?? "", (name) => change({ name }));
  return (
    <input
      type="search"
      placeholder="Name begins with…"
      aria-label="Name begins with"
      value={text}
      onChange={(event) => type(event.target.value)}
    />
  );
}

const LATE = "Late";

function StateMenu() {
  const [query, change] = useQueryString();
  const chosen = query.getAll("state");
  const toggle = (word: string) => change({ state: toggled(chosen, word) });
  return (
    <Menu label={counted("State", chosen)} active={chosen.length > 0}>
      {() => (
        <div role="group" aria-label="States">
          {STATE_TYPES.map((type) => {
            const word = stateWord(type).toLowerCase();
            return (
              <label className="choice" key={word}>
                <input type="checkbox" checked={chosen.includes(word)} onChange={() => toggle(word)} />
                <StateMark word={stateWord(type)} />
                {typeName(type)}
              </label>
            );
          })}
          <label className="choice">
            <input type="checkbox" checked={chosen.includes(LATE)} onChange={() => toggle(LATE)} />
            <StateMark word="SCHEDULED" />
            Late
          </label>
        </div>
      )}
    </Menu>
  );
}

type Choice = { value: string; label: string };

async function loadFlows(): Promise<Choice[]> {
  const found = await allPages(async (pageToken) => {
    const page = await flows.listFlows({ pageSize: 1000, pageToken });
    return { items: page.flows, nextPageToken: page.nextPageToken };
  });
  return found.map(({ name }) => ({ value: name, label: name }));
}

async function loadDeployments(): Promise<Choice[]> {
  const found = await allPages(async (pageToken) => {
    const page = await deployments.listDeployments({ pageSize: 1000, pageToken });
    return { items: page.deployments, nextPageToken: page.nextPageToken };
  });
  return found.map((one) => ({ value: one.deploymentId, label: `${one.flowName}/${one.name}` }));
}

async function loadPools(): Promise<Choice[]> {
  const page = await workPools.listWorkPools({ pageSize: 1000 });
  return page.workPools.map(({ name }) => ({ value: name, label: name }));
}

function ChoiceMenu({ label, name, load }: { label: string; name: string; load: () => Promise<Choice[]> }) {
  const [query, change] = useQueryString();
  const chosen = query.getAll(name);
  return (
    <Menu label={counted(label, chosen)} active={chosen.length > 0}>
      {() => (
        <Choices
          label={label}
          load={load}
          chosen={chosen}
          onToggle={(value) => change({ [name]: toggled(chosen, value) })}
        />
      )}
    </Menu>
  );
}

const SHOWN_CHOICES = 100;

function Choices({
  label,
  load,
  chosen,
  onToggle,
}: {
  label: string;
  load: () => Promise<Choice[]>;
  chosen: string[];
  onToggle: (value: string) => void;
}) {
  const [text, setText] = useState("");
  const all = useQuery({ queryKey: ["choices", label], queryFn: load, staleTime: 15_000 });
  const found = (all.data ?? []).filter((choice) => choice.label.toLowerCase().includes(text.toLowerCase()));
  return (
    <div role="group" aria-label={label} className="choices">
      <input
        type="text"
        placeholder={`Find a ${label.toLowerCase()}…`}
        aria-label={`Find a ${label.toLowerCase()}`}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {all.isPending && <p className="muted choice">Loading…</p>}
      {all.data && found.length === 0 && <p className="muted choice">None.</p>}
      {found.slice(0, SHOWN_CHOICES).map((choice) => (
        <label className="choice" key={choice.value}>
          <input
            type="checkbox"
            checked={chosen.includes(choice.value)}
            onChange={() => onToggle(choice.value)}
          />
          <span className="cut">{choice.label}</span>
        </label>
      ))}
      {found.length > SHOWN_CHOICES && (
        <p className="muted choice">{found.length - SHOWN_CHOICES} more: type to find them.</p>
      )}
    </div>
  );
}

function TagMenu() {
  const [query, change] = useQueryString();
  const chosen = query.getAll("tag");
  const [text, setText] = useState("");
  return (
    <Menu label={counted("Tags", chosen)} active={chosen.length > 0}>
      {() => (
        <form
          className="choices"
          onSubmit={(event) => {
            event.preventDefault();
            if (text.trim() && !chosen.includes(text.trim())) change({ tag: [...chosen, text.trim()] });
            setText("");
          }}
        >
          <input
            type="text"
            placeholder="Add a tag, Enter"
            aria-label="Tag that runs must have"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
          {chosen.map((tag) => (
            <label className="choice" key={tag}>
              <input type="checkbox" checked onChange={() => change({ tag: toggled(chosen, tag) })} />
              <span className="cut">{tag}</span>
            </label>
          ))}
        </form>
      )}
    </Menu>
  );
}

const toggled = (values: string[], value: string): string[] =>
  values.includes(value) ? values.filter((one) => one !== value) : [...values, value];

const counted = (label: string, chosen: string[]): string =>
  chosen.length > 0 ? `${label}: ${chosen.length}` : label;
