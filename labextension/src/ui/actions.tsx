// What is done with a record from more than one place, and the line that says so afterwards.
import * as React from "react";

import { byId, line, loadLine, size, title } from "./format";
import { Button, copied, Problem } from "./parts";
import type { ModelRecord, Removal } from "./record";
import type { Client } from "./types";

interface Said {
  readonly text: string;
  readonly code?: string;
  readonly undo?: () => void;
  readonly error?: unknown;
}

export interface Actions {
  readonly said: Said | null;
  readonly hush: () => void;
  readonly copy: (record: ModelRecord) => void;
  readonly download: (record: ModelRecord) => void;
  readonly restore: (records: readonly ModelRecord[]) => void;
  readonly deleted: (before: readonly ModelRecord[], removal: Removal) => void;
  /** Say what was done; `undo` takes it back. */
  readonly tell: (text: string, undo?: () => Promise<void>) => void;
}

export function useActions(client: Client, changed: () => void): Actions {
  const [said, setSaid] = React.useState<Said | null>(null);
  const attempt = (text: string, work: () => Promise<Said>) => {
    setSaid({ text });
    work().then(setSaid, (error: unknown) => setSaid({ text: "", error }));
  };
  const takeBack = (undo: () => Promise<void>) =>
    attempt("Undoing…", async () => {
      await undo();
      changed();
      return { text: "Undone." };
    });
  const restore = (records: readonly ModelRecord[]) =>
    attempt("Restoring…", async () => {
      await bringBack(client, records);
      changed();
      return { text: `Restored ${several(records)}.` };
    });
  return {
    said,
    hush: () => setSaid(null),
    tell: (text, undo) => setSaid(undo ? { text, undo: () => takeBack(undo) } : { text }),
    restore,
    copy: (record) =>
      attempt("", async () => {
        const code = loadLine(record);
        return { text: (await copied(code)) ? "Copied:" : "Select this line to copy it:", code };
      }),
    download: (record) =>
      attempt(`Downloading ${title(record)}…`, async () => ({ text: `Downloaded to ${line(await client.download(record), 500)}` })),
    deleted: (before, removal) => {
      const lost = [...removal.removed_aliases, ...removal.returned_aliases.map(([alias]) => alias)];
      const aliases = lost.length > 0 ? ` No longer there: ${lost.map((alias) => `@${line(alias, 50)}`).join(", ")}.` : "";
      const text = `Moved ${several(removal.records)} (${size(removal.bytes)}) to the trash.${aliases}`;
      setSaid({ text, undo: () => restore(before) });
    },
  };
}

/** Restore records, with the aliases that they had: a delete takes those away, and a restore alone does not give them back. */
async function bringBack(client: Client, records: readonly ModelRecord[]): Promise<void> {
  for (const record of records) await client.call("restore", { ref: byId(record) });
  for (const record of records) {
    if (record.deleted_at !== null) continue;
    for (const alias of record.aliases) await client.call("alias", { ref: byId(record), alias, why: "the delete was undone" });
  }
}

export function several(records: readonly ModelRecord[]): string {
  const [first] = records;
  if (first === undefined) return "nothing";
  return records.length === 1 ? title(first) : `${records.length} versions of ${line(first.model_name, 100)}`;
}

/** The line that says what was done. It takes the focus, and hands it on, where what had the focus is gone. */
export function Toast({ actions }: { actions: Actions }): React.ReactElement {
  const { said, hush } = actions;
  const element = React.useRef<HTMLDivElement>(null);
  const undo = said?.undo;
  const offered = React.useRef(false);
  React.useEffect(() => {
    if (undo || offered.current) element.current?.querySelector("button")?.focus();
    offered.current = undo !== undefined;
  }, [said]);
  const dismiss = () => {
    hush();
    (element.current?.getRootNode() as ParentNode | undefined)?.querySelector("h2")?.focus();
  };
  return (
    <div ref={element} className={said ? "toast" : "toast empty"} role="status">
      {said?.error ? <Problem error={said.error} /> : <span className="wrap grow">{said?.text}</span>}
      {said?.code && <code tabIndex={0}>{said.code}</code>}
      {undo && <Button label="Undo" icon="restore" onClick={undo} />}
      {said && <Button label="Dismiss" kind="quiet" onClick={dismiss} />}
    </div>
  );
}
