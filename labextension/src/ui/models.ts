// The models that a gallery shows: a page of them, more on asking, and what is told of them beside their records.
import * as React from "react";

import { mainMetric } from "./format";
import type { ModelRecord } from "./record";
import type { Client, Fit, Point, Search, Way } from "./types";

export const PAGE = 48;
/** More cards than this are slow to lay out and of no use to a reader: a filter is. */
export const MOST = 1000;

export interface Models {
  readonly records: readonly ModelRecord[];
  readonly total: number;
  readonly known: boolean;
  readonly waiting: boolean;
  readonly error: unknown;
  readonly more: () => void;
  readonly refresh: () => void;
}

type State = Omit<Models, "more" | "refresh"> & { readonly of: boolean };

export function useModels(client: Client, search: Search, deleted: boolean): Models {
  const blank: State = { records: [], total: 0, known: false, waiting: true, error: null, of: deleted };
  const [last, setState] = React.useState<State>(blank);
  // What was asked of the other side, models or trash, must not stand here for a moment: its buttons would mean something else.
  const state = last.of === deleted ? last : blank;
  const turn = React.useRef(0);
  const fetch = (offset: number, limit: number) => {
    const mine = (turn.current += 1);
    setState((before) => ({ ...(before.of === deleted ? before : blank), waiting: true }));
    client.call("list", { ...terms(search), deleted, offset, limit }).then(
      (page) => {
        if (mine !== turn.current) return;
        const add = (before: State) => (offset > 0 ? [...before.records, ...page.records] : page.records);
        setState((before) => ({ records: add(before), total: page.total, known: true, waiting: false, error: null, of: deleted }));
      },
      (error: unknown) => mine === turn.current && setState((before) => ({ ...before, waiting: false, error })),
    );
  };
  React.useEffect(() => fetch(0, PAGE), [client, JSON.stringify(search), deleted]);
  const shown = state.records.length;
  return { ...state, more: () => fetch(shown, PAGE), refresh: () => fetch(0, Math.max(PAGE, shown)) };
}

function terms(search: Search) {
  return {
    words: search.words.split(/\s+/).filter(Boolean),
    tags: search.tags,
    sort: search.sort,
    ...search.more,
    ...(search.algorithm && { algorithm: search.algorithm }),
    ...(search.model_type && { model_type: search.model_type }),
  };
}

export interface Beside {
  readonly fits: { readonly [id: string]: Fit };
  /** By the id of a model's newest record, so that a new version asks anew. */
  readonly histories: { readonly [id: string]: readonly Point[] };
  readonly ways: { readonly [metric: string]: Way };
}

/** Ask, a page at a time, whether the models load here and how their main metric went. All are extras: a failure is silent. */
export function useBeside(client: Client, records: readonly ModelRecord[], metrics: readonly string[]): Beside {
  const [beside, setBeside] = React.useState<Beside>({ fits: {}, histories: {}, ways: {} });
  const asked = React.useRef(new Set<string>());
  React.useEffect(() => {
    const fresh = records.filter((record) => !asked.current.has(record.id));
    for (let at = 0; at < fresh.length; at += PAGE) {
      const page = fresh.slice(at, at + PAGE);
      const add = <K extends keyof Beside>(what: K) => (more: Beside[K]) => setBeside((before) => ({ ...before, [what]: { ...before[what], ...more } }));
      page.forEach((record) => asked.current.add(record.id));
      askFits(client, page).then(add("fits"));
      askHistories(client, page, metrics).then(add("histories"));
      askWays(client, page, metrics).then(add("ways"));
    }
  }, [client, records]);
  return beside;
}

function askWays(client: Client, page: readonly ModelRecord[], metrics: readonly string[]): Promise<Beside["ways"]> {
  const names = [...new Set([...metrics, ...page.flatMap((record) => mainMetric(record, metrics) ?? [])])];
  return names.length === 0 ? Promise.resolve({}) : client.call("ways", { names }).catch(() => ({}));
}

function askFits(client: Client, page: readonly ModelRecord[]): Promise<Beside["fits"]> {
  return client.call("fits", { ids: page.map((record) => record.id) }).catch(() => ({}));
}

async function askHistories(client: Client, page: readonly ModelRecord[], metrics: readonly string[]): Promise<Beside["histories"]> {
  const pairs = page.filter((record) => record.version > 1).map((record) => [record, mainMetric(record, metrics)] as const);
  const metric = Object.fromEntries(pairs.flatMap(([record, name]) => (name === null ? [] : [[record.model_name, name]])));
  const names = Object.keys(metric);
  if (names.length === 0) return {};
  const answer = await client.call("history", { names, metric }).catch(() => null);
  return answer === null ? {} : Object.fromEntries(pairs.map(([record]) => [record.id, answer[record.model_name] ?? []]));
}
