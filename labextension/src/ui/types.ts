// What a view and whoever answers it say to each other. The widget asks the kernel, tests ask a fake.
import type { AliasEvent, Facets, Json, ModelRecord, Page, Removal, Saved, Stats, Unattached } from "./record";

export type Kind = "gallery" | "save" | "offer" | "compare";

export interface Settings {
  readonly card_metrics?: readonly string[];
  readonly card_fields?: readonly string[];
  readonly sort?: string;
  /** Arguments of the verb `list`. */
  readonly query?: Partial<Omit<Search, "words" | "more">> & { readonly words?: string | readonly string[]; readonly deleted?: boolean };
}

export interface Offer {
  readonly state: "open" | "saved" | "dismissed" | "stale";
  readonly variable?: string;
  readonly algorithm?: string;
  readonly ref?: string;
  /** `dialog`: no line, the dialog at once. */
  readonly mode?: string;
}

export interface Hello {
  readonly kind: Kind;
  readonly where: string;
  readonly url: string;
  readonly python: string;
  readonly limits: { readonly name: number };
  readonly downloads: string;
  /** Somebody can sign in here. */
  readonly sign_in?: boolean;
  readonly settings: Settings;
  readonly offer?: Offer;
  /** What a comparison is of. */
  readonly refs?: readonly string[];
}

/** What a gallery asks for; the terms are those of the verb `list`. */
export interface Search {
  readonly words: string;
  readonly tags: readonly string[];
  readonly algorithm: string;
  readonly model_type: string;
  readonly sort: string;
  /** Terms that the settings give and the page has no control for. */
  readonly more?: { readonly [term: string]: Json };
}

/** Which way a metric is better; null: nobody knows. */
export type Way = "up" | "down" | null;

export interface Fit {
  readonly loads: true | false | "differs";
  readonly why: string;
}

export interface Point {
  readonly version: number;
  readonly value: Json;
  /** It is of the same rows as the one before. */
  readonly fair?: boolean;
}

export interface FoundMetric {
  readonly name: string;
  readonly value: Json;
  readonly split?: string | null;
  readonly keep: boolean;
}

export interface Cell {
  readonly cell?: number | null;
  readonly does?: readonly string[];
  readonly code: string;
}

export interface Found {
  readonly metrics: readonly FoundMetric[];
  /** Of each piece its name, a label and a line. */
  readonly pieces: readonly (readonly [what: string, label: string, text: string])[];
  readonly cells: readonly Cell[];
  readonly not_attached: readonly Pick<Unattached, "name" | "value" | "reason">[];
  readonly notes: readonly string[];
  readonly data_inside: { readonly rows: number; readonly of: number | null; readonly where: string } | null;
}

export interface Prefill {
  /** Which look at the model this is; a save names it, since another view of the form may have looked later. */
  readonly look: number;
  readonly variable: string;
  readonly algorithm: string;
  readonly model_type: string;
  readonly size: number | null;
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly alias?: string;
  readonly captured: Found;
  readonly tags_known: readonly string[];
  readonly stale: string;
}

/** What the kernel says of a name or an alias. */
export interface Check {
  readonly ok: boolean;
  readonly message: string;
  readonly next_version: number | null;
  readonly clean: string;
}

export interface SaveRequest {
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly alias: string;
  readonly note: string;
  readonly metrics: readonly string[];
  /** Places of the cells that are kept, counted from 0. */
  readonly cells: readonly number[];
  readonly drop: readonly string[];
  readonly look: number;
}

export interface Progress {
  readonly stage: string;
  readonly done: number;
  readonly total: number | null;
}

/** A save that has not arrived. */
export interface Waiting {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly refused: boolean;
  /** Why it has not arrived; empty: it was not tried yet. */
  readonly why: string;
  readonly progress: Progress | null;
}

interface ListRequest {
  readonly words?: readonly string[];
  readonly tags?: readonly string[];
  readonly algorithm?: string;
  readonly model_type?: string;
  readonly sort?: string;
  readonly deleted?: boolean;
  readonly limit?: number;
  readonly offset?: number;
}

/** What `edit` changes; a metric as `NAME=VALUE`. */
export interface Changes {
  readonly description?: string;
  readonly add_tags?: readonly string[];
  readonly remove_tags?: readonly string[];
  readonly metrics?: readonly string[];
  readonly drop_metrics?: readonly string[];
}

