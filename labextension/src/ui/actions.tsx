// What is done with a record from more than one place, and the line that says so afterwards.
import * as React from "react";

import { byId, count, line, loadLine, size, title } from "./format";
import { Button, copied, focusHead, Problem } from "./parts";
import type { ModelRecord } from "./record";
import type { Client, Deleted } from "./types";

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
  readonly restore: (record: ModelRecord) => void;
  readonly deleted: (what: Deleted) => void;
  /** Say what was done; `undo` takes it back. */
  readonly tell: (text: string, undo?: () => Promise<void>) => void;
}

export function useActions(client: Client, changed: () => void): Actions {
  const [said, setSaid] = React.useState<Said | null>(null);
  const loading = React.useRef(new Set<string>());
  const attempt = (text: string, work: () => Promise<Said>) => {
    setSaid({ text });
    return work().then(setSaid, (error: unknown) => setSaid({ text: "", error }));
  };
  /** Take something back; what that has to say is added. */
  const takeBack = (undo: () => Promise<string | void>) => () =>
    void attempt("Undoing…", async () => {
      const text = (await undo()) ?? "Undone.";
      changed();
      return { text };
    });
  return {
    said,
    hush: () => setSaid(null),
    tell: (text, undo) => setSaid(undo ? { text, undo: takeBack(undo) } : { text }),
    restore: (record) =>
      void attempt("Restoring…", async () => {
        await client.call("restore", { ref: byId(record) });
        changed();
        return { text: `Restored ${title(record)}.` };
      }),
    copy: (record) =>
      void attempt("", async () => {
        const code = loadLine(record);
        return { text: (await copied(code)) ? "Copied:" : "Select this line to copy it:", code };
      }),
    download: (record) => {
      // One file for a double click.
      if (loading.current.has(record.id)) return;
      loading.current.add(record.id);
      void attempt(`Downloading ${title(record)}…`, async () => ({ text: `Downloaded to ${line(await client.download(record), 500)}` })).then(() => loading.current.delete(record.id));
    },
    deleted: ({ records, bytes, left, why, aliases }) => {
      const names = aliases.map(({ alias }) => `@${line(alias, 50)}`).join(", ");
      const stopped = why?.code === "cancelled" ? "You stopped it" : line(why?.message ?? "", 300).replace(/\.$/, "");
      const text = [
        `Moved ${several(records)} (${size(bytes)}) to the trash.`,
        why && `${stopped}; ${count(left, "version")} ${left === 1 ? "stays" : "stay"}.`,
        names && `No longer there: ${names}.`,
      ];
      const undo = takeBack(async () => {
        const { kept } = await client.call("undelete", { ids: records.map((one) => one.id), aliases });
        const moved = kept.map(({ alias, version }) => ` @${line(alias, 50)} stays ${version === null ? "away" : `at v${version}`}: it was changed meanwhile.`);
        return `Restored ${several(records)}.${moved.join("")}`;
      });
      setSaid({ text: text.filter(Boolean).join(" "), undo });
    },
  };
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
    focusHead(element.current);
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
