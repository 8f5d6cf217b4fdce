// The gallery: what there is, what is looked for, the cards, and the dialogs that they open.
import * as React from "react";

import { Toast, useActions, type Actions } from "./actions";
import { AliasDialog } from "./aliases";
import { ModelCard } from "./card";
import { CompareDialog, MOST_COMPARED } from "./compare";
import { DetailsDialog } from "./details";
import { EditDialog } from "./edit";
import { Filters, SearchBox } from "./filters";
import { count, line, mainMetric, size, title, whole } from "./format";
import { useAsked, useLater } from "./hooks";
import { MOST, PAGE, useBeside, useModels, type Models } from "./models";
import { Button, IconButton, Notice, Problem } from "./parts";
import type { ModelRecord, Stats } from "./record";
import { DeleteDialog, PurgeDialog } from "./remove";
import { SignIn } from "./sign-in";
import { TrashList } from "./trash";
import { Failure, type Client, type Hello, type Opened, type Search, type Settings } from "./types";
import { useWaiting, WaitingList } from "./waiting";

const TYPING = 120;


const NOTHING: readonly ModelRecord[] = [];
const NONE: Search = { words: "", tags: [], algorithm: "", model_type: "", sort: "-created_at" };

/** What is looked for at first, among the models or in the trash; the other of the two begins without a filter. */
function start(settings: Settings): { readonly trash: boolean; readonly models: Search; readonly deleted: Search } {
  const { words = "", tags, algorithm, model_type, sort, deleted = false, ...more } = { ...NONE, ...settings.query };
  const text = typeof words === "string" ? words : words.join(" ");
  const asked = { words: text, tags, algorithm, model_type, sort: settings.sort ?? sort, more: more as Search["more"] };
  const [models, thrown] = deleted ? [{ ...NONE, sort: asked.sort }, asked] : [asked, NONE];
  return { trash: deleted, models, deleted: { ...thrown, sort: "-updated_at" } };
}

const narrows = (search: Search) => Boolean(search.words.trim() || search.tags.length || search.algorithm || search.model_type || Object.keys(search.more ?? {}).length);

/** All that the gallery knows and does; the pieces below show it. */
function useGallery(client: Client, hello: Hello, onAgain: () => void) {
  const [looked, setLooked] = React.useState(() => start(hello.settings));
  const [tick, setTick] = React.useState(0);
  const [chosen, setChosen] = React.useState<ReadonlyMap<string, ModelRecord>>(new Map());
  const [dialogs, setDialogs] = React.useState<readonly Opened[]>([]);
  const { trash } = looked;
  const which = trash ? "deleted" : "models";
  const search = looked[which];
  const change = (change: Partial<Search>) => setLooked((before) => ({ ...before, [which]: { ...before[which], ...change } }));
  const metrics = hello.settings.card_metrics ?? [];
  // What is typed waits for a pause; what was typed for the other list, models or trash, is not meant.
  const later = useLater(looked, TYPING);
  const words = later.trash === trash ? later[which].words : search.words;
  const models = useModels(client, { ...search, words }, trash);
  const beside = useBeside(client, trash ? NOTHING : models.records, metrics);
  const waiting = useWaiting(client, tick);
  const stats = useAsked(() => client.call("stats", {}), [client, tick]);
  const facets = useAsked(() => client.call("facets", {}), [client, tick]);
  const refresh = () => {
    // Somebody else may be signed in by now.
    onAgain();
    models.refresh();
    setTick((before) => before + 1);
  };
  const latest = React.useRef(refresh);
  latest.current = refresh;
  React.useEffect(() => client.onEvent((happening) => happening.event === "changed" && latest.current()), [client]);
  const choose = (record: ModelRecord) =>
    setChosen((before) => {
      const now = new Map(before);
      if (!now.delete(record.id) && now.size < MOST_COMPARED) now.set(record.id, record);
      return now;
    });
  return {
    ...{ client, hello, search, trash, tick, chosen, dialogs, models, beside, waiting, metrics, refresh, choose, change },
    ...{ stats: stats.value, facets: facets.value, full: chosen.size >= MOST_COMPARED },
    clear: () => change({ ...NONE, more: {}, sort: search.sort }),
    look: (into: boolean) => setLooked((before) => ({ ...before, trash: into })),
    unchoose: (records: readonly ModelRecord[]) =>
      setChosen((before) => new Map([...before].filter(([id]) => !records.some((record) => record.id === id)))),
    open: (opened: Opened) => setDialogs((before) => [...before, opened]),
    close: () => setDialogs((before) => before.slice(0, -1)),
  };
}

type View = ReturnType<typeof useGallery>;

