// A store in the page, for the tests and for the page of states that is looked at.
import type { AliasEvent, Json, ModelRecord, Saved } from "../record";
import { Failure, type Client, type Compared, type Details, type Happening, type Hello, type Line, type Prefill, type Verb, type Verbs, type Waiting, type Ways } from "../types";

const HOUR = 3_600_000;
const NOW = Date.parse("2026-11-24T12:00:00Z");

export function record(about: Partial<ModelRecord> = {}): ModelRecord {
  const version = about.version ?? 1;
  const name = about.model_name ?? "churn";
  const when = new Date(NOW - 2 * HOUR).toISOString();
  return {
    id: about.id ?? `${hash(name)}-0000-4000-8000-${String(version).padStart(12, "0")}`,
    user_id: "",
    space_id: "",
    model_name: name,
    version,
    save_id: null,
    file_id: null,
    status: "ready",
    model_type: "classification",
    algorithm: "LogisticRegression",
    description: "",
    tags: [],
    metrics: { auc: 0.93, accuracy: 0.88 },
    training_config: { params: { C: 0.5 } },
    feature_columns: ["age", "income", "tenure"],
    target_column: "churned",
    training_time_seconds: 1.52,
    training_samples: 12_000,
    test_samples: 3000,
    model_file_path: "",
    model_file_size: 48_200,
    sha256: null,
    head_blake3: null,
    format: "pickle",
    format_version: 1,
    origin: "fitted",
    environment: { python: "3.11.7", distributions: { "scikit-learn": "1.7.2" } },
    source: {},
    signature: {},
    created_at: when,
    updated_at: when,
    last_downloaded_at: null,
    deleted_at: null,
    aliases: [],
    extra: {},
    ...about,
  };
}

function hash(text: string): string {
  let value = 7;
  for (const char of text.slice(0, 200)) value = (value * 31 + (char.codePointAt(0) ?? 0)) >>> 0;
  return value.toString(16).padStart(8, "0");
}

const KINDS = [
  ["LogisticRegression", "classification", { auc: 0.93, accuracy: 0.88, f1: 0.71, recall: 0.66, precision: 0.77 }, ["telecom", "baseline"]],
  ["HistGradientBoostingRegressor", "regression", { rmse: 53.2, r2: 0.412, mae: 41.6 }, ["clinic"]],
  ["RandomForestClassifier", "classification", { accuracy: 0.9996, roc_auc_ovr: 0.991 }, ["vision", "tuned", "q3", "eu", "baseline"]],
  ["KMeans", "clustering", { silhouette: 0.512 }, []],
  ["PCA", "transformation", {}, ["features"]],
  ["IsolationForest", "outlier_detection", { lift: 3.1 }, ["fraud"]],
  ["XGBClassifier", "classification", { logloss: 0.214, auc: 0.974 }, ["fraud", "prod"]],
] as const;
const NAMES = ["churn", "diabetes", "digits", "customer-segments", "embedding", "card-fraud", "credit-risk"];

/** Return so many models as a store may hold. */
export function many(count: number): ModelRecord[] {
  return Array.from({ length: count }, (_, at) => {
    const [algorithm, model_type, metrics, tags] = KINDS[at % KINDS.length] ?? KINDS[0];
    const name = `${NAMES[at % NAMES.length]}${at < NAMES.length ? "" : `-${at}`}`;
    const when = new Date(NOW - (at + 1) ** 2 * HOUR).toISOString();
    const rest = { description: at % 3 === 0 ? "Monthly run.\nScaled, and simple." : "", aliases: at % 4 === 0 ? ["champion"] : [] };
    const [version, bytes] = [1 + ((at * 3 + 6) % 8), 900 * (at + 1) ** 4];
    return record({ model_name: name, version, algorithm, model_type, metrics, tags, created_at: when, updated_at: when, model_file_size: bytes, ...rest });
  });
}

