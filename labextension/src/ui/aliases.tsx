// The words that point at a version.
import * as React from "react";

import { byId, line, title } from "./format";
import { useDeed } from "./hooks";
import { Button, Dialog, Field, IconButton, Problem, Text } from "./parts";
import type { ModelRecord } from "./record";
import type { Client } from "./types";

interface AliasProps {
  readonly client: Client;
  readonly record: ModelRecord;
  readonly onClose: () => void;
  readonly onChanged: (said: string) => void;
}

export function AliasDialog({ client, record, onClose, onChanged }: AliasProps): React.ReactElement {
  const [aliases, setAliases] = React.useState(record.aliases);
  const [alias, setAlias] = React.useState("");
  const [why, setWhy] = React.useState("");
  const deed = useDeed();
  const remove = (gone: string) =>
    deed.run(async () => {
      await client.call("alias", { ref: record.model_name, alias: gone, remove: true });
      setAliases((before) => before.filter((one) => one !== gone));
      onChanged(`@${line(gone, 50)} no longer points at ${title(record)}.`);
    });
  const add = (event: React.FormEvent) => {
    event.preventDefault();
    deed.run(async () => {
      const clean = alias.trim();
      await client.call("alias", { ref: byId(record), alias: clean, ...(why.trim() && { why: why.trim() }) });
      setAliases((before) => [...before.filter((one) => one !== clean), clean]);
      setAlias("");
      setWhy("");
      onChanged(`@${line(clean, 50)} points at ${title(record)}.`);
    });
  };
  return (
    <Dialog title={`Aliases of ${title(record)}`} onClose={onClose}>
      {aliases.length === 0 && <p className="muted">No alias points at this version.</p>}
      <ul className="rows">
        {aliases.map((one) => (
          <li key={one} className="row">
            <Text className="grow" text={`@${one}`} most={60} />
            <IconButton label={`Remove the alias ${line(one, 50)}`} icon="close" onClick={() => remove(one)} />
          </li>
        ))}
      </ul>
      <form onSubmit={add}>
        <Field id="alias" label="Let an alias point here" hint="If it points at another version of this model, it moves.">
          <input id="alias" type="text" autoComplete="off" placeholder="champion" value={alias} onInput={(event) => setAlias(event.currentTarget.value)} />
        </Field>
        <Field id="alias-why" label="Reason (optional, kept in its history)">
          <input id="alias-why" type="text" autoComplete="off" value={why} onInput={(event) => setWhy(event.currentTarget.value)} />
        </Field>
        {deed.error !== null && <Problem error={deed.error} />}
        <footer className="dialog-foot">
          <Button label="Close" onClick={onClose} />
          <Button label="Set alias" kind="main" type="submit" disabled={deed.going || alias.trim() === ""} />
        </footer>
      </form>
    </Dialog>
  );
}
