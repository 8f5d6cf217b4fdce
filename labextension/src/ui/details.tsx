// All versions of a model, and what is known of the newest.
import * as React from "react";

import { useActions, Toast } from "./actions";
import { ago, count, date, duration, line, loadLine, mainMetric, plain, size, title, typeName, whole } from "./format";
import { useAsked } from "./hooks";
import { Aliases, Button, CopyLine, Dialog, IconButton, Meta, Paragraph, Problem, Tags, Text } from "./parts";
import type { ModelRecord } from "./record";
import type { Client } from "./types";

export interface DetailsProps {
  readonly client: Client;
  readonly record: ModelRecord;
  readonly metrics: readonly string[];
  readonly chosen: ReadonlyMap<string, ModelRecord>;
  readonly full: boolean;
  /** Changes whenever something in the store did. */
  readonly tick: number;
  readonly onChoose: (record: ModelRecord) => void;
  readonly onEdit: (record: ModelRecord) => void;
  readonly onAlias: (record: ModelRecord) => void;
  readonly onDelete: (record: ModelRecord) => void;
  readonly onCompare: () => void;
  readonly onClose: () => void;
}

export function DetailsDialog(props: DetailsProps): React.ReactElement {
  const { client, record, onClose } = props;
  const versions = useAsked(() => client.call("versions", { name: record.model_name }), [record.model_name, props.tick]);
  const actions = useActions(client, versions.again);
  const all = versions.value?.records ?? [record];
  const now = all.find((one) => one.id === record.id) ?? all[0] ?? record;
  return (
    <Dialog title={line(now.model_name, 100)} wide onClose={onClose}>
      {now.description && <Paragraph text={now.description} />}
      <Tags tags={now.tags} most={20} />
      <Facts record={now} />
      <CopyLine text={loadLine(now)} />
      <h3 className="section-title">{count(all.length, "version")}</h3>
      {versions.error !== null && <Problem error={versions.error} onAgain={versions.again} />}
      <Versions {...props} all={all} actions={actions} />
      <Toast actions={actions} />
      <footer className="dialog-foot">
        <Button label={`Compare (${props.chosen.size})`} icon="compare" disabled={props.chosen.size < 2} onClick={props.onCompare} />
        <span className="grow" />
        <Button label="Edit…" icon="edit" onClick={() => props.onEdit(now)} />
        <Button label="Close" onClick={onClose} />
      </footer>
    </Dialog>
  );
}

interface VersionsProps extends DetailsProps {
  readonly all: readonly ModelRecord[];
  readonly actions: ReturnType<typeof useActions>;
}

function Versions({ all, actions, metrics, chosen, full, onChoose, onAlias, onDelete }: VersionsProps): React.ReactElement {
  return (
    <ul className="rows" aria-label="Versions">
      {all.map((record) => (
        <li key={record.id} className="row">
          <label className="check">
            <input
              type="checkbox"
              checked={chosen.has(record.id)}
              disabled={full && !chosen.has(record.id)}
              onChange={() => onChoose(record)}
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
            <IconButton label={`Aliases of ${title(record)}…`} icon="alias" onClick={() => onAlias(record)} />
            <IconButton label={`Copy the line that loads ${title(record)}`} icon="copy" onClick={() => actions.copy(record)} />
            <IconButton label={`Download ${title(record)}`} icon="download" onClick={() => actions.download(record)} />
            <IconButton label={`Delete ${title(record)}…`} icon="trash" onClick={() => onDelete(record)} />
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

function Facts({ record }: { record: ModelRecord }): React.ReactElement {
  const rows = facts(record).filter(([, text]) => text !== "");
  return (
    <dl className="facts">
      {rows.map(([label, text]) => (
        <React.Fragment key={label}>
          <dt>{label}</dt>
          <dd className="wrap">{text}</dd>
        </React.Fragment>
      ))}
    </dl>
  );
}

function facts(record: ModelRecord): [string, string][] {
  const features = record.feature_columns ?? [];
  const rows = [
    record.training_samples !== null && `${whole(record.training_samples)} for training`,
    record.test_samples !== null && `${whole(record.test_samples)} for tests`,
  ].filter(Boolean);
  const names = features.slice(0, 8).map((name) => line(name, 40)).join(", ");
  return [
    ["algorithm", [line(record.algorithm, 80), typeName(record.model_type)].filter(Boolean).join(" · ")],
    ["metrics", Object.entries(record.metrics).slice(0, 20).map(([name, value]) => `${line(name, 40)} ${plain(value, 20)}`).join(" · ")],
    ["features", features.length > 0 ? `${features.length}: ${names}${features.length > 8 ? ", …" : ""}` : ""],
    ["target", line(record.target_column ?? "", 80)],
    ["rows", rows.join(" · ")],
    ["training time", record.training_time_seconds === null ? "" : duration(record.training_time_seconds)],
  ];
}