export const PREFILL: Prefill = {
  look: 1,
  variable: "clf",
  algorithm: "LogisticRegression",
  model_type: "classification",
  size: 48_200,
  name: "churn",
  description: "",
  tags: ["telecom"],
  captured: {
    metrics: [
      { name: "auc", value: 0.9312, split: "test", keep: true },
      { name: "accuracy", value: 0.8842, split: "test", keep: true },
    ],
    pieces: [
      ["features", "features", "10: age, income, tenure, plan, calls, region, sex, since, … (10)"],
      ["target", "target", "churned"],
      ["rows", "rows", "12,000 for training · 3,000 for tests"],
      ["time", "training time", "4.2 s"],
      ["parameters", "parameters", "C=0.5, penalty='l2', class_weight={0: 1, 1: 2.5}, max_iter=1000"],
    ],
    cells: [
      { cell: 4, does: ["fit"], code: "clf = make_pipeline(StandardScaler(), LogisticRegression(C=0.5))\nclf.fit(X_train, y_train)" },
      { cell: 5, does: ["score"], code: "auc = roc_auc_score(y_test, clf.predict_proba(X_test)[:, 1])" },
    ],
    not_attached: [{ name: "f1", value: 0.64, reason: "older than the fit" }],
    notes: [],
    data_inside: null,
  },
  tags_known: ["telecom", "clinic", "baseline", "prod"],
  stale: "",
};

export const HELLO: Hello = {
  kind: "gallery",
  where: "on this machine",
  url: "local",
  python: "3.11.7",
  limits: { name: 100 },
  downloads: "kernel",
  settings: {},
};

/** Which way the metrics of these models are better, as the kernel would say. */
export const WAYS: { readonly [metric: string]: "up" | "down" } = { auc: "up", accuracy: "up", roc_auc_ovr: "up", silhouette: "up", rmse: "down", logloss: "down" };

type Answers = { [V in Verb]?: (args: Verbs[V][0], ways: Ways) => Promise<Verbs[V][1]> | Verbs[V][1] };

export class FakeClient implements Client {
  readonly calls: [Verb, unknown][] = [];
  private readonly events = new Set<(happening: Happening) => void>();
  private readonly lines = new Set<(line: Line) => void>();

  constructor(
    public records: ModelRecord[] = many(5),
    public answers: Answers = {},
    readonly hello: Partial<Hello> = {},
  ) {}

  async call<V extends Verb>(verb: V, args: Verbs[V][0], ways: Ways = {}): Promise<Verbs[V][1]> {
    this.calls.push([verb, args]);
    const own = this.answers[verb] as ((args: Verbs[V][0], ways: Ways) => Verbs[V][1]) | undefined;
    await Promise.resolve();
    return own ? own(args, ways) : ((this as unknown as { [verb: string]: (args: unknown) => Verbs[V][1] })[`do_${verb}`]?.(args) as Verbs[V][1]);
  }

  of<V extends Verb>(verb: V): Verbs[V][0][] {
    return this.calls.filter(([one]) => one === verb).map(([, args]) => args as Verbs[V][0]);
  }

  async download(one: ModelRecord): Promise<string> {
    return (await this.call("download", { ref: `id:${one.id}` })).path;
  }

  onEvent(heard: (happening: Happening) => void): () => void {
    this.events.add(heard);
    return () => this.events.delete(heard);
  }

  onLine(heard: (line: Line) => void): () => void {
    this.lines.add(heard);
    return () => this.lines.delete(heard);
  }

  happen(happening: Happening): void {
    this.events.forEach((heard) => heard(happening));
  }

  go(line: Line): void {
    this.lines.forEach((heard) => heard(line));
  }

  private find(ref: string): ModelRecord {
    const found = this.records.find((one) => ref === `id:${one.id}`);
    if (!found) throw new Failure("not_found", `There is no model ${ref}.`, "%models shows what there is.");
    return found;
  }

  private change(ref: string, change: Partial<ModelRecord>): ModelRecord {
    const now = { ...this.find(ref), ...change };
    this.records = this.records.map((one) => (one.id === now.id ? now : one));
    return now;
  }

