// The save dialog: what will be kept, all of it visible and to be left out; how it is going; what became of it.
import * as React from "react";

import { Found } from "./captured";
import { Glyph } from "./card";
import { count, line, loadLine, size, title, typeName } from "./format";
import { useAsked } from "./hooks";
import { Skeleton } from "./gallery";
import { Button, CopyLine, Field, Meta, Notice, Problem, Text, TextField } from "./parts";
import { ProgressBar } from "./progress";
import type { Saved as Answer } from "./record";
import { TokenInput } from "./tokens";
import { useCheck } from "./name-check";
import { Failure, type Check, type Client, type Prefill, type Progress, type SaveRequest } from "./types";

interface SaveProps {
  readonly client: Client;
  readonly where: string;
  /** Somebody pressed a button for it, and so waits there to type. */
  readonly asked?: boolean | undefined;
  readonly onClose: () => void;
  readonly onSaved?: (answer: Answer) => void;
}

/** Ask what is known of the model, then let the user decide. */
export function SaveDialog(props: SaveProps): React.ReactElement {
  const prefill = useAsked(() => props.client.call("prefill", {}), [props.client]);
  if (prefill.value === null) {
    return prefill.error === null ? <Skeleton /> : <Problem error={prefill.error} onAgain={prefill.again} />;
  }
  if (prefill.value.stale) {
    return (
      <Notice icon="warn" title="This model is no longer here." text={line(prefill.value.stale, 300)}>
        <Button label="Close" onClick={props.onClose} />
      </Notice>
    );
  }
  return <SaveForm {...props} prefill={prefill.value} />;
}

type Draft = Omit<SaveRequest, "metrics" | "cells" | "drop" | "look">;
type Stage = { readonly at: "form" } | { readonly at: "saving"; readonly progress: Progress | null; readonly cancelling: boolean } | { readonly at: "saved"; readonly answer: Answer };

/** The save itself: where it stands, how it failed, and how to stop it. */
function useSaving(client: Client, onSaved: ((answer: Answer) => void) | undefined) {
  const [stage, setStage] = React.useState<Stage>({ at: "form" });
  const [error, setError] = React.useState<unknown>(null);
  const stopper = React.useRef<AbortController | null>(null);
  const save = (request: SaveRequest) => {
    stopper.current = new AbortController();
    setError(null);
    setStage({ at: "saving", progress: null, cancelling: false });
    const onProgress = (progress: Progress) => setStage((before) => (before.at === "saving" ? { ...before, progress } : before));
    client.call("save", request, { signal: stopper.current.signal, onProgress }).then(
      (answer) => {
        setStage({ at: "saved", answer });
        onSaved?.(answer);
      },
      (failed: unknown) => {
        setStage({ at: "form" });
        setError(failed);
      },
    );
  };
  const cancel = () => {
    stopper.current?.abort();
    setStage((before) => (before.at === "saving" ? { ...before, cancelling: true } : before));
  };
  return { stage, error, save, cancel };
}

function SaveForm({ client, where, asked, prefill, onClose, onSaved }: SaveProps & { prefill: Prefill }): React.ReactElement {
  const { name, description, tags, captured, alias = "" } = prefill;
  const [draft, setDraft] = React.useState<Draft>({ name, description, tags, alias, note: "" });
  const [dropped, setDropped] = React.useState<ReadonlySet<string>>(new Set(captured.metrics.filter((one) => !one.keep).map((one) => `metric ${one.name}`)));
  const check = useCheck(draft.name, (text) => client.call("check-name", { name: text }));
  const pointed = useCheck(draft.alias, (text) => client.call("check-alias", { alias: text }));
  const ready = check?.ok && (pointed?.ok ?? true);
  const { stage, error, save, cancel } = useSaving(client, onSaved);
  const form = React.useRef<HTMLFormElement>(null);
  // What had the focus was switched off for the time of the save.
  React.useEffect(() => {
    if (error) form.current?.querySelector<HTMLElement>("[type=submit]")?.focus();
  }, [error]);
  React.useEffect(() => {
    if (asked) form.current?.querySelector("input")?.focus();
  }, []);
  if (stage.at === "saved") return <Saved client={client} answer={stage.answer} onClose={onClose} />;
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (!ready || stage.at === "saving") return;
    const metrics = captured.metrics.map((one) => one.name).filter((one) => !dropped.has(`metric ${one}`));
    const cells = [...captured.cells.keys()].filter((at) => !dropped.has(`cell ${at}`));
    save({ ...draft, name: check?.clean || draft.name, metrics, cells, drop: [...dropped].filter((one) => !/^(metric|cell) /.test(one)), look: prefill.look });
  };
  const toggle = (what: string) => setDropped((before) => new Set(before.has(what) ? [...before].filter((one) => one !== what) : [...before, what]));
  return (
    <form ref={form} className="panel save" aria-label="Save model" onSubmit={submit}>
      <Subject prefill={prefill} where={where} />
      <fieldset disabled={stage.at === "saving"} className="bare">
        <Fields draft={draft} check={check} alias={pointed} known={prefill.tags_known} onChange={(change) => setDraft({ ...draft, ...change })} />
        <Found found={captured} dropped={dropped} onToggle={toggle} />
      </fieldset>
      {error !== null && <NotSaved error={error} />}
      <div className="dialog-foot">
        {stage.at === "saving" && <ProgressBar progress={stage.progress} />}
        <Button label={stage.at === "saving" && stage.cancelling ? "Cancelling…" : "Cancel"} onClick={stage.at === "saving" ? cancel : onClose} disabled={stage.at === "saving" && stage.cancelling} />
        <Button label={stage.at === "saving" ? "Saving…" : "Save"} kind="main" type="submit" disabled={!ready || stage.at === "saving"} />
      </div>
    </form>
  );
}