export function Gallery({ client, hello, onAgain }: { client: Client; hello: Hello; onAgain: () => void }): React.ReactElement {
  const state = useGallery(client, hello, onAgain);
  const actions = useActions(client, state.refresh);
  const open = (opened: Opened) => {
    // What was said before is not meant in the dialog, and would lie over it.
    actions.hush();
    state.open(opened);
  };
  const view = { ...state, open };
  // What was said of the one list is not meant in the other.
  React.useEffect(actions.hush, [view.trash]);
  const { error } = view.models;
  const signIn = hello.sign_in && error instanceof Failure && error.code === "not_signed_in";
  const signed = (said: string) => {
    view.refresh();
    actions.tell(said);
  };
  if (signIn) {
    return (
      <section className="gallery" aria-label="Models">
        <Header view={view} />
        <SignIn client={client} onDone={signed} />
      </section>
    );
  }
  return (
    <section className="gallery" aria-label="Models">
      <Header view={view} />
      <WaitingList client={client} waiting={view.waiting} onDone={view.refresh} />
      {!view.trash && <Statistics stats={view.stats} onTrash={() => view.look(true)} />}
      {!bare(view) && (view.trash ? <SearchBox label="Search the trash" words={view.search.words} onChange={(words) => view.change({ words })} /> : <Filters {...view} ways={view.beside.ways} metrics={sortable(view)} onChange={view.change} />)}
      {!bare(view) && <Counted view={view} />}
      {error !== null && <Problem error={error} onAgain={view.refresh} />}
      <Body view={view} actions={actions} />
      <More models={view.models} />
      {view.dialogs.length === 0 && <Toast actions={actions} />}
      {view.dialogs.map((opened, at) => (
        <OpenedDialog key={`${at}-${opened.what}`} opened={opened} view={view} actions={actions} />
      ))}
    </section>
  );
}

/** Tell whether there is nothing to filter. */
const bare = ({ search, stats, trash }: View) => (trash ? stats?.trash : stats?.models) === 0 && !narrows(search);

/** Metrics to sort by: those asked for, then the main ones of what is shown. */
function sortable({ metrics, models }: View): readonly string[] {
  const main = models.records.flatMap((record) => mainMetric(record, metrics) ?? []);
  return [...new Set([...metrics, ...main])].slice(0, 6);
}

function Header({ view }: { view: View }): React.ReactElement {
  const { trash, stats, chosen, models } = view;
  const heading = React.useRef<HTMLHeadingElement>(null);
  const before = React.useRef(trash);
  React.useEffect(() => {
    if (before.current !== trash) heading.current?.focus();
    before.current = trash;
  }, [trash]);
  return (
    <header className="head">
      <h2 ref={heading} tabIndex={-1}>{trash ? "Trash" : "Models"}</h2>
      <span className="where" title={line(view.hello.where, 200)}>
        {!models.error && <span className="dot" aria-hidden="true" />}
        <span className="clip">{line(view.hello.where, 60)}</span>
      </span>
      <span className="grow" />
      {trash && <Button label="Back to models" icon="back" onClick={() => view.look(false)} />}
      {trash && <Button label="Empty trash…" icon="trash" kind="danger" disabled={!stats?.trash} onClick={() => view.open({ what: "empty" })} />}
      {!trash && (
        <Button
          label={chosen.size > 0 ? `Compare (${chosen.size})` : "Compare"}
          icon="compare"
          disabled={chosen.size < 2}
          title={chosen.size < 2 ? "Choose 2 to 6 models" : [...chosen.values()].map(title).join(", ")}
          onClick={() => view.open({ what: "compare" })}
        />
      )}
      <IconButton label="Refresh" icon="refresh" busy={models.waiting} onClick={view.refresh} />
    </header>
  );
}

function Statistics({ stats, onTrash }: { stats: Stats | null; onTrash: () => void }): React.ReactElement {
  const quota = stats?.quota_bytes ?? null;
  const share = stats && quota ? stats.storage_bytes / quota : 0;
  return (
    <dl className="stats">
      <Stat label="Models" value={stats && whole(stats.models)} />
      <Stat label="Versions" value={stats && whole(stats.versions_ready)} />
      <Stat label="Storage" value={stats && size(stats.storage_bytes)} beside={quota === null ? "" : `of ${size(quota)}`}>
        {quota !== null && <meter min={0} max={1} high={0.9} value={share} aria-label={`${Math.round(share * 100)} % of the storage is used`} />}
      </Stat>
      <Stat label="In the trash" value={stats && whole(stats.trash)} beside={stats?.trash ? size(stats.trash_bytes) : ""}>
        {stats !== null && stats.trash > 0 && (
          <button type="button" className="link" onClick={onTrash}>
            Open trash
          </button>
        )}
      </Stat>
    </dl>
  );
}

function Stat({ label, value, beside = "", children }: { label: string; value: string | null; beside?: string; children?: React.ReactNode }): React.ReactElement {
  return (
    <div className="stat">
      <dt>{label}</dt>
      <dd>
        <span className="number">{value ?? "–"}</span> {beside && <span className="muted small">{beside}</span>}
        {children}
      </dd>
    </div>
  );
}

/** How many are shown; read out when it changes. */
function Counted({ view }: { view: View }): React.ReactElement {
  const { models, stats, trash, search } = view;
  const narrowed = narrows(search);
  const [all, one] = trash ? [stats?.trash, "version"] : [stats?.models, "model"];
  const of = narrowed && all !== undefined ? `${whole(models.total)} of ${count(all, one)}` : count(models.total, one);
  return (
    <p className="counted">
      <span role="status">{models.known ? of : models.waiting ? "Loading…" : ""}</span>
      {narrowed && <Button label="Clear filters" kind="quiet" onClick={view.clear} />}
      {view.chosen.size > 0 && !trash && <Button label="Clear selection" kind="quiet" onClick={() => view.unchoose([...view.chosen.values()])} />}
    </p>
  );
}