  do_hello = (): Hello => ({ ...HELLO, ...this.hello });

  do_list = (args: Verbs["list"][0]) => {
    const words = (args.words ?? []).map((word) => word.toLowerCase());
    const found = this.records.filter(
      (one) =>
        (one.deleted_at !== null) === Boolean(args.deleted) &&
        words.every((word) => `${one.model_name} ${one.algorithm} ${one.tags.join(" ")}`.toLowerCase().includes(word)) &&
        (args.tags ?? []).every((tag) => one.tags.includes(tag)) &&
        (!args.algorithm || one.algorithm === args.algorithm) &&
        (!args.model_type || one.model_type === args.model_type),
    );
    const [offset, limit] = [args.offset ?? 0, args.limit ?? 48];
    return { records: found.slice(offset, offset + limit), total: found.length, offset, limit };
  };

  do_versions = ({ name }: { name: string }) => {
    const own = this.records.filter((one) => one.model_name === name && one.deleted_at === null);
    return { records: own, total: own.length, offset: 0, limit: 1_000_000 };
  };

  do_stats = () => {
    const [live, trash] = [this.records.filter((one) => one.deleted_at === null), this.records.filter((one) => one.deleted_at !== null)];
    const sum = (all: readonly ModelRecord[]) => all.reduce((bytes, one) => bytes + one.model_file_size, 0);
    const counts = { models: live.length, versions_ready: live.reduce((all, one) => all + one.version, 0), trash: trash.length };
    return { ...counts, storage_bytes: sum(this.records), trash_bytes: sum(trash), quota_bytes: null };
  };

  do_facets = () => {
    const counts = (values: readonly string[]) => {
      const all: { [value: string]: number } = {};
      for (const value of values) all[value] = (all[value] ?? 0) + 1;
      return all;
    };
    const live = this.records.filter((one) => one.deleted_at === null);
    return {
      tags: counts(live.flatMap((one) => one.tags)),
      algorithms: counts(live.map((one) => one.algorithm)),
      model_types: counts(live.map((one) => one.model_type)),
    };
  };

  do_fits = ({ ids }: { ids: readonly string[] }) =>
    Object.fromEntries(
      ids.map((id, at) => [
        id,
        at % 5 === 1
          ? { loads: "differs" as const, why: "saved with scikit-learn 1.7.2, here 1.9.1" }
          : at % 5 === 4
            ? { loads: false as const, why: "needs xgboost 3.0.2, which is not installed" }
            : { loads: true as const, why: "" },
      ]),
    );

  do_history = ({ names, metric }: Verbs["history"][0]) =>
    Object.fromEntries(
      names.map((name) => {
        const one = this.records.find((found) => found.model_name === name);
        const value = Number(one?.metrics[metric[name] ?? ""] ?? 0);
        const last = one?.version ?? 1;
        return [name, Array.from({ length: last }, (_, at) => ({ version: at + 1, value: at + 1 === last ? value : value * (1 + 0.04 * Math.sin(at * 2.1 + name.length)), fair: at > 0 }))];
      }),
    );

  do_compare = ({ refs }: { refs: readonly string[] }): Compared => {
    const records = refs.map((ref) => this.find(ref));
    const rows = (read: (one: ModelRecord) => { readonly [key: string]: Json }) => {
      const names = [...new Set(records.flatMap((one) => Object.keys(read(one))))];
      return names.map((name) => {
        const values = records.map((one) => read(one)[name] ?? null);
        const real = values.filter((value): value is number => typeof value === "number");
        const top = WAYS[name] === "up" ? Math.max(...real) : Math.min(...real);
        const best = real.length === values.length && WAYS[name] !== undefined && read === metrics ? values.indexOf(top) : null;
        const texts = values.map((value) => (value === null ? null : String(value)));
        return { name, texts, differs: new Set(values.map((value) => JSON.stringify(value))).size > 1, best };
      });
    };
    const metrics = (one: ModelRecord) => one.metrics;
    const params = (one: ModelRecord) => (one.training_config["params"] ?? {}) as { [key: string]: Json };
    const about = (one: ModelRecord) => ({ algorithm: one.algorithm, model_file_size: one.model_file_size, training_samples: one.training_samples, created_at: one.created_at });
    const environment = (one: ModelRecord) => ({ python: one.environment["python"] ?? null });
    return { records, sections: { metrics: rows(metrics), parameters: rows(params), features: [], environment: rows(environment), about: rows(about) }, remark: "" };
  };

