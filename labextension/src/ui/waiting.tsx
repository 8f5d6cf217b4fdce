// Saves that have not arrived yet: how far each is, or why it waits, and what can be done.
import * as React from "react";

import { byId, line, size } from "./format";
import { Button, Meta, Text } from "./parts";
import { ProgressBar } from "./progress";
import type { Client, Waiting } from "./types";

/** What waits, as the kernel last told. */
export function useWaiting(client: Client, tick: number): readonly Waiting[] {
  const [waiting, setWaiting] = React.useState<readonly Waiting[]>([]);
  React.useEffect(() => void client.call("pending", {}).then(setWaiting, () => 0), [client, tick]);
  React.useEffect(() => client.onEvent((happening) => happening.event === "pending" && setWaiting(happening.pending)), [client]);
  return waiting;
}

export function WaitingList({ client, waiting, onDone }: { client: Client; waiting: readonly Waiting[]; onDone: () => void }): React.ReactElement | null {
  const [leaving, setLeaving] = React.useState("");
  const leave = (one: Waiting) => void client.call("discard", { ref: byId(one) }).then(onDone, onDone);
  if (waiting.length === 0) return null;
  return (
    <ul className="rows" aria-label="On their way">
      {waiting.map((one) => (
        <li key={one.id} className="row">
          <div className="grow">
            <Text className="strong" text={one.name} />
            {one.progress ? <ProgressBar progress={one.progress} /> : <Meta facts={[size(one.size), one.refused ? "refused" : "kept on this machine", line(one.why, 300)]} />}
          </div>
          {leaving === one.id ? (
            // Asked in its place: what is given up cannot be had back.
            <div className="row-actions" role="alert">
              <Button label="Delete it from this machine" kind="danger" onClick={() => leave(one)} />
              <Button label="Keep it" onClick={() => setLeaving("")} />
            </div>
          ) : (
            <div className="row-actions">
              {!one.progress && <Button label="Send now" onClick={() => void client.call("send", {})} />}
              <Button label="Give up…" onClick={() => setLeaving(one.id)} />
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}
