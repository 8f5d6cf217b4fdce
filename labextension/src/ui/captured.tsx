// What was found out about a model, each piece with a box that leaves it out.
import * as React from "react";

import { count, line, number, plain, source, whole } from "./format";
import { Icon } from "./icons";
import { Text } from "./parts";
import type { Cell, Found as Captured } from "./types";

interface FoundProps {
  readonly found: Captured;
  /** `metric NAME`, `cell PLACE` (counted from 0), or the name of a piece. */
  readonly dropped: ReadonlySet<string>;
  readonly onToggle: (what: string) => void;
}

export function Found({ found, dropped, onToggle }: FoundProps): React.ReactElement {
  const { pieces } = found;
  return (
    <section className="found" aria-label="Found in the notebook">
      <h3 className="section-title">Found in the notebook</h3>
      {found.metrics.length + pieces.length + found.cells.length === 0 && <p className="muted">Nothing was found: the model alone is kept.</p>}
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
      <Cells found={found} dropped={dropped} onToggle={onToggle} />
      <Remarks found={found} />
    </section>
  );
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

/** The code that would be kept, each cell with its box. */
function Cells({ found, dropped, onToggle }: FoundProps): React.ReactElement | null {
  if (found.cells.length === 0) return null;
  return (
    <>
      <h3 className="section-title">Code of {count(found.cells.length, "cell")}</h3>
      <ul className="pieces">
        {found.cells.map((cell, at) => (
          <CellCode key={at} cell={cell} off={dropped.has(`cell ${at}`)} onToggle={() => onToggle(`cell ${at}`)} />
        ))}
      </ul>
    </>
  );
}

function CellCode({ cell, off, onToggle }: { cell: Cell; off: boolean; onToggle: () => void }): React.ReactElement {
  const name = cell.cell ? `cell ${cell.cell}` : "a cell before";
  const first = line(cell.code.trimStart().split("\n", 1)[0] ?? "", 80);
  return (
    <li className={off ? "piece cell off" : "piece cell"}>
      <input type="checkbox" checked={!off} onChange={onToggle} aria-label={`Keep ${name}: ${first}`} />
      <details className="grow">
        <summary>
          <span className="piece-label">{[name, ...(cell.does ?? [])].map((word) => line(word, 30)).join(" · ")}</span> <code className="piece-value">{first}</code>
        </summary>
        <pre tabIndex={0}>{source(cell.code)}</pre>
      </details>
    </li>
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