  do_details = ({ ref }: Verbs["details"][0]): Details => {
    const one = this.find(ref);
    const params = Object.entries(one.training_config["params"] as object);
    return {
      facts: [
        ["note", "Stronger regularisation."],
        ["algorithm", `${one.algorithm} · ${one.model_type}`],
        ["metrics", Object.entries(one.metrics).map(([name, value]) => `${name} ${String(value)}`).join(" · ")],
        ["parameters", params.map(([name, value]) => `${name}=${String(value)}`).join(", ")],
        ["defaults", "class_weight=None, dual=False, fit_intercept=True, max_iter=100, tol=0.0001"],
        ["features", "3: age, income, tenure"],
        ["rows", "12,000 for training · 3,000 for tests"],
        ["training time", "1.5 s"],
        ["notebook", "churn/monthly.ipynb"],
        ["git", "git 341822d with changes"],
        ["environment", "Python 3.11.7 · numpy 2.4.6 · scikit-learn 1.9.1"],
      ],
      cells: [{ title: "Cell 4 · fitted, scored", code: "clf = LogisticRegression(C=0.5).fit(X_train, y_train)\nauc = clf.score(X_test, y_test)" }],
    };
  };

  do_edit = ({ ref, description, add_tags = [], remove_tags = [], metrics = [], drop_metrics = [] }: Verbs["edit"][0]) => {
    const before = this.find(ref);
    const missing = drop_metrics.find((name) => !(name in before.metrics));
    if (missing !== undefined) throw new Failure("not_found", `There is no metric ${missing}.`);
    const tags = [...before.tags.filter((tag) => !remove_tags.includes(tag)), ...add_tags];
    const kept = Object.entries(before.metrics).filter(([name]) => !drop_metrics.includes(name));
    const added = metrics.map((pair) => pair.split("=")).map(([name = "", value]) => [name, Number(value)] as const);
    if (added.some(([, value]) => Number.isNaN(value))) throw new Failure("invalid_value", "That is not a number.", "Write the number itself.");
    return this.change(ref, { tags, description: description ?? before.description, metrics: Object.fromEntries([...kept, ...added]) });
  };

  do_ways = ({ names }: Verbs["ways"][0]) => Object.fromEntries(names.map((name) => [name, WAYS[name] ?? null]));

  private moves: AliasEvent[] = [];

  do_alias = ({ ref, alias, remove, rollback, why = "" }: Verbs["alias"][0]) => {
    const { model_name, version } = this.find(ref);
    const holder = this.records.find((one) => one.model_name === model_name && one.aliases.includes(alias));
    const target = remove ? null : rollback ? this["do_alias-history"]({ ref }).back[alias] : version;
    for (const one of this.records) this.change(`id:${one.id}`, { aliases: one.aliases.filter((other) => other !== alias || one.model_name !== model_name) });
    this.moves.unshift({ model_name, alias, version: target ?? null, previous: holder?.version ?? null, at: new Date(NOW).toISOString(), who: "ada", why });
    const to = this.records.find((one) => one.model_name === model_name && one.version === target);
    return to ? this.change(`id:${to.id}`, { aliases: [...to.aliases, alias] }) : [];
  };

  "do_alias-history" = ({ ref }: Verbs["alias-history"][0]) => {
    const events = this.moves.filter((one) => one.model_name === this.find(ref).model_name);
    const before = [...events].reverse().map((one) => [one.alias, one.previous] as const);
    return { events, back: Object.fromEntries(before.filter((pair): pair is readonly [string, number] => pair[1] !== null)) };
  };

