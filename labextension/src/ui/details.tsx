// All versions of a model, and what is known of the newest.
import * as React from "react";

import { Toast, type Actions } from "./actions";
import { ago, byId, count, date, line, loadLine, mainMetric, plain, size, source, title } from "./format";
import { useAsked } from "./hooks";
import { Aliases, Button, CopyLine, Dialog, IconButton, Meta, Paragraph, Problem, Tags, Text } from "./parts";
import type { ModelRecord } from "./record";
import type { Client, Opened } from "./types";

export interface DetailsProps {
  readonly client: Client;
  readonly record: ModelRecord;
  readonly metrics: readonly string[];
  readonly chosen: ReadonlyMap<string, ModelRecord>;
  readonly full: boolean;
  readonly actions: Actions;
  /** Changes whenever something in the store did. */
  readonly tick: number;
  readonly choose: (record: ModelRecord) => void;
  readonly open: (opened: Opened) => void;
  readonly close: () => void;
}

export function DetailsDialog(props: DetailsProps): React.ReactElement {
  const { client, record, actions, open, close } = props;
  const versions = useAsked(() => client.call("versions", { name: record.model_name }), [record.model_name, props.tick]);
  const all = versions.value?.records ?? [record];
  const now = all.find((one) => one.id === record.id) ?? all[0] ?? record;
  return (
    <Dialog title={line(now.model_name, 100)} wide onClose={close}>
      {now.description && <Paragraph text={now.description} />}
      <Tags tags={now.tags} most={20} />
      <CopyLine text={loadLine(now)} />
      <Known client={client} record={now} tick={props.tick} />
      <h3 className="section-title">{count(all.length, "version")}</h3>
      {versions.error !== null && <Problem error={versions.error} onAgain={versions.again} />}
      <Versions {...props} all={all} />
      <Toast actions={actions} />
      <footer className="dialog-foot">
        <Button label={`Compare (${props.chosen.size})`} icon="compare" disabled={props.chosen.size < 2} onClick={() => open({ what: "compare" })} />
        <span className="grow" />
        <Button label="Edit…" icon="edit" onClick={() => open({ what: "edit", record: now })} />
        <Button label="Close" onClick={close} />
      </footer>
    </Dialog>
  );
}

function Versions({ all, actions, metrics, chosen, full, choose, open }: DetailsProps & { all: readonly ModelRecord[] }): React.ReactElement {
  return (
    <ul className="rows" aria-label="Versions">
      {all.map((record) => (
        <li key={record.id} className="row">
          <label className="check">
            <input
              type="checkbox"
              checked={chosen.has(record.id)}
              disabled={full && !chosen.has(record.id)}
              onChange={() => choose(record)}
              aria-label={`Compare ${title(record)}`}
            />
          </label>
          <div className="grow">
            <p>
              <b>v{record.version}</b> <Aliases aliases={record.aliases} />
            </p>
            <Meta facts={[date(record.created_at), ago(record.created_at), line(record.algorithm, 60), size(record.model_file_size)]} />
          </div>
          <Main record={record} metrics={metrics} />
          <div className="row-actions">
            <IconButton label={`Aliases of ${title(record)}…`} icon="alias" onClick={() => open({ what: "alias", record })} />
            <IconButton label={`Copy the line that loads ${title(record)}`} icon="copy" onClick={() => actions.copy(record)} />
            <IconButton label={`Download ${title(record)}`} icon="download" onClick={() => actions.download(record)} />
            <IconButton label={`Delete ${title(record)}…`} icon="trash" onClick={() => open({ what: "delete", record })} />
          </div>
        </li>
      ))}
    </ul>
  );
}

function Main({ record, metrics }: { record: ModelRecord; metrics: readonly string[] }): React.ReactElement | null {
  const name = mainMetric(record, metrics);
  if (name === null) return null;
  return (
    <span className="row-metric">
      <Text className="muted small" text={name} most={40} /> <b>{plain(record.metrics[name] ?? null)}</b>
    </span>
  );
}

/** All that is known of a version; asked again when something in the store changed. */
function Known({ client, record, tick }: { client: Client; record: ModelRecord; tick: number }): React.ReactElement {
  const { value, error, again } = useAsked(() => client.call("details", { ref: byId(record) }), [record.id, tick]);
  if (error !== null) return <Problem error={error} onAgain={again} />;
  return (
    <>
      <dl className="facts">
        {value?.facts.map(([label, text]) => (
          <React.Fragment key={label}>
            <dt>{label}</dt>
            <dd className="wrap">{line(text, 5000)}</dd>
          </React.Fragment>
        ))}
      </dl>
      {value?.cells.map((cell, at) => (
        <details key={at}>
          <summary>{line(cell.title, 200)}</summary>
          <pre tabIndex={0}>{source(cell.code, 50_000)}</pre>
        </details>
      ))}
    </>
  );
}