function Subject({ prefill, where }: { prefill: Prefill; where: string }): React.ReactElement {
  const facts = [line(prefill.algorithm, 80), typeName(prefill.model_type), prefill.size === null ? "" : `about ${size(prefill.size)}`, `to be kept ${line(where, 80)}`];
  return (
    <div className="subject">
      <Glyph record={prefill} />
      <div className="grow">
        <h2>
          Save <code className="clip">{line(prefill.variable, 60)}</code>
        </h2>
        <Meta facts={facts} />
      </div>
    </div>
  );
}

interface FieldsProps {
  readonly draft: Draft;
  readonly check: Check | null;
  readonly alias: Check | null;
  readonly known: readonly string[];
  readonly onChange: (change: Partial<Draft>) => void;
}

function Fields({ draft, check, alias, known, onChange }: FieldsProps): React.ReactElement {
  return (
    <>
      <TextField id="name" label="Name (required)" hint={nameHint(draft.name, check)} bad={check?.ok === false} required placeholder="churn" value={draft.name} onChange={(name) => onChange({ name })} />
      <Field id="description" label="Description">
        <textarea id="description" rows={2} value={draft.description} placeholder="What it is, for people who find it later" onInput={(event) => onChange({ description: event.currentTarget.value })} />
      </Field>
      <Field id="tags" label="Tags">
        <TokenInput id="tags" noun="tag" tokens={draft.tags} known={known} onChange={(tags) => onChange({ tags })} />
      </Field>
      <div className="two">
        <TextField id="alias" label="Alias" hint={alias?.ok === false ? line(alias.message, 300) : undefined} bad={alias?.ok === false} placeholder="champion" value={draft.alias} onChange={(alias) => onChange({ alias })} />
        <TextField id="note" label="Note" placeholder="What changed in this version" value={draft.note} onChange={(note) => onChange({ note })} />
      </div>
    </>
  );
}

function nameHint(name: string, check: Check | null): string {
  if (name.trim() === "") return "Letters, digits, space and . _ - + ( ) & ,";
  return check === null ? "Checking…" : line(check.message, 300);
}

function NotSaved({ error }: { error: unknown }): React.ReactElement {
  if (error instanceof Failure && error.code === "cancelled") return <p className="notice" role="alert">Cancelled. Nothing was saved.</p>;
  return <Problem error={error} />;
}

function Saved({ client, answer, onClose }: { client: Client; answer: Answer; onClose: () => void }): React.ReactElement {
  const { record, created } = answer;
  const [file, setFile] = React.useState<{ path?: string; error?: unknown; going?: boolean }>({});
  const heading = React.useRef<HTMLHeadingElement>(null);
  React.useEffect(() => heading.current?.focus(), []);
  const download = () => {
    setFile({ going: true });
    client.download(record).then((path) => setFile({ path }), (error: unknown) => setFile({ error }));
  };
  return (
    <section className="panel save" aria-label="Saved">
      <h2 ref={heading} tabIndex={-1} className="good-text wrap">
        {created ? `Saved ${title(record)}` : `Nothing new: ${title(record)} is exactly this model`}
      </h2>
      <Meta facts={[line(record.algorithm, 80), size(record.model_file_size), count(Object.keys(record.metrics).length, "metric")]} />
      <CopyLine text={loadLine(record)} />
      {file.error !== undefined && <Problem error={file.error} onAgain={download} />}
      <footer className="dialog-foot">
        <span className="grow wrap" role="status">
          {file.path !== undefined && <Text text={`Downloaded to ${file.path}`} most={200} />}
        </span>
        <Button label={file.going ? "Downloading…" : "Download"} icon="download" disabled={file.going} onClick={download} />
        <Button label="Close" onClick={onClose} />
      </footer>
    </section>
  );
}
