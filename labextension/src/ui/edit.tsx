// Change what is said of a model: its name, description, tags and metrics.
import * as React from "react";

import { byId, numeral, title } from "./format";
import { useDeed } from "./hooks";
import { DialogFoot, Dialog, Field, Problem, TextField } from "./parts";
import type { ModelRecord } from "./record";
import { useCheck } from "./name-check";
import { keyOf, TokenInput } from "./tokens";
import type { Changes, Client } from "./types";

interface EditProps {
  readonly client: Client;
  readonly record: ModelRecord;
  readonly known: readonly string[];
  readonly onClose: () => void;
  /** Told what was changed, whether also the name, and how to take it back. */
  readonly onDone: (said: string, renamed: boolean, undo: () => Promise<void>) => void;
}

/** What can be changed of a record; a metric is a text as the magics take it. */
interface Said {
  readonly name: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly metrics: readonly string[];
}

const saidOf = (record: ModelRecord): Said => ({
  name: record.model_name,
  description: record.description,
  tags: record.tags,
  metrics: Object.entries(record.metrics).map(([name, value]) => `${name}=${numeral(value)}`),
});

export function EditDialog({ client, record, known, onClose, onDone }: EditProps): React.ReactElement {
  const before = saidOf(record);
  const [now, setNow] = React.useState(before);
  // What the store holds by now: where the new name is refused, the rest is written already.
  const [written, setWritten] = React.useState(before);
  const deed = useDeed();
  const change = (change: Partial<Said>) => setNow((said) => ({ ...said, ...change }));
  const save = (event: React.FormEvent) => {
    event.preventDefault();
    deed.run(async () => {
      await write(client, record, written, now, setWritten);
      onDone(`Changed ${title({ ...record, model_name: now.name })}.`, renamed, () => write(client, record, now, before));
    });
  };
  const { version } = record;
  const check = useCheck(now.name, (name) => client.call("check-name", { name, of: before.name }));
  const renamed = now.name !== before.name;
  const bad = renamed && check?.ok === false;
  return (
    <Dialog title={`Edit ${title(record)}`} onClose={onClose}>
      <form onSubmit={save}>
        <TextField id="edit-name" label="Name" hint={check?.message || "The name of all its versions"} bad={bad} value={now.name} onChange={(name) => change({ name })} />
        <Field id="edit-description" label={`Description of version ${version}`}>
          <textarea id="edit-description" rows={4} value={now.description} onInput={(event) => change({ description: event.currentTarget.value })} />
        </Field>
        <Field id="edit-tags" label={`Tags of version ${version}`}>
          <TokenInput id="edit-tags" noun="tag" tokens={now.tags} known={known} onChange={(tags) => change({ tags })} />
        </Field>
        <Field id="edit-metrics" label={`Metrics of version ${version}`} hint="name=value adds or corrects one">
          <TokenInput id="edit-metrics" noun="metric" tokens={now.metrics} onChange={(metrics) => change({ metrics })} />
        </Field>
        {deed.error !== null && <Problem error={deed.error} />}
        <DialogFoot away="Cancel" label={deed.going ? "Saving…" : "Save changes"} disabled={deed.going || bad || now.name.trim() === ""} onClose={onClose} />
      </form>
    </Dialog>
  );
}

/** Ask only for what differs; the name last, since the record is found by its id. */
async function write(client: Client, record: ModelRecord, from: Said, to: Said, wrote?: (said: Said) => void): Promise<void> {
  const without = (all: readonly string[], others: readonly string[]) => all.filter((one) => !others.includes(one));
  const changes: Changes = {
    ...(to.description !== from.description && { description: to.description }),
    add_tags: without(to.tags, from.tags),
    remove_tags: without(from.tags, to.tags),
    metrics: without(to.metrics, from.metrics),
    drop_metrics: without(from.metrics.map(keyOf), to.metrics.map(keyOf)),
  };
  const real = Object.entries(changes).filter(([, value]) => !Array.isArray(value) || value.length > 0);
  if (real.length > 0) await client.call("edit", { ref: byId(record), ...Object.fromEntries(real) });
  wrote?.({ ...to, name: from.name });
  if (to.name !== from.name) await client.call("rename", { name: from.name, new: to.name });
}
