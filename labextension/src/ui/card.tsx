// One model in the gallery.
import * as React from "react";

import { ago, date, line, mainMetric, moved, number, plain, size, title, toNumber, typeName } from "./format";
import { Icon } from "./icons";
import { Aliases, IconButton, Meta, Tags, Text } from "./parts";
import type { ModelRecord } from "./record";
import type { Fit, Point, Way } from "./types";

const CHIPS = 3;

export interface CardProps {
  readonly record: ModelRecord;
  readonly metrics: readonly string[];
  /** What is shown besides name, version, metrics and actions; undefined: all. */
  readonly fields: readonly string[] | undefined;
  readonly fit: Fit | undefined;
  readonly history: readonly Point[];
  readonly ways: { readonly [metric: string]: Way };
  readonly chosen: boolean;
  readonly full: boolean;
  readonly onChoose: () => void;
  readonly onOpen: () => void;
  readonly onCopy: () => void;
  readonly onDownload: () => void;
  readonly onDelete: () => void;
}

export function ModelCard(props: CardProps): React.ReactElement {
  const { record, chosen, full, onChoose } = props;
  const has = (field: string) => props.fields?.includes(field) ?? true;
  const main = mainMetric(record, props.metrics);
  return (
    <li className={chosen ? "card chosen" : "card"}>
      <header className="card-head">
        <Glyph record={record} />
        <div className="grow">
          <h3>
            <button type="button" className="name" onClick={props.onOpen} aria-haspopup="dialog">
              <Text text={record.model_name} most={100} />
            </button>
          </h3>
          <p className="meta">
            <b>v{record.version}</b>
            {has("created_at") && <time title={date(record.created_at)}> · {ago(record.created_at)}</time>} {has("aliases") && <Aliases aliases={record.aliases} />}
          </p>
        </div>
        <label className="check" title="Choose for comparison">
          <input type="checkbox" checked={chosen} disabled={full && !chosen} onChange={onChoose} aria-label={`Compare ${title(record)}`} />
        </label>
      </header>
      {main === null ? <p className="muted small">no metrics</p> : <Hero {...props} name={main} trend={has("sparkline")} />}
      <Chips record={record} but={main} />
      {has("description") && record.description !== "" && <Text className="small" text={record.description} most={200} />}
      {has("tags") && <Tags tags={record.tags} most={3} />}
      <State record={record} fit={has("loads_here") ? props.fit : undefined} />
      <footer className="card-foot">
        <Meta className="grow clip" facts={foot(record, has)} />
        <IconButton label={`Copy the line that loads ${title(record)}`} icon="copy" onClick={props.onCopy} />
        <IconButton label={`Download ${title(record)}`} icon="download" onClick={props.onDownload} />
        <IconButton label={`Delete ${title(record)}…`} icon="trash" onClick={props.onDelete} />
      </footer>
    </li>
  );
}

function foot(record: ModelRecord, has: (field: string) => boolean): string[] {
  return [
    has("size") ? size(record.model_file_size) : "",
    has("algorithm") ? line(record.algorithm, 60) : "",
    has("type") ? typeName(record.model_type) : "",
  ];
}

/** Two letters of the algorithm, on a tint that tells the type. */
export function Glyph({ record }: { record: Pick<ModelRecord, "algorithm" | "model_type"> }): React.ReactElement {
  const capitals = record.algorithm.replace(/[^A-Z]/g, "");
  const letters = (capitals.length > 1 ? capitals : line(record.algorithm, 20)).slice(0, 2) || "–";
  return (
    <span className="glyph" data-type={record.model_type} title={typeName(record.model_type)} aria-hidden="true">
      {letters}
    </span>
  );
}

function Hero({ record, name, history, ways, trend }: CardProps & { name: string; trend: boolean }): React.ReactElement {
  const value = toNumber(record.metrics[name]) ?? NaN;
  const before = toNumber(history.filter((point) => point.version < record.version).at(-1)?.value);
  // On other rows a difference may mean anything.
  const fair = history.find((point) => point.version === record.version)?.fair;
  return (
    <div className="hero">
      <div className="grow">
        <Text className="hero-label" text={name} most={60} />
        <div className="hero-value">
          <span className="number">{number(value)}</span>
          {before !== null && <Delta better={(fair && ways[name]) || null} value={value} before={before} />}
        </div>
      </div>
      {trend && <Sparkline name={name} points={history} />}
    </div>
  );
}

