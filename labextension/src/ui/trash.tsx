// What lies in the trash: restore it, or delete it for good.
import * as React from "react";

import { ago, line, size, title } from "./format";
import { Glyph } from "./card";
import { Button, Meta, Text } from "./parts";
import type { ModelRecord } from "./record";

interface TrashProps {
  readonly records: readonly ModelRecord[];
  readonly onRestore: (record: ModelRecord) => void;
  readonly onPurge: (record: ModelRecord) => void;
}

export function TrashList({ records, onRestore, onPurge }: TrashProps): React.ReactElement {
  return (
    <ul className="rows" aria-label="In the trash">
      {records.map((record) => (
        <li key={record.id} className="row">
          <Glyph record={record} />
          <div className="grow">
            <Text className="strong" text={title(record)} most={120} />
            <Meta facts={[line(record.algorithm, 60), size(record.model_file_size), record.deleted_at === null ? "" : `deleted ${ago(record.deleted_at)}`]} />
          </div>
          <div className="row-actions">
            <Button label="Restore" icon="restore" title={`Restore ${title(record)}`} onClick={() => onRestore(record)} />
            <Button label="Delete for good…" icon="trash" title={`Delete ${title(record)} for good`} onClick={() => onPurge(record)} />
          </div>
        </li>
      ))}
    </ul>
  );
}
