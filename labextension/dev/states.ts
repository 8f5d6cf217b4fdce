// Every state that a user can meet, for looking at: a client that leads there, and what is pressed on the way.
import { FakeClient, many, PREFILL, record } from "../src/ui/__tests__/fake";
import { Failure, type Kind, type Line } from "../src/ui/types";

export interface State {
  readonly client: FakeClient;
  readonly kind: Kind;
  /** Names of buttons and boxes to press, one after the other. */
  readonly press?: readonly string[];
  readonly type?: readonly [label: string, text: string];
  readonly line?: Line;
  /** Open what is folded. */
  readonly unfold?: boolean;
}

const never = () => new Promise<never>(() => undefined);
const unreachable = () => {
  throw new Failure("storage_failed", "The store in /home/ada/.modelstore cannot be read.", "Is the disk mounted? %modelstore doctor tells more.");
};

const versions = [7, 6, 5, 4].map((version) => record({ model_name: "churn", version, metrics: { auc: 0.93 - (7 - version) * 0.011, accuracy: 0.88, lift: 3 + version }, training_config: { params: { C: version / 10, penalty: "l2", solver: "lbfgs" } }, aliases: version === 6 ? ["champion", "prod"] : [], description: "Monthly run.\nScaled, and simple.", tags: ["telecom", "baseline"] }));
const named = ["customer-lifetime-value-segments-2026", "churn", "monthly report of the northern region, tuned", `x${"y".repeat(99)}`].map((model_name, at) => record({ model_name, version: at + 3, metrics: { auc: 0.9 + at / 100 } }));
const trash = many(4).map((one) => ({ ...one, deleted_at: "2026-11-23T08:00:00Z" }));

const LONG = "a-very-long-name".repeat(640);
const hostile = [
  "<img src=x onerror=alert(1)>",
  "<script>alert(1)</script>",
  "safe\u202Egnp.exe",
  "zero\u200Bwidth\u2066name",
  LONG,
  "مرحبا بالعالم",
  "हिन्दी मॉडल",
  "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘",
  "line\nbreak\ttab\u0000nul",
].map((text, at) => record({ model_name: text, id: `00000000-0000-4000-8000-00000000000${at}`, version: at + 1, algorithm: text, description: text, tags: [text, "javascript:alert(1)"], metrics: { [text]: 0.5, auc: 0.9 }, aliases: [text], model_type: text }));