  do_rename = ({ name, new: other }: Verbs["rename"][0]) => {
    this.records = this.records.map((one) => (one.model_name === name ? { ...one, model_name: other } : one));
    return this.records.filter((one) => one.model_name === other);
  };

  "do_delete-these" = ({ ids }: Verbs["delete-these"][0]) => {
    const gone = this.records.filter((one) => ids.includes(one.id));
    const records = gone.map((one) => this.change(`id:${one.id}`, { deleted_at: new Date(NOW).toISOString(), aliases: [] }));
    const aliases = gone.flatMap(({ id, aliases }) => aliases.map((alias) => ({ alias, id, now: "" })));
    const bytes = gone.reduce((sum, one) => sum + one.model_file_size, 0);
    return { records, bytes, left: 0, why: null, aliases };
  };

  do_undelete = ({ ids, aliases }: Verbs["undelete"][0]) => {
    const records = ids.map((id) => this.change(`id:${id}`, { deleted_at: null }));
    const holder = (id: string, alias: string) => this.records.find((one) => one.model_name === this.find(`id:${id}`).model_name && one.aliases.includes(alias));
    const kept = aliases.flatMap(({ id, alias }) => {
      const now = holder(id, alias);
      if (now) return [{ alias, version: now.version }];
      this.change(`id:${id}`, { aliases: [...this.find(`id:${id}`).aliases, alias] });
      return [];
    });
    return { records, kept };
  };

  do_restore = ({ ref }: { ref: string }) => [this.change(ref, { deleted_at: null })];

  do_purge = ({ ref }: { ref: string }) => this.bury([this.find(ref)]);

  "do_empty-trash" = () => this.bury(this.records.filter((one) => one.deleted_at !== null));

  private bury(records: ModelRecord[]) {
    this.records = this.records.filter((one) => !records.includes(one));
    const bytes = records.reduce((sum, one) => sum + one.model_file_size, 0);
    return { records, bytes, purge_after: null, removed_aliases: [], returned_aliases: [], former_aliases: [] };
  }

  do_download = ({ ref }: { ref: string }) => ({ path: `${this.find(ref).model_name}.pkl`, record: this.find(ref) });

  do_prefill = () => PREFILL;

  "do_check-alias" = ({ alias, ref }: Verbs["check-alias"][0]) => {
    if (/^(latest|v\d+)$|\s/.test(alias)) return { ok: false, message: `'${alias}' cannot be an alias.`, next_version: null, clean: "" };
    const own = ref && this.find(ref);
    const holder = own && this.records.find((one) => one.model_name === own.model_name && one.aliases.includes(alias));
    const message = !own ? "" : !holder ? "A new alias" : holder.id === own.id ? "Points here already" : `Moves from version ${holder.version}`;
    return { ok: true, message, next_version: null, clean: alias };
  };

  "do_check-name" = ({ name, of }: Verbs["check-name"][0]) =>
    of && name !== of && this.records.some((one) => one.model_name === name)
      ? { ok: false, message: `${name} is the name of another model`, next_version: 2, clean: name }
      : /^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u.test(name)
        ? { ok: true, message: of ? "The name of all its versions" : name === "churn" ? "Becomes version 4 of churn" : "New model, version 1", next_version: name === "churn" ? 4 : 1, clean: name }
        : { ok: false, message: `The name '${name}' holds a character that is not allowed.`, next_version: 1, clean: "" };

  do_save = ({ name, tags, description }: Verbs["save"][0]): Saved => ({
    record: record({ model_name: name, version: 4, tags, description }),
    created: true,
  });

  do_dismiss = () => ({});

  /** What waits; tests set it. */
  waiting: Waiting[] = [];

  do_pending = () => this.waiting;

  do_send = () => ({});

  do_discard = ({ ref }: { ref: string }) => {
    this.waiting = this.waiting.filter((one) => `id:${one.id}` !== ref);
    return record();
  };
}
