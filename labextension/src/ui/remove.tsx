// The questions before a delete: what goes, how much, and what follows from it.
import * as React from "react";

import { several } from "./actions";
import { byId, count, line, size, title } from "./format";
import { useAsked, useDeed } from "./hooks";
import { Dialog, DialogFoot, Problem } from "./parts";
import type { ModelRecord, Removal } from "./record";
import { Failure, type Client, type Deleted } from "./types";

interface DeleteProps {
  readonly client: Client;
  readonly record: ModelRecord;
  readonly where: string;
  readonly onClose: () => void;
  readonly onDone: (deleted: Deleted) => void;
}

export function DeleteDialog({ client, record, where, onClose, onDone }: DeleteProps): React.ReactElement {
  const [every, setEvery] = React.useState(false);
  const versions = useAsked(() => client.call("versions", { name: record.model_name }), [record.model_name]);
  const deed = useDeed();
  const [gone, setGone] = React.useState(0);
  const stopper = React.useRef<AbortController | null>(null);
  const all = versions.value?.records ?? [record];
  const going = every ? all : [record];
  const one = going.length === 1;
  const aliases = going.flatMap(({ aliases }) => aliases);
  const bytes = going.reduce((sum, { model_file_size }) => sum + model_file_size, 0);
  // Who was told what uses it, and presses again, means it.
  const used = deed.error instanceof Failure && deed.error.code === "in_use";
  const remove = () =>
    deed.run(async () => {
      const { signal } = (stopper.current = new AbortController());
      try {
        // By their ids: the name may mean other versions by now.
        onDone(await client.call("delete-these", { ids: going.map((one) => one.id), force: used || aliases.length > 0 }, { signal, onProgress: ({ done }) => setGone(done) }));
      } catch (error) {
        if (!(error instanceof Failure) || error.code !== "cancelled") throw error;
        onClose();
      }
    });
  // While it goes on, whatever closes stops: what came of it is said afterwards.
  const close = deed.going ? () => stopper.current?.abort() : onClose;
  return (
    <Dialog title={`Delete ${every ? line(record.model_name, 60) : title(record)}?`} onClose={close}>
      {all.length > 1 && <Extent record={record} all={all} every={every} onChange={setEvery} />}
      <p className="wrap">
        <b>{several(going)}</b> ({size(bytes)}), kept {line(where, 80)}, {one ? "goes" : "go"} to the trash for 30 days. Until then {one ? "it" : "they"} can be
        restored, and still {one ? "takes" : "take"} up space.
      </p>
      <p>Notebooks that load {one ? "it will not find it" : "them will not find them"}.</p>
      {aliases.length > 0 && <Pointing aliases={aliases} every={going.length === all.length} />}
      {deed.error !== null && <Problem error={deed.error} />}
      <DialogFoot away={deed.going ? "Stop" : "Cancel"} label={deed.going ? (one ? "Deleting…" : `Deleting ${gone + 1} of ${going.length}…`) : used ? "Delete all the same" : "Move to trash"} kind="danger" disabled={deed.going} onDo={remove} onClose={close} />
    </Dialog>
  );
}

interface ExtentProps {
  readonly record: ModelRecord;
  readonly all: readonly ModelRecord[];
  readonly every: boolean;
  readonly onChange: (every: boolean) => void;
}

function Extent({ record, all, every, onChange }: ExtentProps): React.ReactElement {
  return (
    <fieldset className="radios">
      <legend className="sr-only">What to delete</legend>
      <label>
        <input type="radio" name="extent" checked={!every} onChange={() => onChange(false)} /> Version {record.version} only
      </label>
      <label>
        <input type="radio" name="extent" checked={every} onChange={() => onChange(true)} /> All {count(all.length, "version")}
      </label>
    </fieldset>
  );
}

function Pointing({ aliases, every }: { aliases: readonly string[]; every: boolean }): React.ReactElement {
  const names = aliases.map((alias) => `@${line(alias, 50)}`).join(", ");
  const then = every ? "it is taken away" : "it goes back to the version it named before, or is taken away";
  return (
    <p className="notice warn wrap">
      {aliases.length === 1 ? `The alias ${names} points here: ${then}.` : `Aliases point here: ${names}. Each: ${then}.`}
    </p>
  );
}

interface PurgeProps {
  readonly client: Client;
  /** Null: all that is in the trash. */
  readonly record: ModelRecord | null;
  readonly many: number;
  readonly bytes: number;
  readonly onClose: () => void;
  readonly onDone: (removal: Removal) => void;
}

/** Delete for good. The one question that asks for the name: there is no way back. */
export function PurgeDialog({ client, record, many, bytes, onClose, onDone }: PurgeProps): React.ReactElement {
  const [typed, setTyped] = React.useState("");
  const deed = useDeed();
  const word = record === null ? "empty the trash" : line(record.model_name, 100);
  const same = typed.trim() === word;
  const purge = (event: React.FormEvent) => {
    event.preventDefault();
    if (!same || deed.going) return;
    deed.run(async () => {
      const asked = record === null ? client.call("empty-trash", {}) : client.call("purge", { ref: byId(record) });
      onDone(await asked);
    });
  };
  const what = record === null ? count(many, "version") : title(record);
  return (
    <Dialog title={record === null ? "Empty the trash?" : `Delete ${title(record)} for good?`} onClose={onClose}>
      <form onSubmit={purge}>
        <p className="wrap">
          <b>{what}</b> and {many === 1 ? "its file" : "the files"} ({size(bytes)}) will be gone. <b>This cannot be undone.</b>
        </p>
        <label htmlFor="purge-word" className="wrap">
          Type <code>{word}</code> to confirm
        </label>
        <input id="purge-word" type="text" autoComplete="off" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
        {deed.error !== null && <Problem error={deed.error} />}
        <DialogFoot label={deed.going ? "Deleting…" : "Delete for good"} kind="danger" disabled={!same || deed.going} onClose={onClose} />
      </form>
    </Dialog>
  );
}