/** Names that are properties of our own elsewhere stand in quotes: the build shortens those. */
export const STATES: { readonly [name: string]: () => State } = {
  gallery: () => ({ client: new FakeClient(many(14), {}, { settings: { card_metrics: ["auc", "accuracy"] } }), kind: "gallery" }),
  "chosen": () => ({ client: new FakeClient(many(14)), kind: "gallery", press: ["Compare churn:7", "Compare digits:5"] }),
  quota: () => ({ client: new FakeClient(many(60), { stats: () => ({ models: 128, versions_ready: 651, trash: 3, storage_bytes: 23.4e9, trash_bytes: 2e6, quota_bytes: 25e9 }) }), kind: "gallery" }),
  compare: () => ({ client: new FakeClient(versions), kind: "gallery", press: ["Compare churn:7", "Compare churn:6", "Compare churn:5", "Compare (3)"] }),
  details: () => ({ client: new FakeClient(versions), kind: "gallery", press: ["churn"] }),
  edit: () => ({ client: new FakeClient(versions), kind: "gallery", press: ["churn", "Edit…"] }),
  edited: () => ({ client: new FakeClient(versions), kind: "gallery", press: ["churn", "Edit…", "Remove metric accuracy=0.88", "Save changes"] }),
  alias: () => {
    const client = new FakeClient(versions);
    client.do_alias({ ref: `id:${versions[0]?.id}`, alias: "champion", why: "better on the new rows" });
    client.do_alias({ ref: `id:${versions[1]?.id}`, alias: "champion", why: "rollback: too slow to serve" });
    client.do_alias({ ref: `id:${versions[2]?.id}`, alias: "prod" });
    client.do_alias({ ref: `id:${versions[1]?.id}`, alias: "prod", why: "the release of March, after it had been looked at by everybody who is asked about such things" });
    return { client, kind: "gallery", press: ["churn", "Aliases of churn:6…"] };
  },
  delete: () => ({ client: new FakeClient(versions), kind: "gallery", press: ["Delete churn:6…"] }),
  undo: () => ({ client: new FakeClient(versions), kind: "gallery", press: ["Delete churn:6…", "Move to trash"] }),
  trash: () => ({ client: new FakeClient([...versions, ...trash]), kind: "gallery", press: ["Open trash"] }),
  purge: () => ({ client: new FakeClient([...versions, ...trash]), kind: "gallery", press: ["Open trash", "Empty trash…"] }),
  "trash-search": () => ({ client: new FakeClient([...versions, ...trash]), kind: "gallery", press: ["Open trash"], type: ["Search the trash", "nothing like it"] }),
  "trash-empty": () => ({ client: new FakeClient(versions, {}, { settings: { query: { deleted: true } } }), kind: "gallery" }),
  comparison: () => ({ client: new FakeClient(versions, {}, { kind: "compare", refs: versions.slice(0, 3).map((one) => `id:${one.id}`) }), kind: "compare" }),
  "compare-names": () => ({ client: new FakeClient(named, {}, { kind: "compare", refs: named.map((one) => `id:${one.id}`) }), kind: "compare" }),
  "alias-typed": () => ({ client: new FakeClient(versions), kind: "gallery", press: ["churn", "Aliases of churn:7…"], type: ["Let an alias point here", "champion"] }),
  "alias-wrong": () => ({ client: new FakeClient(versions), kind: "gallery", press: ["churn", "Aliases of churn:7…"], type: ["Let an alias point here", "v3"] }),
  deleting: () => ({
    client: new FakeClient(versions, { "delete-these": (_, ways) => { ways.onProgress?.({ stage: "deleting", done: 1, total: 4 }); return never(); } }),
    kind: "gallery",
    press: ["Delete churn:6…", "All 4 versions", "Move to trash"],
  }),
  "waiting": () => {
    const client = new FakeClient(many(6));
    const one = { id: "00000000-0000-4000-8000-000000000001", name: "churn", size: 16e6, refused: false, why: "", progress: { stage: "sending", done: 4e6, total: 16e6 } };
    client.waiting = [one, { ...one, id: "2", name: "digits", progress: null, why: "The project does not answer. Try again later; a paused project is woken in its dashboard." }, { ...one, id: "3", name: "card-fraud", progress: null, refused: true, why: "The file is larger than the project takes. Its admin can raise the limit of the bucket model-files." }];
    return { client, kind: "gallery" };
  },
  "sign-in": () => ({ client: new FakeClient([], { list: () => { throw new Failure("not_signed_in", "Nobody is signed in.", ""); }, stats: never, facets: never }, { sign_in: true, where: "in abcdefgh.supabase.co" }), kind: "gallery" }),
  empty: () => ({ client: new FakeClient([]), kind: "gallery" }),
  nomatch: () => ({ client: new FakeClient(many(5)), kind: "gallery", type: ["Search name, description, tag, algorithm", "nothing like it"] }),
  error: () => ({ client: new FakeClient([], { list: unreachable, stats: unreachable, facets: unreachable }), kind: "gallery" }),
  loading: () => ({ client: new FakeClient([], { hello: never }), kind: "gallery" }),
  busy: () => ({ client: new FakeClient([], { hello: never }), kind: "gallery", line: "slow" }),
  silent: () => ({ client: new FakeClient([], { hello: never }), kind: "gallery", line: "silent" }),
  hostile: () => ({ client: new FakeClient(hostile, { fits: ({ ids }) => Object.fromEntries(ids.map((id) => [id, { loads: false as const, why: LONG }])) }, { where: LONG }), kind: "gallery" }),
  save: () => ({ client: new FakeClient([], {}, { kind: "save" }), kind: "save" }),
  "save-code": () => ({ client: new FakeClient([], {}, { kind: "save" }), kind: "save", press: ["Keep cell 5: auc = roc_auc_score(y_test, clf.predict_proba(X_test)[:, 1])"], unfold: true }),
  "save-wrong": () => ({ client: new FakeClient([], { prefill: () => ({ ...PREFILL, name: "a/b", captured: { ...PREFILL.captured, data_inside: { rows: 1000, of: 1200, where: "KNeighborsClassifier._fit_X" } } }) }, { kind: "save" }), kind: "save", press: ["Keep parameters"] }),
  saving: () => ({
    client: new FakeClient([], { save: (_, ways) => { ways.onProgress?.({ stage: "writing", done: 19e6, total: 48e6 }); return never(); } }, { kind: "save" }),
    kind: "save",
    press: ["Save"],
  }),
  "save-failed": () => ({ client: new FakeClient([], { save: () => { throw new Failure("disk_full", "The disk is full: 48 MB are needed, 12 MB are free.", "Free some space, then save again."); } }, { kind: "save" }), kind: "save", press: ["Save"] }),
  saved: () => ({ client: new FakeClient([], {}, { kind: "save" }), kind: "save", press: ["Save"] }),
  offer: () => ({ client: new FakeClient([], {}, { kind: "offer", offer: { state: "open", variable: "clf", algorithm: "LogisticRegression" } }), kind: "offer" }),
  "offer-saved": () => ({ client: new FakeClient([], {}, { kind: "offer", offer: { state: "saved", ref: "churn:4" } }), kind: "offer" }),
  "offer-stale": () => ({ client: new FakeClient([], {}, { kind: "offer", offer: { state: "stale", variable: "clf" } }), kind: "offer" }),
};