function Body({ view, actions }: { view: View; actions: Actions }): React.ReactElement | null {
  const { models, trash } = view;
  if (models.records.length > 0) {
    if (!trash) return <Cards view={view} actions={actions} />;
    return <TrashList records={models.records} onRestore={actions.restore} onPurge={(record) => view.open({ what: "purge", record })} />;
  }
  if (models.waiting && !models.known) return <Skeleton />;
  if (models.error !== null) return null;
  if (narrows(view.search)) {
    return (
      <Notice icon="search" title={trash ? "Nothing in the trash matches." : "Nothing matches."} text={trash ? "Try fewer words." : "Try fewer filters."}>
        <Button label="Clear filters" onClick={view.clear} />
      </Notice>
    );
  }
  if (trash) return <Notice icon="trash" title="The trash is empty." text="What you delete stays here for 30 days." />;
  return (
    <Notice
      title="No models yet"
      text={
        <>
          Keep a fitted model with <code>%save_model clf &quot;name&quot;</code>
        </>
      }
    />
  );
}

export function Skeleton(): React.ReactElement {
  return (
    <div className="grid" aria-hidden="true">
      {[0, 1, 2].map((at) => (
        <div key={at} className="card skeleton">
          <i />
          <i />
          <i />
        </div>
      ))}
    </div>
  );
}

function Cards({ view, actions }: { view: View; actions: Actions }): React.ReactElement {
  const { beside } = view;
  return (
    <ul className="grid" aria-label="Models" aria-busy={view.models.waiting}>
      {view.models.records.map((record) => (
        <ModelCard
          key={record.id}
          record={record}
          metrics={view.metrics}
          fields={view.hello.settings.card_fields}
          fit={beside.fits[record.id]}
          history={beside.histories[record.id] ?? []}
          ways={beside.ways}
          chosen={view.chosen.has(record.id)}
          full={view.full}
          onChoose={() => view.choose(record)}
          onOpen={() => view.open({ what: "details", record })}
          onCopy={() => actions.copy(record)}
          onDownload={() => actions.download(record)}
          onDelete={() => view.open({ what: "delete", record })}
        />
      ))}
    </ul>
  );
}

function More({ models }: { models: Models }): React.ReactElement | null {
  const shown = models.records.length;
  if (shown >= models.total) return null;
  if (shown >= MOST) {
    return <p className="more muted">{`${whole(shown)} of ${whole(models.total)} are shown. Search or filter to find the rest.`}</p>;
  }
  const next = Math.min(PAGE, models.total - shown);
  return (
    <p className="more">
      <Button label={models.waiting ? "Loading…" : `Show ${next} more`} disabled={models.waiting} onClick={models.more} />
      <span className="muted">{`${whole(shown)} of ${whole(models.total)} shown`}</span>
    </p>
  );
}

function OpenedDialog({ opened, view, actions }: { opened: Opened; view: View; actions: Actions }): React.ReactElement {
  const { client, close, refresh } = view;
  const done = (said: string, renamed = false, undo?: () => Promise<void>) => {
    // The dialog that a rename was opened from shows a name that is gone.
    if (renamed) view.dialogs.forEach(close);
    else close();
    actions.tell(said, undo);
    refresh();
  };
  switch (opened.what) {
    case "compare":
      return <CompareDialog client={client} records={[...view.chosen.values()]} onClose={close} />;
    case "empty":
      return (
        <PurgeDialog client={client} record={null} many={view.stats?.trash ?? 0} bytes={view.stats?.trash_bytes ?? 0} onClose={close} onDone={(removal) => done(`The trash is empty; ${size(removal.bytes)} freed.`)} />
      );
    case "purge":
      return (
        <PurgeDialog client={client} record={opened.record} many={1} bytes={opened.record.model_file_size} onClose={close} onDone={(removal) => done(`Gone for good; ${size(removal.bytes)} freed.`)} />
      );
    case "edit":
      return <EditDialog client={client} record={opened.record} known={Object.keys(view.facets?.tags ?? {})} onClose={close} onDone={done} />;
    case "alias":
      return <AliasDialog client={client} record={opened.record} onClose={close} onChanged={refresh} />;
    case "details":
      return <DetailsDialog {...view} record={opened.record} actions={actions} />;
    case "delete":
      return <Deleting record={opened.record} view={view} actions={actions} />;
  }
}

function Deleting({ record, view, actions }: { record: ModelRecord; view: View; actions: Actions }): React.ReactElement {
  return (
    <DeleteDialog
      client={view.client}
      record={record}
      where={view.hello.where}
      onClose={view.close}
      onDone={(deleted) => {
        // Also what it was opened from: its model may be gone.
        view.dialogs.forEach(view.close);
        view.unchoose(deleted.records);
        actions.deleted(deleted);
        view.refresh();
      }}
    />
  );
}
