// Change what is said of a model: its name, description and tags.
import * as React from "react";

import { byId, line, title } from "./format";
import { useDeed } from "./hooks";
import { Button, Dialog, Field, Problem } from "./parts";
import type { ModelRecord } from "./record";
import { TagInput } from "./tag-input";
import type { Client } from "./types";

interface EditProps {
  readonly client: Client;
  readonly record: ModelRecord;
  readonly known: readonly string[];
  readonly onClose: () => void;
  readonly onDone: (said: string, renamed: boolean) => void;
}

export function EditDialog({ client, record, known, onClose, onDone }: EditProps): React.ReactElement {
  const [name, setName] = React.useState(record.model_name);
  const [description, setDescription] = React.useState(record.description);
  const [tags, setTags] = React.useState(record.tags);
  const deed = useDeed();
  const save = (event: React.FormEvent) => {
    event.preventDefault();
    deed.run(async () => {
      await write(client, record, { name, description, tags });
      onDone(`Changed ${title({ ...record, model_name: name })}.`, name !== record.model_name);
    });
  };
  return (
    <Dialog title={`Edit ${title(record)}`} onClose={onClose}>
      <form onSubmit={save}>
        <Field id="edit-name" label="Name" hint={name === record.model_name ? "The name of all its versions" : `All versions of ${line(record.model_name, 60)} get the new name`}>
          <input id="edit-name" type="text" autoComplete="off" value={name} onInput={(event) => setName(event.currentTarget.value)} />
        </Field>
        <Field id="edit-description" label={`Description of version ${record.version}`}>
          <textarea id="edit-description" rows={4} value={description} onInput={(event) => setDescription(event.currentTarget.value)} />
        </Field>
        <Field id="edit-tags" label={`Tags of version ${record.version}`}>
          <TagInput id="edit-tags" tags={tags} known={known} onChange={setTags} />
        </Field>
        {deed.error !== null && <Problem error={deed.error} />}
        <footer className="dialog-foot">
          <Button label="Cancel" onClick={onClose} />
          <Button label={deed.going ? "Saving…" : "Save changes"} kind="main" type="submit" disabled={deed.going || name.trim() === ""} />
        </footer>
      </form>
    </Dialog>
  );
}

/** Ask only for what differs; the name last, since the record is found by its id. */
async function write(client: Client, record: ModelRecord, now: { name: string; description: string; tags: readonly string[] }): Promise<void> {
  const add = now.tags.filter((tag) => !record.tags.includes(tag));
  const remove = record.tags.filter((tag) => !now.tags.includes(tag));
  const changes = {
    ...(now.description !== record.description && { description: now.description }),
    ...(add.length > 0 && { add_tags: add }),
    ...(remove.length > 0 && { remove_tags: remove }),
  };
  if (Object.keys(changes).length > 0) await client.call("edit", { ref: byId(record), ...changes });
  if (now.name !== record.model_name) await client.call("rename", { name: record.model_name, new: now.name });
}