function Delta({ better, value, before }: { better: Way; value: number; before: number }): React.ReactElement | null {
  const change = moved(better, value, before);
  if (change === null) return null;
  const judged = change.good === null ? "" : change.good ? "good-text" : "bad-text";
  const words = `${change.up ? "up" : "down"} ${change.text} from the version before${change.good === null ? "" : change.good ? ", better" : ", worse"}`;
  return (
    <span className={`delta ${judged}`} title={words}>
      <span aria-hidden="true">
        {change.up ? "▲" : "▼"} {change.text}
      </span>
      <span className="sr-only">{words}</span>
    </span>
  );
}

const [WIDE, HIGH, EDGE] = [76, 26, 3];

export function Sparkline({ name, points }: { name: string; points: readonly Point[] }): React.ReactElement | null {
  const real = points.flatMap((point) => {
    const value = toNumber(point.value);
    return value !== null && Number.isFinite(value) ? [value] : [];
  });
  const last = real.at(-1);
  if (last === undefined || real.length < 2) return null;
  const [least, most] = [Math.min(...real), Math.max(...real)];
  const x = (at: number) => EDGE + (at / (real.length - 1)) * (WIDE - 2 * EDGE);
  const y = (value: number) => (most === least ? HIGH / 2 : HIGH - EDGE - ((value - least) / (most - least)) * (HIGH - 2 * EDGE));
  const path = real.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const told = `${line(name, 60)} over ${real.length} versions, from ${number(real[0] ?? NaN)} to ${number(last)}`;
  return (
    <svg className="spark" viewBox={`0 0 ${WIDE} ${HIGH}`} role="img" aria-label={told}>
      <title>{told}</title>
      <polygon points={`${EDGE},${HIGH} ${path} ${WIDE - EDGE},${HIGH}`} />
      <polyline points={path} />
      <circle cx={x(real.length - 1)} cy={y(last)} r="2.5" />
    </svg>
  );
}

function Chips({ record, but }: { record: ModelRecord; but: string | null }): React.ReactElement | null {
  const rest = Object.entries(record.metrics).filter(([name]) => name !== but);
  if (rest.length === 0) return null;
  return (
    <ul className="chips" aria-label="Metrics">
      {rest.slice(0, CHIPS).map(([name, value]) => (
        <li key={name} className="chip">
          <Text text={name} most={40} /> <b>{plain(value, 20)}</b>
        </li>
      ))}
      {rest.length > CHIPS && <li className="chip">+{rest.length - CHIPS}</li>}
    </ul>
  );
}

/** Whether the file is there, and whether it will load in this kernel. */
function State({ record, fit }: { record: ModelRecord; fit: Fit | undefined }): React.ReactElement | null {
  if (record.status === "missing") return <Badge kind="bad" icon="warn" label="File missing" />;
  if (record.status !== "ready") return <Badge kind="warn" icon="warn" label={line(record.status, 40)} />;
  return fit ? <Loads fit={fit} /> : null;
}

export function Loads({ fit }: { fit: Fit }): React.ReactElement {
  if (fit.loads === true) return <Badge kind="good" icon="check" label="Loads here" />;
  return fit.loads === "differs" ? (
    <Badge kind="warn" icon="warn" label="Versions differ" why={fit.why} />
  ) : (
    <Badge kind="bad" icon="warn" label="Does not load here" why={fit.why} />
  );
}

function Badge({ kind, icon, label, why = "" }: { kind: string; icon: "check" | "warn"; label: string; why?: string }): React.ReactElement {
  return (
    <p className={`badge ${kind}-text`}>
      <Icon name={icon} />
      <span className="badge-label">{label}</span>
      {why && <Text className="muted" text={why} most={200} />}
    </p>
  );
}
