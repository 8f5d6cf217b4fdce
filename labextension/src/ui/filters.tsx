// What narrows and orders the gallery.
import * as React from "react";

import { line, typeName, whole } from "./format";
import { Icon } from "./icons";
import { Text } from "./parts";
import type { Facets } from "./record";
import type { Search, Way } from "./types";

const FEW_TAGS = 10;

interface FilterProps {
  readonly search: Search;
  readonly facets: Facets | null;
  /** Metrics by which one may sort. */
  readonly metrics: readonly string[];
  readonly ways: { readonly [metric: string]: Way };
  readonly onChange: (change: Partial<Search>) => void;
}

/** The words that are looked for. */
export function SearchBox({ label, words, onChange }: { label: string; words: string; onChange: (words: string) => void }): React.ReactElement {
  return (
    <div className="search">
      <Icon name="search" />
      <input type="search" aria-label={label} placeholder={label} value={words} onInput={(event) => onChange(event.currentTarget.value)} />
    </div>
  );
}

export function Filters({ search, facets, metrics, ways, onChange }: FilterProps): React.ReactElement {
  return (
    <div className="filters" role="search" aria-label="Models">
      <SearchBox label="Search name, description, tag, algorithm" words={search.words} onChange={(words) => onChange({ words })} />
      <Choice label="Algorithm" all="All algorithms" value={search.algorithm} counts={facets?.algorithms ?? {}} onChange={(algorithm) => onChange({ algorithm })} />
      <Choice label="Type" all="All types" value={search.model_type} counts={facets?.model_types ?? {}} name={typeName} onChange={(model_type) => onChange({ model_type })} />
      <select aria-label="Sort" value={search.sort} onChange={(event) => onChange({ sort: event.currentTarget.value })}>
        {sorts(metrics, ways, search.sort).map(([value, label]) => (
          <option key={value} value={value}>
            {label}
          </option>
        ))}
      </select>
      <TagFilter chosen={search.tags} counts={facets?.tags ?? {}} onChange={(tags) => onChange({ tags })} />
    </div>
  );
}

function sorts(metrics: readonly string[], ways: FilterProps["ways"], now: string): (readonly [string, string])[] {
  const usual = [
    ["-created_at", "Newest"],
    ["created_at", "Oldest"],
    ["-updated_at", "Changed last"],
    ["model_name", "Name"],
    ["-model_file_size", "Largest"],
  ] as const;
  const best = metrics.flatMap((name) => {
    const way = ways[name];
    return !way ? [] : [[`${way === "up" ? "-" : ""}metrics.${name}`, `Best ${line(name, 30)}`] as const];
  });
  const all = [...usual, ...best];
  return all.some(([value]) => value === now) ? all : [...all, [now, line(now, 40)]];
}

interface ChoiceProps {
  readonly label: string;
  readonly all: string;
  readonly value: string;
  readonly counts: { readonly [value: string]: number };
  readonly name?: (value: string) => string;
  readonly onChange: (value: string) => void;
}

function Choice({ label, all, value, counts, name, onChange }: ChoiceProps): React.ReactElement {
  const known = byCount(counts).filter((one) => one !== "" && one !== value);
  return (
    <select aria-label={label} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
      <option value="">{all}</option>
      {[...(value ? [value] : []), ...known].map((one) => (
        <option key={one} value={one}>
          {name?.(one) || line(one, 40)}
          {counts[one] === undefined ? "" : ` (${whole(counts[one])})`}
        </option>
      ))}
    </select>
  );
}

interface TagFilterProps {
  readonly chosen: readonly string[];
  readonly counts: { readonly [tag: string]: number };
  readonly onChange: (tags: readonly string[]) => void;
}

function TagFilter({ chosen, counts, onChange }: TagFilterProps): React.ReactElement | null {
  const [every, setEvery] = React.useState(false);
  const tags = byCount(counts);
  const shown = [...new Set([...(every ? tags : tags.slice(0, FEW_TAGS)), ...chosen])];
  if (shown.length === 0) return null;
  const toggle = (tag: string) => onChange(chosen.includes(tag) ? chosen.filter((one) => one !== tag) : [...chosen, tag]);
  return (
    <div className="pills" role="group" aria-label="Tags">
      {shown.map((tag) => (
        <button key={tag} type="button" className="pill" aria-pressed={chosen.includes(tag)} onClick={() => toggle(tag)}>
          <Text text={tag} most={50} /> <span className="muted">{whole(counts[tag] ?? 0)}</span>
        </button>
      ))}
      {tags.length > FEW_TAGS && (
        <button type="button" className="pill quiet" aria-expanded={every} onClick={() => setEvery(!every)}>
          {every ? "Fewer tags" : `${tags.length - FEW_TAGS} more`}
        </button>
      )}
    </div>
  );
}

function byCount(counts: { readonly [value: string]: number }): string[] {
  return Object.entries(counts)
    .sort(([, one], [, other]) => other - one)
    .map(([value]) => value);
}
