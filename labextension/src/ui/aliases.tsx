// The words that point at a version: set, taken away, taken back, and who did that when and why.
import * as React from "react";

import { ago, byId, date, line, title } from "./format";
import { useAsked, useDeed } from "./hooks";
import { Button, Dialog, DialogFoot, IconButton, Meta, Problem, Text, TextField } from "./parts";
import { useCheck } from "./name-check";
import type { ModelRecord } from "./record";
import type { AliasHistory, Check, Client } from "./types";

interface AliasProps {
  readonly client: Client;
  readonly record: ModelRecord;
  readonly onClose: () => void;
  readonly onChanged: () => void;
}

export function AliasDialog({ client, record, onClose, onChanged }: AliasProps): React.ReactElement {
  const [aliases, setAliases] = React.useState(record.aliases);
  const [alias, setAlias] = React.useState("");
  const [why, setWhy] = React.useState("");
  const ref = byId(record);
  const history = useAsked(() => client.call("alias-history", { ref }), [ref]);
  const deed = useDeed();
  const check = useCheck(alias, (text) => client.call("check-alias", { alias: text, ref }), history.value);
  const bad = check?.ok === false;
  const reason = why.trim() && { why: why.trim() };
  const change = (moved: string, how: { readonly remove?: boolean; readonly rollback?: boolean } = {}) =>
    deed.run(async () => {
      const now = await client.call("alias", { ref, alias: moved, ...how, ...reason });
      const others = (before: readonly string[]) => before.filter((one) => one !== moved);
      setAliases((before) => ("id" in now && now.id === record.id ? [...others(before), moved] : others(before)));
      setWhy("");
      history.again();
      onChanged();
    });
  const add = (event: React.FormEvent) => {
    event.preventDefault();
    if (bad) return;
    change(alias.trim());
    setAlias("");
  };
  return (
    <Dialog title={`Aliases of ${title(record)}`} onClose={onClose}>
      {aliases.length === 0 && <p className="muted">No alias points at this version.</p>}
      <ul className="rows" aria-label="Aliases">
        {aliases.map((one) => (
          <li key={one} className="row">
            <Text className="grow" text={`@${one}`} most={60} />
            <IconButton label={`Remove the alias ${line(one, 50)}`} icon="close" onClick={() => change(one, { remove: true })} />
          </li>
        ))}
      </ul>
      <form onSubmit={add}>
        <TextField id="alias" label="Let an alias point here" hint={aliasHint(alias, check)} bad={bad} placeholder="champion" value={alias} onChange={setAlias} />
        <TextField id="alias-why" label="Reason (optional, kept in its history)" value={why} onChange={setWhy} />
        {deed.error !== null && <Problem error={deed.error} />}
        <DialogFoot away="Close" label="Set alias" disabled={deed.going || bad || alias.trim() === ""} onClose={onClose} />
      </form>
      {history.error !== null && <Problem error={history.error} onAgain={history.again} />}
      {history.value && history.value.events.length > 0 && <History {...history.value} onBack={(one) => change(one, { rollback: true })} />}
    </Dialog>
  );
}

function aliasHint(alias: string, check: Check | null): string {
  if (alias.trim() === "") return "If it points at another version of this model, it moves.";
  return check === null ? "Checking…" : line(check.message, 300);
}

/** Who let an alias of this model point where, when and why; the latest of each can be taken back. */
function History({ events, back, onBack }: AliasHistory & { onBack: (alias: string) => void }): React.ReactElement {
  const latest = (alias: string) => events.find((event) => event.alias === alias);
  return (
    <>
      <h3 className="section-title">History</h3>
      <ul className="rows" aria-label="History">
        {events.map((event, at) => (
          <li key={at} className="row">
            <div className="grow">
              <Text className="strong" text={`@${event.alias}`} most={60} /> {event.version === null ? "taken away" : `→ v${event.version}`}
              {event.previous !== null && <span className="muted"> from v{event.previous}</span>}
              <Meta facts={[`${date(event.at)}, ${ago(event.at)}`, line(event.who, 60), line(event.why, 200)]} />
            </div>
            {latest(event.alias) === event && Object.hasOwn(back, event.alias) && (
              <Button label={`Back to v${back[event.alias]}`} icon="restore" title={`Let @${line(event.alias, 50)} point at version ${back[event.alias]} again`} onClick={() => onBack(event.alias)} />
            )}
          </li>
        ))}
      </ul>
    </>
  );
}