/** What the aliases of a model have pointed at, the latest first, and the version that each would go back to. */
export interface AliasHistory {
  readonly events: readonly AliasEvent[];
  readonly back: { readonly [alias: string]: number };
}

export interface Row {
  readonly name: string;
  /** Null: absent. */
  readonly texts: readonly (string | null)[];
  readonly differs: boolean;
  readonly best: number | null;
}

export interface Compared {
  readonly records: readonly ModelRecord[];
  readonly sections: { readonly [name: string]: readonly Row[] };
  /** Why no best value is named. */
  readonly remark: string;
}

/** All that is known of a record, in words. */
export interface Details {
  readonly facts: readonly (readonly [label: string, text: string])[];
  readonly cells: readonly { readonly title: string; readonly code: string }[];
}

/** Where a delete left an alias that named one of its versions: at `now`, or nowhere. */
export type Lost = { readonly alias: string; readonly id: string; readonly now: string };

/** What was moved to the trash; `left`: how many of those asked for were not, and `why`. */
export interface Deleted {
  readonly records: readonly ModelRecord[];
  readonly bytes: number;
  readonly left: number;
  readonly why: { readonly code: string; readonly message: string; readonly hint: string } | null;
  readonly aliases: readonly Lost[];
}

type None = Record<string, never>;

/** A dialog of the gallery, and what it is about. */
export type Opened =
  | { readonly what: "details" | "edit" | "alias" | "delete" | "purge"; readonly record: ModelRecord }
  | { readonly what: "compare" | "empty" };

/** Verb: what goes there, what comes back. */
export interface Verbs {
  hello: [None, Hello];
  list: [ListRequest, Page];
  versions: [{ name: string }, Page];
  stats: [None, Stats];
  facets: [None, Facets];
  compare: [{ refs: readonly string[] }, Compared];
  details: [{ ref: string }, Details];
  edit: [{ ref: string } & Changes, ModelRecord];
  alias: [{ ref: string; alias: string; remove?: boolean; rollback?: boolean; why?: string }, ModelRecord | readonly AliasEvent[]];
  "alias-history": [{ ref: string }, AliasHistory];
  rename: [{ name: string; new: string }, readonly ModelRecord[]];
  "delete-these": [{ ids: readonly string[]; force?: boolean }, Deleted];
  /** The answer tells which aliases were moved since, and stay. */
  undelete: [{ ids: readonly string[]; aliases: readonly Lost[] }, { readonly records: readonly ModelRecord[]; readonly kept: readonly { readonly alias: string; readonly version: number | null }[] }];
  restore: [{ ref: string }, readonly ModelRecord[]];
  purge: [{ ref: string }, Removal];
  "empty-trash": [None, Removal];
  download: [{ ref: string }, { path: string; record: ModelRecord }];
  fits: [{ ids: readonly string[] }, { readonly [id: string]: Fit }];
  history: [{ names: readonly string[]; metric: { readonly [name: string]: string } }, { readonly [name: string]: readonly Point[] }];
  ways: [{ names: readonly string[] }, { readonly [metric: string]: Way }];
  prefill: [None, Prefill];
  /** `of`: the name that it would take the place of. */
  "check-name": [{ name: string; of?: string }, Check];
  /** `ref`: the version that it would point at. */
  "check-alias": [{ alias: string; ref?: string }, Check];
  save: [SaveRequest, Saved];
  pending: [None, readonly Waiting[]];
  send: [None, None];
  discard: [{ ref: string }, ModelRecord];
  "send-code": [{ email: string }, None];
  "sign-in": [{ email: string; secret: string; how: string }, { said: string }];
  dismiss: [None, None];
}

export type Verb = keyof Verbs;

export interface Ways {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** An answer that says no: what happened, and what to do. */
export class Failure extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly hint = "",
  ) {
    super(message);
  }
}

/** How it goes with the other side: `slow`, it takes long or is busy; `silent`, nobody is there. */
export type Line = "open" | "slow" | "silent";

export type Happening = { readonly event: "changed" } | { readonly event: "pending"; readonly pending: readonly Waiting[] } | { readonly event: "offer"; readonly offer: Offer };

export interface Client {
  call<V extends Verb>(verb: V, args: Verbs[V][0], ways?: Ways): Promise<Verbs[V][1]>;
  /** Bring a model's file to the user; the answer says where it is. */
  download(record: ModelRecord): Promise<string>;
  onEvent(heard: (happening: Happening) => void): () => void;
  onLine(heard: (line: Line) => void): () => void;
}
