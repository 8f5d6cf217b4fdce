// 2 to 6 records side by side. Who is best is the kernel's word: it knows whether the numbers may be compared.
import * as React from "react";

import { byId, count, line } from "./format";
import { useAsked } from "./hooks";
import { Icon } from "./icons";
import { Button, Dialog, Problem } from "./parts";
import { MAX_NAME, type ModelRecord } from "./record";
import type { Client, Compared as Comparison, Row } from "./types";

export const MOST_COMPARED = 6;

interface CompareProps {
  readonly client: Client;
  readonly records: readonly ModelRecord[];
  readonly onClose: () => void;
}

export function CompareDialog({ client, records, onClose }: CompareProps): React.ReactElement {
  return (
    <Dialog title={`Compare ${count(records.length, "model")}`} wide onClose={onClose}>
      <Compared client={client} refs={records.map(byId)} />
      <footer className="dialog-foot">
        <Button label="Close" onClick={onClose} />
      </footer>
    </Dialog>
  );
}

/** A comparison that a cell asked for. */
export function CompareView({ client, refs }: { client: Client; refs: readonly string[] }): React.ReactElement {
  return (
    <section className="gallery" aria-label="Comparison">
      <h2>{`Compare ${count(refs.length, "model")}`}</h2>
      <Compared client={client} refs={refs} />
    </section>
  );
}

function Compared({ client, refs }: { client: Client; refs: readonly string[] }): React.ReactElement {
  const [differing, setDiffering] = React.useState(false);
  const compared = useAsked(() => client.call("compare", { refs }), [refs.join()]);
  React.useEffect(() => client.onEvent((happening) => happening.event === "changed" && compared.again()), [client]);
  return (
    <>
      {compared.error !== null && <Problem error={compared.error} onAgain={compared.again} />}
      {compared.waiting && compared.value === null && <p className="muted">Comparing…</p>}
      {compared.value && (
        <>
          <p className="counted">
            <label className="toggle grow">
              <input type="checkbox" checked={differing} onChange={(event) => setDiffering(event.currentTarget.checked)} /> Only what differs
            </label>
            <span>≠ marks what differs</span>
          </p>
          <Table compared={compared.value} differing={differing} />
          {compared.value.remark && <p className="hint">{line(compared.value.remark, 400)}</p>}
        </>
      )}
    </>
  );
}

function Table({ compared, differing }: { compared: Comparison; differing: boolean }): React.ReactElement {
  const sections = Object.entries(compared.sections)
    .map(([name, rows]) => [name, differing ? rows.filter((row) => row.differs) : rows] as const)
    .filter(([, rows]) => rows.length > 0);
  if (sections.length === 0) return <p className="muted">{differing ? "Nothing differs." : "Nothing to compare."}</p>;
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label="Side by side">
      <table>
        <thead>
          <tr>
            <td />
            {compared.records.map((record) => (
              <th key={record.id} scope="col">
                <bdi>{line(record.model_name, MAX_NAME)}</bdi> <span className="muted">v{record.version}</span>
              </th>
            ))}
          </tr>
        </thead>
        {sections.map(([name, rows]) => (
          <Section key={name} name={name} rows={rows} columns={compared.records.length} />
        ))}
      </table>
    </div>
  );
}

function Section({ name, rows, columns }: { name: string; rows: readonly Row[]; columns: number }): React.ReactElement {
  return (
    <tbody>
      <tr className="section">
        <th scope="rowgroup" colSpan={columns + 1}>
          {name.charAt(0).toUpperCase() + name.slice(1)}
        </th>
      </tr>
      {rows.map((row) => (
        <tr key={row.name} className={row.differs ? "differs" : ""}>
          <th scope="row" title={line(row.name, 200)}>
            {line(row.name, 80)}
            {row.differs && (
              <>
                <span className="mark" aria-hidden="true">
                  ≠
                </span>
                <span className="sr-only"> differs</span>
              </>
            )}
          </th>
          {row.texts.map((text, at) => (
            <Cell key={at} text={text} best={row.best === at} />
          ))}
        </tr>
      ))}
    </tbody>
  );
}

function Cell({ text, best }: { text: string | null; best: boolean }): React.ReactElement {
  if (text === null) {
    return (
      <td>
        <span aria-hidden="true">—</span>
        <span className="sr-only">absent</span>
      </td>
    );
  }
  return (
    <td className={best ? "best" : ""} title={text.length > 40 ? text : undefined}>
      <bdi>{line(text, 300)}</bdi>
      {best && (
        <span className="best-badge">
          <Icon name="check" />
          best
        </span>
      )}
    </td>
  );
}
