// What was found out about a model, each piece with a box that leaves it out.
import * as React from "react";

import { count, duration, line, number, param, plain, source, whole } from "./format";
import { Icon } from "./icons";
import { Text } from "./parts";
import type { Found as Captured } from "./types";

interface FoundProps {
  readonly found: Captured;
  /** `metric NAME`, or the name of a piece. */
  readonly dropped: ReadonlySet<string>;
  readonly onToggle: (what: string) => void;
}

export function Found({ found, dropped, onToggle }: FoundProps): React.ReactElement {
  const pieces = all(found).filter(([, , text]) => text !== "");
  return (
    <section className="found" aria-label="Found in the notebook">
      <h3 className="section-title">Found in the notebook</h3>
      {found.metrics.length === 0 && pieces.length === 0 && <p className="muted">Nothing was found: the model alone is kept.</p>}
      <ul className="pieces">
        {found.metrics.map((metric) => (
          <Piece key={metric.name} what={`metric ${metric.name}`} label={metric.name} dropped={dropped} onToggle={onToggle}>
            <b>{plain(metric.value, 20)}</b>
            {metric.split && <span className="muted"> {line(metric.split, 30)}</span>}
          </Piece>
        ))}
        {pieces.map(([what, label, text]) => (
          <Piece key={what} what={what} label={label} dropped={dropped} onToggle={onToggle}>
            <Text text={text} most={200} />
          </Piece>
        ))}
      </ul>
      <Cells found={found} />
      <Remarks found={found} />
    </section>
  );
}

/** What, label and text of each piece; a text is empty where nothing is known. */
function all(found: Captured): [string, string, string][] {
  const rows = [
    found.training_samples === null ? "" : `${whole(found.training_samples)} for training`,
    found.test_samples === null ? "" : `${whole(found.test_samples)} for tests`,
  ];
  const parameters = Object.entries(found.parameters);
  const set = parameters.slice(0, 8).map(([name, value]) => `${line(name, 40)}=${param(value, 40)}`);
  const features = found.features?.map((name) => line(name, 40)) ?? [];
  return [
    ["features", "features", features.length === 0 ? "" : `${features.length}: ${features.slice(0, 8).join(", ")}${features.length > 8 ? ", …" : ""}`],
    ["target", "target", line(found.target ?? "", 80)],
    ["rows", "rows", rows.filter(Boolean).join(" · ")],
    ["time", "training time", found.training_time_seconds === null ? "" : duration(found.training_time_seconds)],
    ["parameters", "parameters", parameters.length === 0 ? "" : `${set.join(", ")}${parameters.length > 8 ? `, … (${parameters.length})` : ""}`],
    ["cells", "cells", found.cells.length === 0 ? "" : `the code of ${count(found.cells.length, "cell")}`],
  ];
}

interface PieceProps {
  readonly what: string;
  readonly label: string;
  readonly dropped: ReadonlySet<string>;
  readonly onToggle: (what: string) => void;
  readonly children: React.ReactNode;
}

function Piece({ what, label, dropped, onToggle, children }: PieceProps): React.ReactElement {
  const off = dropped.has(what);
  return (
    <li className={off ? "piece off" : "piece"}>
      <label>
        <input type="checkbox" checked={!off} onChange={() => onToggle(what)} aria-label={`Keep ${line(label, 60)}`} />
        <Text className="piece-label" text={label} most={60} />
        <span className="piece-value clip">{children}</span>
      </label>
    </li>
  );
}

function Cells({ found }: { found: Captured }): React.ReactElement | null {
  if (found.cells.length === 0) return null;
  return (
    <details>
      <summary>Show the code that would be kept</summary>
      {found.cells.slice(0, 50).map((cell, at) => (
        <pre key={at} tabIndex={0}>
          {cell.cell ? `# cell ${cell.cell}\n` : ""}
          {source(cell.code)}
        </pre>
      ))}
    </details>
  );
}

/** What was found and is not kept, what else is worth saying, and that rows lie inside the file. */
function Remarks({ found }: { found: Captured }): React.ReactElement | null {
  const inside = found.data_inside;
  if (found.not_attached.length + found.notes.length === 0 && inside === null) return null;
  return (
    <ul className="remarks">
      {inside && (
        <li className="warn-text">
          <Icon name="warn" />
          <span className="wrap">
            The file itself holds {whole(inside.rows)}
            {inside.of !== null && ` of ${whole(inside.of)}`} training rows, in {line(inside.where, 120)}.
          </span>
        </li>
      )}
      {found.not_attached.slice(0, 5).map((one, at) => (
        <li key={`no ${at}`} className="muted wrap">
          Not attached: {line(one.name, 60)} {one.value !== null && typeof one.value === "number" ? number(one.value) : ""} — {line(one.reason, 160)}
        </li>
      ))}
      {found.notes.slice(0, 5).map((note, at) => (
        <li key={`note ${at}`} className="muted wrap">
          {line(note, 300)}
        </li>
      ))}
    </ul>
  );
}
